/** iostat of sysstat: I/O statistics of each disk. */
import { programTool } from './program-tool.ts'
import { sysstat } from './sysstat.ts'

export const iostat = programTool({
  ...sysstat,
  name: 'iostat',
  summary: 'rates, queues and waits of each disk',
  argv: (interval, extra) => ['-N', '-t', '-y', '-x', '-m', ...extra, `${interval}`]
})
