/** `bak reachability`: shows how this peer and each other can be reached. */
import type { Command } from 'commander'
import type { CallResponse, PeerReachability } from '../../protocols/control.ts'
import { addExamples, addFlag, type Context, setAction } from '../command.ts'
import { formatFacts, formatTable } from '../format.ts'

export function define(command: Command): void {
  addFlag(command, '--on <selector>', 'only these')
  addExamples(command, {
    'bak reachability': 'who is behind what, and how each is reached from here',
    'bak reachability --json | jq -r \'.peers[] | select(.path.class == "relayed") | .name\'': 'who needs a relay'
  })
  setAction(command, act)
}

async function act({ json, ask, print }: Context, { on }: { on?: string }): Promise<void> {
  const answer = await ask('reachability', { on })
  await print(json ? JSON.stringify(answer) : formatReachability(answer))
}

export function formatReachability({ self, peers }: CallResponse<'reachability'>): string {
  const facts = formatFacts({ name: self.name, ...describeReach(self) })
  if (peers.length === 0) return facts
  const head = ['NAME', 'PLACE', 'PATH', 'ROUND TRIP', 'CLOCK', 'WHY NOT']
  const rows = peers.map(({ name, nat, relay, path, roundTrip, clock, error }) => [
    name,
    describePlace(nat, relay),
    describePath(path),
    roundTrip == null ? undefined : `${roundTrip.toFixed(1)} ms`,
    clock == null ? undefined : `${signed(clock.offset)} ms ± ${clock.bound.toFixed(2)}`,
    error
  ])
  return `${facts}\n\n${formatTable(head, rows)}`
}

/** What a peer knows of its own place, for `bak info`, too. */
export const describeReach = ({ nat, relay, relays, mapped }: CallResponse<'reachability'>['self']) => ({
  place: describePlace(nat, relay),
  'reached through': relays.map(({ name }) => name).join(', '),
  'mapped ports': mapped.join(' ')
})

function describePlace(nat: PeerReachability['nat'], relay: boolean): string {
  const words = { public: 'public', nat: 'behind NAT', symmetric: 'behind symmetric NAT' }
  return `${nat == null ? 'unknown' : words[nat]}${relay ? ', relays' : ''}`
}

const describePath = (path: PeerReachability['path']) =>
  path == null ? 'none' : path.via == null ? path.class : `${path.class} via ${path.via}`

const signed = (value: number) => `${value < 0 ? '-' : '+'}${Math.abs(value).toFixed(2)}`
