/** sar of sysstat: everything at once, in its own format. */
import { programTool } from './program-tool.ts'

/** All data of sysstat, in `sar.data`; `sar -f` and `sadf` read it. */
export const sar = programTool({
  name: 'sar',
  needs: { debian: 'sysstat', fedora: 'sysstat' },
  summary: 'all data of sysstat about the machine, in one binary file',
  // not -o and -f: files anywhere
  known: {
    flags: '-A -B -b -d -F -H -h -m -p -q -r -S -t -u -v -W -w -y -z --human --pretty'.split(' '),
    values: {
      ...{ '-I': /^[\w,-]{1,128}$/, '-n': /^[A-Z\d,]{1,256}$/, '-P': /^[\w,-]{1,128}$/, '--dec': /^[012]$/ },
      ...{ '--dev': /^[\w,-]{1,256}$/, '--iface': /^[\w,.-]{1,256}$/ }
    },
    others: /^[A-Z]{2,8}$/
  },
  argv: (interval, extra) => ['-A', ...extra, '-o', 'sar.data', `${interval}`],
  output: 'sar.data',
  files: [{ name: 'sar.data', what: 'the samples; sar -f and sadf read it' }]
})
