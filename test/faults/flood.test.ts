/** Members that flood the mesh, each in its own way, while a run goes on; and those behind the same address who do not. */
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import type { GossipSub, Message } from '@chainsafe/libp2p-gossipsub'
import { peerIdFromString } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { SIGNER } from '../../node/mesh/limits/constants.ts'
import { decode, encode } from '../../protocols/codec.ts'
import type { RunEvent } from '../../protocols/events.ts'
import { topicName } from '../../protocols/hello.ts'
import { type Command, runMessage } from '../../protocols/phase.ts'
import { readTicket } from '../../protocols/ticket.ts'
import { record, type Started, sleep, startRun, useTestnet } from '../helpers/mesh.ts'
import { type Rogue, sealCommand, startRogue } from '../helpers/rogue.ts'
import { until } from '../helpers/until.ts'

const daemons = ['a', 'b', 'c', 'd']
/** Peers that only listen, behind the same address as all others. */
const BYSTANDERS = 8
/** A busy machine takes long for everything, ms. */
const PATIENCE = 40_000

const flood = suite('floods')
const net = useTestnet(flood, { peers: daemons })
const bystanders: Rogue[] = []
const rogues: Rogue[] = []
/** Goes on while all of this happens. */
let run: Started
const ids: Record<string, string> = {}
const addresses: Record<string, string> = {}

flood.before(async () => {
  for (const name of daemons) {
    const [status] = await Array.fromAsync(net().call(name, 'status', {}))
    ids[name] = status?.peer as string
    addresses[name] = status?.addresses[0] as string
  }
  for (let i = 0; i < BYSTANDERS; i++) bystanders.push(await patiently(() => startRogue(net())))
  run = await startRun(net(), 'a', ['--tools', 'none', '--samples', '500', '--', 'sleep', '0.5'])
  await run.until(event => event.type === 'workload-ended')
})
flood.after(async () => {
  for (const each of [...rogues, ...bystanders]) await each.stop()
})

const log = (peer: string) => readFileSync(join(net().folder, `${peer}.log`), 'utf8')

const eventually = (what: string, fits: () => boolean) => until(fits, { what, timeout: PATIENCE })

/** Waits until some daemons have cut a peer off for what it did; each says so once. */
async function isCutOff(rogue: Rogue, offence: string, by = daemons): Promise<void> {
  const line = cutOffLine(rogue, offence)
  await eventually(`${by} cut off a peer for ${offence}`, () => by.every(name => line.test(log(name))))
  for (const name of by)
    assert.is(
      log(name)
        .split('\n')
        .filter(each => line.test(each)).length,
      1,
      name
    )
}

const cutOffLine = ({ signer }: Rogue, offence: string) =>
  new RegExp(`WARN from=${signer.peer} .*code=${offence} .*msg="peer cut off"`)

/** Nobody is punished who did nothing, and nothing is out of order. */
async function othersAreWell(): Promise<void> {
  const guilty = rogues.map(({ signer }) => signer.peer)
  for (const name of daemons) {
    const cutOff = [...log(name).matchAll(/from=(\S+) .*msg="peer cut off"/g)].map(([, peer]) => peer as string)
    assert.equal(
      cutOff.filter(peer => !guilty.includes(peer)),
      [],
      name
    )
    assert.not.match(log(name), /ERROR/)
  }
  // on a busy machine a connection may break; whoever is not punished has another at once
  for (const { network } of bystanders) {
    for (const name of daemons)
      await network.dial(multiaddr(addresses[name] as string), { signal: AbortSignal.timeout(PATIENCE) })
  }
}

/** The run goes on: so many more samples are taken, and nobody is out. */
async function runGoesOn(samples = 2): Promise<void> {
  const ended = () => run.events.filter(event => 'type' in event && event.type === 'workload-ended').length
  const before = ended()
  await eventually(`${samples} more samples`, () => ended() >= before + samples)
  assert.equal(
    run.events.filter(event => 'type' in event && event.type === 'excluded'),
    []
  )
}

async function newRogue(): Promise<Rogue> {
  const rogue = await patiently(() => startRogue(net()))
  rogues.push(rogue)
  return rogue
}

/** On a busy machine a handshake may take longer than it may. */
async function patiently<T>(act: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return await act()
    } catch (error) {
      if (tries === 4) throw error
    }
  }
}

/** Goes on with something until it has been cut off for it. */
async function untilCutOff(rogue: Rogue, offence: string, by: string[], act: () => Promise<void>): Promise<void> {
  const line = cutOffLine(rogue, offence)
  for (const deadline = Date.now() + PATIENCE; !by.every(name => line.test(log(name))) && Date.now() < deadline; )
    await act()
  await isCutOff(rogue, offence, by)
}

const topic = () => topicName(readTicket(net().ticket).mesh, 'run')
const pubsubOf = ({ network }: Rogue) => network.services.pubsub as GossipSub

/** As gossipsub itself would, but as fast and as much as one likes. */
async function send(rogue: Rogue, name: string, messages: Uint8Array[]): Promise<void> {
  const rpc = { subscriptions: [], messages: messages.map(data => ({ topic: topic(), data })) }
  const { sendRpc } = pubsubOf(rogue) as unknown as { sendRpc(to: string, rpc: object): boolean }
  // on a busy machine the connection may have broken
  if (!sendRpc.call(pubsubOf(rogue), ids[name] as string, rpc)) await dial(rogue, name).catch(() => sleep(200))
}

const dial = ({ network }: Rogue, name: string) =>
  network.dial(multiaddr(addresses[name] as string), { force: true, signal: AbortSignal.timeout(10_000) })

const hasStreams = (rogue: Rogue) => () =>
  daemons.every(name =>
    (pubsubOf(rogue) as unknown as { streamsOutbound: Map<string, unknown> }).streamsOutbound.has(ids[name] as string)
  )

/** Commands that are what they should be, of runs that there are not. */
function commands({ signer }: Rogue, count: number, from = 0): Uint8Array[] {
  const command: Omit<Command, 'seq'> = {
    ...{ run: '20261122T213015-aaaaaa', epoch: 1, attempt: 0, phase: 'join', subject: '0'.repeat(64) },
    ...{ issued: 1, deadline: 1, to: [signer.peer] }
  }
  return Array.from({ length: count }, (_, i) =>
    encode({ type: 'command', sealed: sealCommand({ ...command, seq: from + i }, signer) })
  )
}

flood(
  'garbage on a topic: whoever sends it is cut off by all that get it, and told why when it comes again',
  async () => {
    const rogue = await newRogue()
    await eventually('the rogue gossips', hasStreams(rogue))
    await untilCutOff(rogue, 'bad-gossip', daemons, async () => {
      for (const name of daemons) await send(rogue, name, garbage(50))
      await sleep(500)
    })
    await eventually('its connections are closed', () =>
      rogue.network.getPeers().every(peer => !Object.values(ids).includes(String(peer)))
    )
    const again = await rogue.network.dial(multiaddr(addresses.a as string)).catch(error => error)
    assert.instance(again, Error)
    await eventually('its handshake is refused', () =>
      new RegExp(`peer=${rogue.signer.peer} code=cut-off`).test(log('a'))
    )
    await runGoesOn()
    await othersAreWell()
  }
)

const garbage = (count: number) => Array.from({ length: count }, () => new Uint8Array(randomBytes(300)))

flood('valid messages that are no use: the first that gets them passes on no more than one may say', async () => {
  const began = performance.now()
  const rogue = await newRogue()
  await eventually('the rogue gossips', hasStreams(rogue))
  // b alone is flooded; the others know the rogue as a member, and hear of it through b
  for (const name of daemons.filter(name => name !== 'b')) {
    await rogue.network.hangUp(peerIdFromString(ids[name] as string))
  }
  const [bystander] = bystanders as [Rogue]
  // who has met it knows what it may say
  await bystander.network.dial(rogue.network.getMultiaddrs(), { signal: AbortSignal.timeout(PATIENCE) })
  await bystander.network.hangUp(rogue.network.peerId)
  let heard = 0
  const onMessage = ({ detail }: CustomEvent<Message>) => {
    if (decode(runMessage, detail.data).sealed.by === rogue.signer.peer) heard++
  }
  pubsubOf(bystander).addEventListener('message', onMessage)
  await eventually('what is not too much is passed on', () => {
    void send(rogue, 'b', commands(rogue, 5, 10_000))
    return heard === 5
  })
  const all = commands(rogue, 1_800)
  await untilCutOff(rogue, 'too-much-gossip', ['b'], async () => {
    for (const from of [0, 900]) await send(rogue, 'b', all.slice(from, from + 900))
    await sleep(100)
  })
  await runGoesOn()
  pubsubOf(bystander).removeEventListener('message', onMessage)
  assert.ok(heard <= SIGNER.burst + (SIGNER.perSecond * (performance.now() - began)) / 1_000, `${heard} were passed on`)
  await othersAreWell()
})

flood('dials: a peer that makes connection upon connection is cut off; half-open ones keep nobody out', async () => {
  const rogue = await newRogue()
  await untilCutOff(rogue, 'too-many-connections', ['a'], async () => {
    await dial(rogue, 'a').catch(() => {})
  })
  const sockets = silentSockets(Number(addresses.a?.split('/')[4]), 250)
  net().add('e')
  await net().startPeer('e')
  await net().until(
    'e',
    members => members.filter(({ state }) => state === 'alive' || state === 'busy').length >= 5,
    PATIENCE
  )
  for (const socket of sockets) socket.destroy()
  await runGoesOn()
  await othersAreWell()
})

function silentSockets(port: number, count: number): Socket[] {
  return Array.from({ length: count }, () => {
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => {})
    return socket
  })
}

flood('streams on which nothing is said, or half a message: a peer that opens too many is cut off', async () => {
  const rogue = await newRogue()
  const open = rogue.streams.to(ids.b as string)
  const half = Uint8Array.of(0, 0, 0, 100, 1, 2, 3)
  let count = 0
  await untilCutOff(rogue, 'too-many-streams', ['b'], async () => {
    const stream = await open('/bak/clock/1.0.0').catch(() => sleep(100))
    try {
      if (count++ % 2 === 0) stream?.send(half)
    } catch {
      // it is one too many, and closed already
    }
  })
  await runGoesOn()
  await othersAreWell()
})

flood('after all of it nobody was left out, and no phase took much longer than before', async () => {
  await net().bak('a', ['cancel', run.run])
  await run.finished
  const { excluded } = record(net(), 'a', run.run)
  assert.equal(excluded, [])
  const took = run.events.filter(isClosed('start')).map(each => each.took)
  assert.ok(took.length >= 8, `${took.length} samples`)
  // what a busy machine does to one phase it does not do to half of them
  const median = [...took].sort((x, y) => x - y)[took.length >> 1] as number
  assert.ok(median < 2_000 && Math.max(...took) < 30_000, `median ${median} ms, longest ${Math.max(...took)} ms`)
  const [member] = (await net().members('a')).filter(({ path }) => path === 'cut-off')
  assert.is(member, undefined, 'no member of the run is cut off')
  for (const bystander of bystanders) {
    await eventually(
      'bystanders heard the end',
      () => bystander.feed.get(run.run)?.closed.at(-1)?.phase === 'terminate'
    )
  }
})

type PhaseClosed = Extract<RunEvent, { type: 'phase-closed' }>
const isClosed =
  (phase: string) =>
  (event: RunEvent): event is PhaseClosed =>
    'type' in event && event.type === 'phase-closed' && event.phase === phase

flood.run()
