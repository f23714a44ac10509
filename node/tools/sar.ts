/** sar of sysstat: everything at once, in its own format. */
import { programTool } from './program-tool.ts'

/** All data of sysstat, in `sar.data`; `sar -f` and `sadf` read it. */
export const sar = programTool({
  name: 'sar',
  needs: { debian: 'sysstat', fedora: 'sysstat' },
  summary: 'all data of sysstat about the machine, in one binary file',
  argv: (interval, extra) => ['-A', ...extra, '-o', 'sar.data', `${interval}`],
  output: 'sar.data',
  files: [{ name: 'sar.data', what: 'the samples; sar -f and sadf read it' }]
})
