/** iostat of sysstat: I/O statistics of each disk. */
import { programTool } from './program-tool.ts'

export const iostat = programTool({
  name: 'iostat',
  needs: { debian: 'sysstat', fedora: 'sysstat' },
  summary: 'rates, queues and waits of each disk',
  argv: (interval, extra) => ['-N', '-t', '-y', '-x', '-m', ...extra, `${interval}`]
})
