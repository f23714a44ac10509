/** pidstat of sysstat: statistics of each process. */
import { programTool } from './program-tool.ts'

export const pidstat = programTool({
  name: 'pidstat',
  needs: { debian: 'sysstat', fedora: 'sysstat', privilege: 'root, for the I/O of processes of other users' },
  summary: 'processors, memory, I/O and switches of each process',
  // -e is followed by a program that pidstat runs and observes
  runs: ({ options: words = [] }) => (words.includes('-e') ? words.slice(words.indexOf('-e') + 1) : undefined),
  // one line per process, times in seconds since 1970; never -l: command lines may contain passwords
  argv: (interval, extra) => ['-H', '-h', '-u', '-r', '-d', '-w', ...extra, `${interval}`],
  limits: () => (process.getuid?.() === 0 ? undefined : 'without root it shows the I/O of your own processes only')
})
