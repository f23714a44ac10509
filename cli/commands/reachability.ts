/** `bak reachability`: shows how this peer and each other can be reached. */
import type { Command } from 'commander'
import type { CallResponse, PeerReachability } from '../../protocols/control.ts'
import { formatFacts, formatTable } from '../../protocols/text-table.ts'
import { addExamples, addFlag, type Context, setAction } from '../command.ts'
import { formatClock, formatMs } from '../format.ts'

export function define(command: Command): void {
  addFlag(command, '--on <selector>', 'only these members')
  addExamples(command, {
    'bak reachability': 'the kind of NAT of each peer, and the path to it from here',
    'bak reachability --json | jq -r \'.peers[] | select(.path.class == "relayed") | .name\'':
      'peers that are reached through a relay'
  })
  setAction(command, act)
}

async function act({ json, ask, print, printLines }: Context, { on }: { on?: string }): Promise<void> {
  const answer = await ask('reachability', { on })
  await (json ? print(JSON.stringify(answer)) : printLines(formatReachability(answer)))
}

function formatReachability({ self, peers }: CallResponse<'reachability'>): string {
  const facts = formatFacts({ name: self.name, ...describeReach(self) })
  if (peers.length === 0) return facts
  const head = ['NAME', 'NAT', 'PATH', 'ROUND TRIP', 'CLOCK AHEAD', 'ERROR']
  const rows = peers.map(({ name, nat, relay, path, roundTrip, clock, error }) => [
    name,
    describeNat(nat, relay),
    describePath(path),
    roundTrip == null ? undefined : formatMs(roundTrip),
    clock == null ? undefined : formatClock(clock),
    error
  ])
  return `${facts}\n\n${formatTable(head, rows)}`
}

/** This peer's own reachability; `bak info` prints it too. */
export const describeReach = ({ nat, relay, relays, mapped }: CallResponse<'reachability'>['self']) => ({
  nat: describeNat(nat, relay),
  'reached through': relays.map(({ name }) => name).join(', '),
  'mapped ports': mapped.join(' ')
})

function describeNat(nat: PeerReachability['nat'], relay: boolean): string {
  const words = { public: 'public', nat: 'behind NAT', symmetric: 'behind symmetric NAT' }
  return `${nat == null ? 'unknown' : words[nat]}${relay ? ', relays' : ''}`
}

const describePath = (path: PeerReachability['path']) =>
  path == null ? 'none' : path.via == null ? path.class : `${path.class} via ${path.via}`
