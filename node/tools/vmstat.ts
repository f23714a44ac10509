/** vmstat of procps: memory, paging, processes and interrupts. */
import { programTool } from './program-tool.ts'

export const vmstat = programTool({
  name: 'vmstat',
  needs: { debian: 'procps', fedora: 'procps-ng' },
  summary: 'memory, paging, processes and interrupts of the whole machine',
  known: {
    flags: '-a -D -d -f -m -n -s -t -w -y'.split(' '),
    values: { '-p': /^[\w-]{1,64}$/, '-S': /^[kKmM]$/ }
  },
  argv: (interval, extra) => ['-a', '-n', '-t', '-w', ...extra, `${interval}`]
})
