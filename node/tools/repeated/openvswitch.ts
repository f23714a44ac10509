/** Open vSwitch: ports of its bridges, and what its datapath forwards and misses. */
import { existsSync } from 'node:fs'
import { versionOf } from '../find-program.ts'
import { reasonOf, tryProgram } from '../try-program.ts'
import { repeatedTool } from './repeated-tool.ts'

const SOCKET = '/run/openvswitch/db.sock'
const MAX_BRIDGES = 64
const SIZE_MIB = 256

const LIST_BRIDGES = ['ovs-vsctl', '--timeout=2', 'list-br']
/** Of one sample; each waits for an answer for 5 s at most. */
const INTERFACES = ['ovs-vsctl', '--timeout=5', '--columns=name,link_state,statistics', 'list', 'interface']
const DATAPATHS = ['ovs-appctl', '--timeout=5', 'dpctl/show', '-s']
const portsOf = (bridge: string) => ['ovs-ofctl', '--timeout=5', 'dump-ports', bridge]

export const openvswitch = repeatedTool({
  name: 'openvswitch',
  summary: 'counters of the interfaces, ports and datapaths of Open vSwitch',
  needs: {
    ...{ program: 'ovs-vsctl', debian: 'openvswitch-switch', fedora: 'openvswitch' },
    privilege: 'root, or the group of Open vSwitch'
  },
  size: SIZE_MIB,
  noWords: 'its programs can change switches',
  whyNever: () => (existsSync(SOCKET) ? undefined : `there is no ${SOCKET}: ovsdb-server does not run here`),
  async tryOut(path) {
    const tried = await tryProgram(LIST_BRIDGES)
    return tried.isDone ? { version: await versionOf(path, '--version') } : { why: reasonOf(tried) }
  },
  async sample() {
    const { stdout } = await tryProgram(LIST_BRIDGES)
    const bridges = stdout.split('\n').filter(name => /^\w[\w.-]*$/.test(name))
    const each = [INTERFACES, DATAPATHS, ...bridges.slice(0, MAX_BRIDGES).map(portsOf)]
    const commands = each.map(argv => ({ argv, what: argv.join(' ') }))
    return { commands: () => commands }
  }
})
