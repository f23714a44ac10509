/** pidstat of sysstat: statistics of each process. */
import { programTool } from './program-tool.ts'

export const pidstat = programTool({
  name: 'pidstat',
  package: 'sysstat',
  summary: 'processors, memory, I/O and switches of each process',
  // -e is followed by a program that pidstat runs and observes
  runs: options => (options.includes('-e') ? options.slice(options.indexOf('-e') + 1) : undefined),
  // one line per process, times in seconds since 1970; never -l: command lines may contain passwords
  argv: (interval, extra) => ['-H', '-h', '-u', '-r', '-d', '-w', ...extra, `${interval}`],
  limits: () => (process.getuid?.() === 0 ? undefined : 'without root it shows the I/O of your own processes only')
})
