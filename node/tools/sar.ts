/** The tool `sar` of sysstat. */
import { programTool } from './program.ts'
import { sysstat } from './sysstat.ts'

/** Everything that sysstat knows, in `sar.data`: read it with `sar -f` and `sadf`. */
export const sar = programTool({
  ...sysstat,
  name: 'sar',
  summary: 'everything that sysstat knows of the machine, in one binary file',
  argv: (interval, extra) => ['-A', ...extra, '-o', 'sar.data', `${interval}`],
  output: 'sar.data'
})
