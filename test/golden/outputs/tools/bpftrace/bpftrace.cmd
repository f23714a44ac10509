TZ=UTC LC_ALL=C.UTF-8 S_COLORS=never S_TIME_FORMAT=ISO bpftrace -e 'tracepoint:sched:sched_wakeup, tracepoint:sched:sched_wakeup_new { @since[args->pid] = nsecs; }
tracepoint:sched:sched_switch {
  if (args->prev_state == 0) { @since[args->prev_pid] = nsecs; }
  $since = @since[args->next_pid];
  if ($since) { @wait_us = hist((nsecs - $since) / 1000); delete(@since[args->next_pid]); }
}
interval:ms:1000 { time("time %s\n"); print(@wait_us); clear(@wait_us); }
END { clear(@since); }'
