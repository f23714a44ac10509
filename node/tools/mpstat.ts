/** mpstat of sysstat: use of each processor. */
import { programTool } from './program-tool.ts'
import { sysstat } from './sysstat.ts'

export const mpstat = programTool({
  ...sysstat,
  name: 'mpstat',
  summary: 'use of each processor',
  argv: (interval, extra) => ['-P', 'ALL', ...extra, `${interval}`]
})
