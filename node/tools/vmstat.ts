/** vmstat of procps: memory, paging, processes and interrupts. */
import { programTool } from './program-tool.ts'

export const vmstat = programTool({
  name: 'vmstat',
  needs: { debian: 'procps', fedora: 'procps-ng' },
  summary: 'memory, paging, processes and interrupts of the whole machine',
  argv: (interval, extra) => ['-a', '-n', '-t', '-w', ...extra, `${interval}`]
})
