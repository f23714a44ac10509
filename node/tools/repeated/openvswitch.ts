/** Open vSwitch: ports of its bridges, and what its datapath forwards and misses. */
import { existsSync } from 'node:fs'
import type { ToolOptions } from '../../../protocols/tool-options.ts'
import { findProgram, versionOf } from '../find-program.ts'
import { filesOfProgram, notFound } from '../program-tool.ts'
import { intervalOf, intervalSetting, settingsOf } from '../settings-of.ts'
import { sizeSetting } from '../size-setting.ts'
import type { Needs, Tool } from '../tool.ts'
import { reasonOf, tryProgram } from '../try-program.ts'
import { repeatCommand } from './repeated-command.ts'

const SOCKET = '/run/openvswitch/db.sock'
const MAX_BRIDGES = 64
const SIZE_MIB = 256

const needs: Needs = {
  ...{ program: 'ovs-vsctl', debian: 'openvswitch-switch', fedora: 'openvswitch' },
  privilege: 'root, or the group of Open vSwitch'
}

/** Of one sample; each waits for an answer for 5 s at most. */
const INTERFACES = ['ovs-vsctl', '--timeout=5', '--columns=name,link_state,statistics', 'list', 'interface']
const DATAPATHS = ['ovs-appctl', '--timeout=5', 'dpctl/show', '-s']
const portsOf = (bridge: string) => ['ovs-ofctl', '--timeout=5', 'dump-ports', bridge]

export const openvswitch: Tool = {
  name: 'openvswitch',
  summary: 'counters of the interfaces, ports and datapaths of Open vSwitch',
  ...{ lifetime: 'transient', needs, stop: 'the daemon starts no further sample' },
  settings: [intervalSetting, sizeSetting(SIZE_MIB)],
  noWords: 'its programs can change switches',
  files: filesOfProgram('openvswitch').slice(0, 2),
  async check(_: ToolOptions, { isQuick = false } = {}) {
    const not = (reason: string) => ({ tool: 'openvswitch', usable: false, reason: `openvswitch: ${reason}` })
    const path = await findProgram('ovs-vsctl')
    if (path == null) return not(`ovs-vsctl is ${notFound(needs)}`)
    if (!existsSync(SOCKET)) return not(`there is no ${SOCKET}: ovsdb-server does not run here`)
    if (isQuick) return { tool: 'openvswitch', usable: true }
    const tried = await tryProgram(['ovs-vsctl', '--timeout=2', 'list-br'])
    if (!tried.isDone) return not(reasonOf(tried))
    return { tool: 'openvswitch', usable: true, version: await versionOf(path, '--version') }
  },
  async start(context) {
    const { values } = settingsOf(openvswitch, context.options)
    const interval = intervalOf(values, context)
    const { stdout } = await tryProgram(['ovs-vsctl', '--timeout=2', 'list-br'])
    const bridges = stdout
      .split('\n')
      .filter(name => /^\w[\w.-]*$/.test(name))
      .slice(0, MAX_BRIDGES)
    const commands = [INTERFACES, DATAPATHS, ...bridges.map(portsOf)].map(argv => ({ argv, what: argv.join(' ') }))
    return repeatCommand(
      { name: 'openvswitch', commands: () => commands, interval, size: values.size as number },
      context
    )
  }
}
