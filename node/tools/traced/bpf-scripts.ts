/** Programs of bak's own for bpftrace: they count and measure by tracepoints, which are on every kernel, and show no contents. */

/** `$1` is the interval in ms; a line `time N` in s since 1970 stands before each sample. */
export const SCRIPTS: Record<string, { what: string; text: string }> = {
  runqlat: {
    what: 'microseconds for which tasks wait for a processor, as a histogram',
    text: `
tracepoint:sched:sched_wakeup, tracepoint:sched:sched_wakeup_new { @since[args->pid] = nsecs; }
tracepoint:sched:sched_switch {
  if (args->prev_state == 0) { @since[args->prev_pid] = nsecs; }
  $since = @since[args->next_pid];
  if ($since) { @wait_us = hist((nsecs - $since) / 1000); delete(@since[args->next_pid]); }
}
interval:ms:$1 { time("time %s\\n"); print(@wait_us); clear(@wait_us); }
END { clear(@since); }`
  },
  biolatency: {
    what: 'microseconds from issue to end of requests to block devices, as a histogram',
    text: `
tracepoint:block:block_rq_issue { @issued[args->dev, args->sector] = nsecs; }
tracepoint:block:block_rq_complete {
  $issued = @issued[args->dev, args->sector];
  if ($issued) { @latency_us = hist((nsecs - $issued) / 1000); delete(@issued[args->dev, args->sector]); }
}
interval:ms:$1 { time("time %s\\n"); print(@latency_us); clear(@latency_us); }
END { clear(@issued); }`
  },
  syscount: {
    what: 'system calls of each program, the first 20 by count',
    text: `
tracepoint:raw_syscalls:sys_enter { @calls[comm] = count(); }
interval:ms:$1 { time("time %s\\n"); print(@calls, 20); clear(@calls); }`
  },
  cpuwalk: {
    what: 'on which processors tasks run, of 99 samples a second',
    text: `
profile:hz:99 /pid/ { @processors = lhist(cpu, 0, 1024, 1); }
interval:ms:$1 { time("time %s\\n"); print(@processors); clear(@processors); }`
  }
}
