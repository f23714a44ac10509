/** Runs across NATs: driven from behind each, with a relay that dies in the middle, and with a path that changes in the middle. */
import type { MemberView } from '../../protocols/control.ts'
import type { RunEvent } from '../../protocols/events.ts'
import type { Carrier, PathClass } from '../../protocols/path.ts'
import type { SpecInput } from '../../protocols/spec.ts'
import { type Outcome, runToEnd } from '../runs.ts'
import type { NatNetwork } from './network.ts'

/** No run may take longer, ms. */
const LIMIT = 180_000
/** What a member sends in a large transfer, bytes. */
const LARGE = 70_000_000
/** Who lost a direct path goes over a relay within this, ms. */
const RELAYED = 30_000

export interface Verified {
  outcome: Outcome
  /** Members whose tarball of the sample arrived. */
  arrived: string[]
  verified: boolean
}

/** @returns whether the run was whole, and every member's tarball is there as it was signed for */
export function isWhole({ outcome, arrived, verified }: Verified, members: string[]): boolean {
  const { verdict, partial } = outcome.ended
  return verdict === 'ok' && !partial && verified && String(arrived) === String([...members].sort())
}

/** @param bytes what each member sends beside what its tools say */
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
  const outcome = await runToEnd(testnet, driver, spec, { limit: LIMIT, onEvent })
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

/** A run of two in which the second sends a large tarball. @returns by which path that came, and what encrypted it */
export async function runWithLarge(
  net: NatNetwork,
  one: string,
  other: string
): Promise<Verified & { carrier?: Carrier; path?: PathClass }> {
  // a tool has begun once it says something
  const large = { command: ['sh', '-c', `head -c ${LARGE} /dev/urandom >large; echo there; exec sleep 1000`] }
  const verified = await run(net, one, { command: 'true', on: `${one},${other}`, tools: ['large'], tool: { large } })
  const came = verified.outcome.events.find(
    event => event.type === 'received' && event.name === other && event.bytes >= LARGE
  )
  return came?.type === 'received' ? { ...verified, carrier: came.carrier, path: came.path } : verified
}

/** A run of two that need a relay; that relay is killed while the tarball of one comes over it. */
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
  /** The path before the run, as the tarball began to come, and after the run. */
  paths: Array<MemberView['path'] | undefined>
}

/** A run of two that have no direct path yet; they get one while the tarball of one comes over the relay. */
export async function runWhilePathChanges(net: NatNetwork): Promise<Changed> {
  const { lab } = net.mesh
  const [one, other] = ['e1', 'e2']
  const router = lab.host('home1').namespace
  // nothing passes between the two homes
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

/** @returns how it is after a while if it does not come to be */
async function untilRelayed(net: NatNetwork, one: string, other: string): Promise<MemberView['path'] | undefined> {
  for (const deadline = performance.now() + RELAYED; ; ) {
    await net.reachability(one, [other])
    const path = await net.pathNow(one, other)
    if (path === 'relayed' || performance.now() > deadline) return path
  }
}

const closed = (far: string) => `add table ip closed
add chain ip closed forward { type filter hook forward priority -1; }
add rule ip closed forward ip daddr ${far} drop
add rule ip closed forward ip saddr ${far} drop`
