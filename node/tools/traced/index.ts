/** Tools that are programs which observe the kernel, the processors, the network or other processes until they are stopped. */
import type { Tool } from '../tool.ts'
import { blktrace } from './blktrace.ts'
import { bpftrace } from './bpftrace.ts'
import { kvmstat } from './kvmstat.ts'
import { nvidiaSmi } from './nvidia-smi.ts'
import { perf } from './perf.ts'
import { perfStat } from './perf-stat.ts'
import { strace } from './strace.ts'
import { tcpdump } from './tcpdump.ts'
import { traceCmd } from './trace-cmd.ts'
import { turbostat } from './turbostat.ts'

export const traced: Tool[] = [
  ...[perf, perfStat, kvmstat, turbostat, strace],
  ...[tcpdump, blktrace, bpftrace, traceCmd, nvidiaSmi]
]
