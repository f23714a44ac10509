/** tcpdump: packets of this machine, their headers only, as what they carry is nobody's business here. */

import { namesIn } from '../../if-possible.ts'
import { observingProgram, type Values } from '../observing-program.ts'
import { reasonOf, type Tried, tryProgram } from '../try-program.ts'

/** Ethernet, IPv6 and TCP with options. */
const MOST_SNAPLEN = 128
/** KiB of the kernel's memory, which no limit holds: up to 64 MiB. */
const BUFFER = /^\d{1,4}$|^[1-5]\d{4}$|^6[0-4]\d{3}$/
const FILE = 'tcpdump.pcap'

export const tcpdump = observingProgram({
  name: 'tcpdump',
  summary: 'headers of the packets of an interface',
  needs: { debian: 'tcpdump', fedora: 'tcpdump', privilege: 'root, or CAP_NET_RAW' },
  hasInterval: false,
  settings: [
    {
      name: 'interface',
      type: 'string',
      default: 'any',
      summary: 'whose packets',
      check: name => (/^[A-Za-z0-9_][\w.@:-]{0,31}$/.test(name) ? undefined : 'expected the name of an interface')
    },
    {
      name: 'packets',
      type: 'number',
      default: 0,
      summary: 'after which it ends; 0 is none',
      check: count => (Number.isSafeInteger(count) && count >= 0 ? undefined : 'expected a whole number')
    },
    {
      name: 'snaplen',
      type: 'number',
      default: 96,
      summary: `bytes of each packet, ${MOST_SNAPLEN} at most`,
      check: bytes =>
        Number.isInteger(bytes) && bytes >= 14 && bytes <= MOST_SNAPLEN ? undefined : `expected 14 to ${MOST_SNAPLEN}`
    },
    {
      name: 'filter',
      type: 'string',
      noPath: true,
      summary: 'which packets, as in pcap-filter(7): tcp port 80',
      check: text =>
        /^[^-\0\n][^\0\n]{0,1023}$/.test(text) ? undefined : 'expected one line that does not begin with -'
    }
  ],
  size: 256,
  files: [{ name: FILE, what: 'the packets, for tcpdump -r and wireshark' }],
  known: { flags: ['-p', '--no-promiscuous-mode', '-n'], values: { '-Q': /^(in|out|inout)$/, '-B': BUFFER } },
  argv: ({ values, words }) => [
    ...['tcpdump', '-n', '-U', '-i', `${values.interface}`, '-s', `${values.snaplen}`, '-w', FILE],
    // it would open its file as the user tcpdump, to whom the folder is closed
    ...(process.getuid?.() === 0 ? ['-Z', 'root'] : []),
    ...(values.packets === 0 ? [] : ['-c', `${values.packets}`]),
    ...words,
    ...filterOf(values)
  ],
  output: FILE,
  mayEnd: ({ packets }) => (packets === 0 ? undefined : `ended after its ${packets} packets`),
  versionFlag: '--version',
  async whyNot({ interface: name }) {
    const names = namesIn('/sys/class/net')
    if (name === 'any' || names.length === 0 || names.includes(`${name}`)) return undefined
    return `there is no interface ${name} here; there are ${names.slice(0, 8).join(', ')}`
  },
  async tryOut({ values }) {
    const tried = await tryProgram(['tcpdump', '-n', '-i', `${values.interface}`, '-d', ...filterOf(values)])
    return tried.isDone ? undefined : whole(tried)
  }
})

/** Its reason may have two lines: `You don't have permission to capture on that device`, `(socket: Operation not permitted)`. */
function whole(tried: Tried): string {
  const lines = tried.stderr.split('\n').map(line => line.replace(/^tcpdump: /, '').trim())
  const said = lines.filter(line => line !== '' && !/^(data link type|listening on|verbose output)/.test(line))
  return said.join(' ').slice(0, 300) || reasonOf(tried)
}

/** As one word, behind all options. */
const filterOf = ({ filter }: Values) => (filter == null ? [] : [`${filter}`])
