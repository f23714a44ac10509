/** The tool `pidstat` of sysstat. */
import { programTool } from './program.ts'
import { sysstat } from './sysstat.ts'

export const pidstat = programTool({
  ...sysstat,
  name: 'pidstat',
  summary: 'processors, memory, I/O and switches of each process',
  // one line a process, its time in seconds since 1970; never -l: command lines may hold passwords
  // -e: what follows is a program to run and to watch
  runs: options => (options.includes('-e') ? options.slice(options.indexOf('-e') + 1) : undefined),
  argv: (interval, extra) => ['-H', '-h', '-u', '-r', '-d', '-w', ...extra, `${interval}`],
  limits: () => (process.getuid?.() === 0 ? undefined : 'without root it shows the I/O of your own processes only')
})
