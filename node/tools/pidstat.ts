/** pidstat of sysstat: statistics of each process. */
import { programTool } from './program-tool.ts'

export const pidstat = programTool({
  name: 'pidstat',
  needs: { debian: 'sysstat', fedora: 'sysstat', privilege: 'root, for the I/O of processes of other users' },
  summary: 'processors, memory, I/O and switches of each process',
  // -e is followed by a program that pidstat runs and observes
  runs: words => (words.includes('-e') ? words.slice(words.indexOf('-e') + 1) : undefined),
  known: {
    flags: '-d -H -h -I -R -r -s -t -u -V -v -w --human'.split(' '),
    values: {
      ...{
        '-C': /^[\w.*+^$|()-]{1,128}$/,
        '-G': /^[\w.*+^$|()-]{1,128}$/,
        '-p': /^[\w,]{1,256}$/,
        '-T': /^(TASK|CHILD|ALL)$/
      },
      ...{ '-U': /^[\w-]{1,64}$/, '--dec': /^[012]$/ }
    }
  },
  // one line per process, times in seconds since 1970; never -l: command lines may contain passwords
  argv: (interval, extra) => ['-H', '-h', '-u', '-r', '-d', '-w', ...extra, `${interval}`],
  limits: () => (process.getuid?.() === 0 ? undefined : 'without root it shows the I/O of your own processes only')
})
