/** Tools whose files the daemon samples itself. */
import type { Tool } from '../tool.ts'
import { cgroup } from './cgroup.ts'
import { disk } from './disk.ts'
import { numastat } from './numastat.ts'
import { proc } from './proc.ts'
import { procInterrupts } from './proc-interrupts.ts'
import { procVmstat } from './proc-vmstat.ts'
import { sched } from './sched.ts'
import { sysfs } from './sysfs.ts'

export const sampled: Tool[] = [proc, procInterrupts, procVmstat, sched, numastat, disk, cgroup, sysfs]
