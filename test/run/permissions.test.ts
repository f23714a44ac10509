import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Leftovers } from '../../node/agent/leftovers.ts'
import { createLog } from '../../node/log.ts'
import { Coordinator, type CoordinatorInit } from '../../node/run/coordinator.ts'
import { Mover } from '../../node/run/mover.ts'
import { AfterRun } from '../../node/run/moving/after-run.ts'
import { Receiver } from '../../node/run/receiver.ts'
import { RunService } from '../../node/run/run-service.ts'
import { type Home, openHome } from '../../node/store/home.ts'
import { openJournal } from '../../node/store/journal.ts'
import { RunFolder } from '../../node/store/run-folder.ts'
import { cancelProtocol } from '../../protocols/cancel.ts'
import { changeToolsProtocol } from '../../protocols/changed-tools.ts'
import { collectProtocol } from '../../protocols/collect.ts'
import { receiveDefaults } from '../../protocols/config-file.ts'
import { asBakError, BakError } from '../../protocols/errors.ts'
import { attachProtocol } from '../../protocols/events.ts'
import type { Role } from '../../protocols/membership.ts'
import { ask, askOne, type Handler, type Protocol, serve } from '../../protocols/stream.ts'
import { sendTarball, tarballProtocol } from '../../protocols/tarball.ts'
import { scratchArtifacts } from '../artifacts/scratch-artifacts.ts'
import { linkTo, newSigner, stayAwake, type TestLink } from '../helpers/streams.ts'
import { controller, manifest, member, run, runRecord, specOf } from '../protocols/samples.ts'
import { scratch } from '../store/scratch.ts'

const test = suite('who may ask what about runs')
const sleepAgain = stayAwake()
test.after(sleepAgain)

const [self, ops, agent, stranger] = [controller, newSigner(), newSigner(), newSigner()]
const roles: Record<string, Role> = {
  [self.peer]: 'controller',
  [ops.peer]: 'controller',
  [agent.peer]: 'agent',
  [member.peer]: 'agent'
}
const log = createLog('error', () => {})
const signal = () => AbortSignal.timeout(10_000)

/** The parts of a peer that answer for runs; the folder of one that is over lies here, in which `member` took part. */
async function doors(own: Role = 'controller') {
  const home = await openHome(join(scratch(), 'home'))
  await plantRun(home)
  const served = new Map<string, Handler<never, unknown>>()
  const streams = {
    serve: async ({ id }: { id: string }, handler: Handler<never, unknown>) => void served.set(id, handler)
  }
  const members = {
    self: { name: 'here', state: 'alive', labels: { archive: 'true' } },
    addEventListener: () => {},
    get: () => undefined,
    list: () => []
  }
  const authority = { roleOf: (peer: string) => (peer === self.peer ? own : roles[peer]) }
  const feed = { addEventListener: () => {}, runs: () => [] }
  const of = { streams, members, feed, authority, agent: { member: () => ({ lead: { by: ops.peer, epoch: 1 } }) } }
  const artifacts = await scratchArtifacts()
  const names = { peerOf: () => undefined, bind: async () => {} }
  const init = {
    log,
    home,
    signer: self,
    program: '0',
    workloads: new Map(),
    limits: receiveDefaults,
    archive: true,
    artifacts,
    supervisor: {} as CoordinatorInit['supervisor'],
    jobRecords: {} as CoordinatorInit['jobRecords'],
    names
  }
  const coordinator = new Coordinator(of as never, init)
  await coordinator.afterStart()
  const receiver = new Receiver(of as never, init)
  await receiver.start()
  const mover = new Mover({ ...of, coordinator, receiver } as never, init)
  const afterRun = new AfterRun({ ...of, coordinator, mover } as never, init)
  await new RunService({ ...of, coordinator, afterRun } as never, init).start()
  await new Leftovers(of as never, init).start()
  const to = ({ id }: Protocol<never, never> | { id: string }, from: { peer: string }): TestLink =>
    linkTo(serve({ ...protocols[id] } as never, served.get(id) as never), from.peer)
  return { coordinator, to }
}

const protocols = Object.fromEntries(
  [attachProtocol, cancelProtocol, changeToolsProtocol, collectProtocol, tarballProtocol].map(each => [each.id, each])
)

async function plantRun(home: Home): Promise<void> {
  const folder = new RunFolder(home.runs(run))
  await mkdir(folder.root, { recursive: true })
  const [entry] = manifest.roster
  await folder.seal({ ...runRecord, roster: [{ ...entry, peer: member.peer } as never] }, self)
  const journal = await openJournal(folder.journal)
  await journal.append({ n: 0, at: 1, type: 'offered' }, { sync: true })
  await journal.close()
}

const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'done',
    error => asBakError(error).code
  )

const read = async (way: TestLink) => {
  const found = []
  for await (const event of ask(way.open, attachProtocol, { run, from: 0 }, { signal: signal() }))
    found.push(event.type)
  return found.join(' ')
}

const followers: Array<[title: string, peer: { peer: string }, may: boolean]> = [
  ['a controller', ops, true],
  ['an agent that took part', member, true],
  ['an agent that did not', agent, false],
  ['who is no member', stranger, false]
]
for (const [title, peer, may] of followers) {
  test(`${title} ${may ? 'reads' : 'does not read'} the events of a run`, async () => {
    const { to } = await doors()
    const way = to(attachProtocol, peer)
    if (may) assert.is(await read(way), 'offered')
    else assert.is(await codeOf(read(way)), 'not-allowed')
  })
}

test('a request to follow that is no message is refused, and a road that breaks ends only itself', async () => {
  const { to } = await doors()
  const bad = to(attachProtocol, ops)
  bad.onSend = piece => piece.map((byte, i) => (i < 4 ? byte : 0xff))
  assert.is(await codeOf(read(bad)), 'bad-message')
  const cut = to(attachProtocol, ops)
  cut.onAnswer = (_, stream) => void stream.cut()
  assert.is(await codeOf(read(cut)), 'unreachable')
  assert.is(await read(to(attachProtocol, ops)), 'offered')
})

const asking: Array<[peer: { peer: string }, cancel: string, move: string]> = [
  // what is not there is said to those only who may ask for it
  [ops, 'no-such-run', 'cannot-create'],
  [member, 'not-allowed', 'not-allowed'],
  [agent, 'not-allowed', 'not-allowed'],
  [stranger, 'not-allowed', 'not-allowed']
]
for (const [peer, cancel, move] of asking) {
  test(`${roles[peer.peer] ?? 'a stranger'} that wants to cancel or to change tools hears ${cancel}, that brings a result ${move}`, async () => {
    const { to } = await doors()
    const order = { run, reason: 'enough' }
    const cancelled = askOne(to(cancelProtocol, peer).open, cancelProtocol, order, { signal: signal() })
    assert.is(await codeOf(cancelled), cancel)
    const change = { run, change: 'attach' as const, tool: 'vmstat', group: 'default', on: 'all', options: [] }
    const way = to(changeToolsProtocol, peer)
    assert.is(await codeOf(askOne(way.open, changeToolsProtocol, change, { signal: signal() })), cancel)
    const parcel = { run, what: 'x', kind: 'run' as const, digest: 'a'.repeat(64), bytes: 9, allow: [run] }
    const source = { read: async () => new Uint8Array(9) }
    const options = { signal: signal(), to: self.peer }
    assert.is(await codeOf(sendTarball(to(tarballProtocol, peer).open, parcel, source, options)), move)
  })
}

test('what a run left is for its controller only, and for that only as long as it is one', async () => {
  const { to } = await doors()
  const collect = (peer: { peer: string }) =>
    codeOf(askOne(to(collectProtocol, peer).open, collectProtocol, { run }, { signal: signal() }))
  assert.is(await collect(agent), 'not-allowed')
  assert.is(await collect(self), 'not-the-controller')
  const before = roles[ops.peer] as Role
  roles[ops.peer] = 'agent'
  assert.is(await collect(ops), 'not-allowed')
  roles[ops.peer] = before
})

test('a peer that is an agent begins no run, and says what mends that', async () => {
  const { coordinator } = await doors('agent')
  const before = await coordinator.folders()
  const asked = { spec: specOf(), directory: '/', env: {}, key: 'k' }
  const refusal = await coordinator.begin(asked).catch(error => error)
  assert.instance(refusal, BakError)
  assert.is(refusal.code, 'not-allowed')
  assert.match(refusal.message, 'bak-node invite --role controller')
  assert.equal(await coordinator.folders(), before)
})

test.run()
