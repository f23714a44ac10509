/** mpstat of sysstat: use of each processor. */
import { programTool } from './program-tool.ts'

export const mpstat = programTool({
  name: 'mpstat',
  needs: { debian: 'sysstat', fedora: 'sysstat' },
  summary: 'use of each processor',
  known: {
    flags: '-A -n -T -u'.split(' '),
    values: {
      ...{ '-I': /^(SUM|CPU|SCPU|ALL)$/, '-N': /^[\w,-]{1,128}$/, '-P': /^[\w,-]{1,128}$/ },
      ...{ '-o': /^JSON$/, '--dec': /^[012]$/ }
    }
  },
  argv: (interval, extra) => ['-P', 'ALL', ...extra, `${interval}`]
})
