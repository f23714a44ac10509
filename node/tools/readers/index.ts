/** How the files of each tool are read into series: a file a tool, and its line here. */
import type { SeriesReader } from '../../series/reader.ts'
import { bpftrace } from './bpftrace.ts'
import { cgroup } from './cgroup.ts'
import { containers } from './containers.ts'
import { disk } from './filesystems.ts'
import { gauge } from './gauge.ts'
import { procInterrupts } from './interrupts.ts'
import { iostat } from './iostat.ts'
import { mpstat } from './mpstat.ts'
import { numastat } from './numastat.ts'
import { nvidiaSmi } from './nvidia-smi.ts'
import { openvswitch } from './openvswitch.ts'
import { perfCounts } from './perf-counts.ts'
import { pidstat } from './pidstat.ts'
import { proc } from './proc.ts'
import { sar } from './sar.ts'
import { sched } from './sched.ts'
import { sysfs } from './sysfs.ts'
import { turbostat } from './turbostat.ts'
import { vmstat } from './vmstat.ts'
import { procVmstat } from './vmstat-counters.ts'

export const readers: Record<string, SeriesReader[]> = {
  proc,
  'proc-interrupts': procInterrupts,
  'proc-vmstat': procVmstat,
  sched,
  numastat,
  disk,
  cgroup,
  sysfs,
  vmstat,
  iostat,
  mpstat,
  pidstat,
  sar,
  'perf-stat': perfCounts('perf-stat'),
  kvmstat: perfCounts('kvmstat'),
  turbostat,
  bpftrace,
  'nvidia-smi': nvidiaSmi,
  podman: containers('podman'),
  docker: containers('docker'),
  openvswitch,
  gauge
}
