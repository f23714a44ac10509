/** What the scheduler counts, from /proc/schedstat, and what it shows of itself where debugfs is mounted. */
import { isReadable, KernelFile } from './kernel-file.ts'
import { type Source, sampledTool } from './sampled-tool.ts'
import { joined, linesOf, type Subject, sourcesOf } from './subject.ts'

/** Of a processor, in versions 15 to 17; Documentation/scheduler/sched-stats.rst. Times in ns. */
const COLUMNS = 'cpu,yields,legacy,schedules,idle_schedules,wakeups,local_wakeups,run_time,wait_time,timeslices'.split(
  ','
)

export const schedstat: Subject = {
  name: 'schedstat',
  source: '/proc/schedstat',
  columns: () => COLUMNS,
  // lines of domains differ between versions
  rows: text =>
    linesOf(text)
      .filter(line => line.startsWith('cpu'))
      .map(line => joined(line).split(',').slice(0, COLUMNS.length).join(','))
}

/** The second is that of kernels before 5.13. */
const DEBUG = ['/sys/kernel/debug/sched/debug', '/proc/sched_debug']
const debugPath = () => DEBUG.find(isReadable)

export const sched = sampledTool({
  name: 'sched',
  summary:
    'what the scheduler counts of each processor, from /proc/schedstat; its queues where debugfs is mounted; built in',
  needs: { privilege: 'root, for sched/debug of debugfs' },
  files: [
    { name: 'schedstat.csv', what: schedstat.source },
    { name: 'sched-debug.txt', what: 'sched/debug of debugfs, or /proc/sched_debug' }
  ],
  async why() {
    const [counts, debug] = [isReadable(schedstat.source), debugPath() != null]
    if (counts && debug) return undefined
    if (counts) return { partly: 'no sched/debug: debugfs is not mounted, or not for this user' }
    const lacks = 'this kernel does not provide /proc/schedstat (CONFIG_SCHEDSTATS)'
    return debug ? { partly: lacks } : `${lacks}, and debugfs is not mounted, or not for this user`
  },
  open() {
    const path = debugPath()
    return [...sourcesOf(isReadable(schedstat.source) ? [schedstat] : []), ...(path == null ? [] : [textOf(path)])]
  }
})

function textOf(path: string): Source {
  const file = new KernelFile(path)
  return { file: 'sched-debug.txt', rows: () => [file.read()], close: () => file.close() }
}
