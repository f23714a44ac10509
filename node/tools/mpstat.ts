/** mpstat of sysstat: use of each processor. */
import { programTool } from './program-tool.ts'

export const mpstat = programTool({
  name: 'mpstat',
  needs: { debian: 'sysstat', fedora: 'sysstat' },
  summary: 'use of each processor',
  argv: (interval, extra) => ['-P', 'ALL', ...extra, `${interval}`]
})
