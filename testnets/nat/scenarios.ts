/** Runs across NATs: driven from behind each kind, with a relay that is killed meanwhile, and with a path that changes meanwhile. */
import type { MemberView } from '../../protocols/control.ts'
import type { RunEvent } from '../../protocols/events.ts'
import type { Carrier, PathClass } from '../../protocols/path.ts'
import type { SpecInput } from '../../protocols/spec.ts'
import { type Outcome, runToEnd } from '../runs.ts'
import type { NatNetwork } from './network.ts'

const RUN_TIMEOUT_MS = 180_000
/** What a member sends in a large transfer. */
const LARGE_BYTES = 16_000_000
/** Until a pair without a direct path is connected through a relay. */
const RELAYED_TIMEOUT_MS = 30_000

export interface Verified {
  outcome: Outcome
  /** Members whose tarball of the sample arrived. */
  arrived: string[]
  verified: boolean
}

/** @returns whether the run was complete, and every member's tarball arrived as it was signed */
export function isWhole({ outcome, arrived, verified }: Verified, members: string[]): boolean {
  const { verdict, partial } = outcome.ended
  return verdict === 'ok' && !partial && verified && String(arrived) === String([...members].sort())
}

/** @param bytes that each member sends beside the data of its tools */
function specOf(members: string[], bytes: number, command: string): SpecInput {
  return {
    command,
    on: members.join(','),
    tools: ['proc', 'noise'],
    tool: { noise: { command: ['sh', '-c', `head -c ${bytes} /dev/urandom; exec sleep 1000`] } }
  }
}

async function run(
  net: NatNetwork,
  driver: string,
  spec: SpecInput,
  onEvent?: (event: RunEvent) => void
): Promise<Verified> {
  const { testnet } = net.mesh
  const outcome = await runToEnd(testnet, driver, spec, { limit: RUN_TIMEOUT_MS, onEvent })
  const { status } = await testnet.bak(driver, ['verify', outcome.run])
  const arrived = outcome.events.flatMap(event =>
    event.type === 'received' && event.what.includes('sample1') ? [event.name] : []
  )
  return { outcome, arrived: arrived.sort(), verified: status === 0 }
}

/** A whole run of all hosts, driven from one of them. */
export function runFrom(net: NatNetwork, driver: string): Promise<Verified> {
  return run(net, driver, specOf(net.hosts, 200_000, 'sleep 1'))
}

/** A run of two in which the second sends a large tarball. @returns its path, and what encrypted it */
export async function runWithLarge(
  net: NatNetwork,
  one: string,
  other: string
): Promise<Verified & { carrier?: Carrier; path?: PathClass }> {
  // a tool counts as started once it prints something
  const large = { command: ['sh', '-c', `head -c ${LARGE_BYTES} /dev/urandom >large; echo there; exec sleep 1000`] }
  const verified = await run(net, one, { command: 'true', on: `${one},${other}`, tools: ['large'], tool: { large } })
  const received = verified.outcome.events.find(
    event => event.type === 'received' && event.name === other && event.bytes >= LARGE_BYTES
  )
  return received?.type === 'received' ? { ...verified, carrier: received.carrier, path: received.path } : verified
}

/** A run of two that need a relay, which is killed while it carries the tarball of one. */
export async function runWhileRelayDies(net: NatNetwork): Promise<Verified & { relay: string | undefined }> {
  const path = await net.pathTo('s1', 's2', 20_000)
  const relay = path?.via
  let killed: Promise<void> | undefined
  const verified = await run(net, 's1', specOf(['s1', 's2'], 40_000_000, 'sleep 1'), event => {
    if (event.type !== 'transfer' || event.name !== 's2' || event.done < event.total / 10 || relay == null) return
    killed ??= net.mesh.testnet.stopPeer(relay, 'SIGKILL')
  })
  await killed
  if (relay != null && killed != null) await net.mesh.testnet.startPeer(relay)
  return { ...verified, relay: killed == null ? undefined : relay }
}

export interface Changed extends Verified {
  /** The path before the run, at the begin of the transfer, and after the run. */
  paths: Array<MemberView['path'] | undefined>
}

/** A run of two without a direct path, which they get while the tarball of one comes over the relay. */
export async function runWhilePathChanges(net: NatNetwork): Promise<Changed> {
  const { lab } = net.mesh
  const [one, other] = ['e1', 'e2']
  const router = lab.host('home1').namespace
  // no packets pass between the two homes
  router.run(['nft', '-f', '-'], closed(lab.host('home2').outside))
  net.disconnect([one, other])
  // slow, so that there is time for a change
  await lab.set({ rate: 20e6, delay: net.delay })
  try {
    const before = await untilRelayed(net, one, other)
    let during: Promise<MemberView['path'] | undefined> | undefined
    const verified = await run(net, one, specOf([one, other], 40_000_000, 'true'), event => {
      if (during != null || event.type !== 'transfer' || event.name !== other || event.done < event.total / 10) return
      during = net.pathNow(one, other)
      router.run(['nft', 'delete', 'table', 'ip', 'closed'])
    })
    return { ...verified, paths: [before, await during, await net.pathNow(one, other)] }
  } finally {
    await lab.set({ delay: net.delay })
  }
}

/** @returns the path, as soon as it is relayed or the timeout has passed */
async function untilRelayed(net: NatNetwork, one: string, other: string): Promise<MemberView['path'] | undefined> {
  for (const deadline = performance.now() + RELAYED_TIMEOUT_MS; ; ) {
    await net.reachability(one, [other])
    const path = await net.pathNow(one, other)
    if (path === 'relayed' || performance.now() > deadline) return path
  }
}

const closed = (far: string) => `add table ip closed
add chain ip closed forward { type filter hook forward priority -1; }
add rule ip closed forward ip daddr ${far} drop
add rule ip closed forward ip saddr ${far} drop`
