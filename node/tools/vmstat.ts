/** The tool `vmstat` of procps. */
import { programTool } from './program.ts'

export const vmstat = programTool({
  name: 'vmstat',
  package: 'procps',
  summary: 'memory, paging, processes and interrupts of the whole machine',
  argv: (interval, extra) => ['-a', '-n', '-t', '-w', ...extra, `${interval}`]
})
