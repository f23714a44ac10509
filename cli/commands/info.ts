/** `bak info`: prints everything about this peer. */
import type { Command } from 'commander'
import type { MemberView, Status } from '../../protocols/control.ts'
import { formatFacts } from '../../protocols/text-table.ts'
import { addExamples, type Context, setAction } from '../command.ts'
import { formatAge, formatBytes, formatLabels, formatTime } from '../format.ts'
import { describeReach } from './reachability.ts'

export function define(command: Command): void {
  addExamples(command, { 'bak info --json | jq -r .status.peer': 'the peer id' })
  setAction(command, act)
}

async function act({ json, ask, print, printLines }: Context): Promise<void> {
  const status = await ask('status', {})
  const { members } = await ask('members', {})
  const member = members.find(({ path }) => path === 'self')
  const { self: reach } = await ask('reachability', { self: true })
  if (json) return print(JSON.stringify({ status, member, reach }))
  await printLines(
    formatFacts({ ...describeDaemon(status), ...describeReach(reach), ...(member && describeMachine(member)) })
  )
}

function describeDaemon({ role, expires, trouble, started, addresses, ...status }: Status) {
  const { name, peer, mesh, state, home, program, pid, members } = status
  return {
    ...{ name, peer, mesh, role: role ?? 'none' },
    'proof expires': expires == null ? undefined : `${formatTime(expires)} UTC`,
    ...{ trouble, state, home, version: program, pid },
    started: `${formatTime(started)} UTC, ${formatAge(Date.now() - started)} ago`,
    ...{ addresses: addresses.join(' '), members }
  }
}

const describeMachine = ({ os, arch, cores, memory, labels, tools, registered }: MemberView) => ({
  machine: `${os} ${arch}, ${cores} cores, ${formatBytes(memory)}`,
  labels: formatLabels(labels),
  tools: tools.map(({ tool, usable, reason }) => (usable ? tool : `${tool} (${reason ?? 'not usable'})`)).join(', '),
  registered: registered.map(({ group, tool, options }) => [`${group}:${tool}`, ...options].join(' ')).join(', ')
})
