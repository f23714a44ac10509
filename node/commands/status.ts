/** `bak-node status`: prints who this peer is and what it does. */
import type { Command } from 'commander'
import type { Status } from '../../protocols/control.ts'
import { showDuration } from '../../protocols/duration.ts'
import { formatFacts } from '../../protocols/text-table.ts'
import { addCommand, ask, example, print } from '../command.ts'

export function addStatus(program: Command): void {
  addCommand(program, 'status', 'the state of this peer', act)
    .option('--json', 'print JSON')
    .addHelpText('after', example('bak-node status --json | jq -r .state', 'standby, enabled or draining'))
}

async function act(command: Command): Promise<void> {
  const status = await ask(command, 'status', {})
  if (command.opts().json) return print(JSON.stringify(status))
  const { name, state, peer, mesh, role, expires, trouble, home, pid } = status
  const { members, connections, addresses, driving, taking, loading = [], keeps, guards } = status
  const ends = expires == null ? '' : `, proof expires in ${showDuration(expires - Date.now())}`
  const facts = {
    ...{ name, state, peer, mesh, role: `${role ?? 'none'}${ends}`, trouble },
    ...{ home, pid, members: `${members}, ${connections} connections`, addresses: addresses.join(' ') }
  }
  const loads = loading.map(clientsInWords).join('; ')
  const runs = {
    drives: driving.join(' '),
    'takes part in': taking.join(' '),
    loads,
    keeps: keeps.map(inWords).join('; ')
  }
  print(formatFacts({ ...facts, ...runs, guards: guards?.join('; ') }))
}

const clientsInWords = ({ run, clients }: NonNullable<Status['loading']>[number]) => {
  const tasks = Object.entries(clients).map(([task, count]) => `${count} clients of ${task}`)
  return `for ${run}: ${tasks.length === 0 ? 'no task goes on' : tasks.join(', ')}`
}

/** Data that was not collected from here yet. */
const inWords = ({ run, files, bytes }: Status['keeps'][number]) =>
  `${run}, ${files} files of ${bytes} bytes: bak collect where its result is, or bak gc here`
