/** The tool `mpstat` of sysstat. */
import { programTool } from './program.ts'
import { sysstat } from './sysstat.ts'

export const mpstat = programTool({
  ...sysstat,
  name: 'mpstat',
  summary: 'use of each processor',
  argv: (interval, extra) => ['-P', 'ALL', ...extra, `${interval}`]
})
