/** iostat of sysstat: I/O statistics of each disk. */
import { programTool } from './program-tool.ts'

export const iostat = programTool({
  name: 'iostat',
  needs: { debian: 'sysstat', fedora: 'sysstat' },
  summary: 'rates, queues and waits of each disk',
  // not -f and +f: folders anywhere
  known: {
    flags: '-c -d -H -h -k -m -N -s -t -x -y -z --compact --human --pretty'.split(' '),
    values: {
      '-g': /^\w{1,64}$/,
      '-j': /^(ID|LABEL|PATH|UUID)$/,
      '-o': /^JSON$/,
      '-p': /^[\w,-]{1,256}$/,
      '--dec': /^[012]$/
    },
    others: /^[A-Za-z][\w-]{0,63}$/
  },
  argv: (interval, extra) => ['-N', '-t', '-y', '-x', '-m', ...extra, `${interval}`]
})
