import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Agent } from '../../node/agent/agent.ts'
import type { AgentComponents } from '../../node/agent/agent-parts.ts'
import type { Allowance } from '../../node/agent/allow/allowance.ts'
import { GaugeHistory } from '../../node/agent/gauge-history.ts'
import { MemberState } from '../../node/agent/member-state.ts'
import type { State } from '../../node/agent/states.ts'
import { Content } from '../../node/artifacts/content.ts'
import type { Swarms } from '../../node/artifacts/swarm/swarms.ts'
import type { RunStreamServer } from '../../node/channels/run-stream-server.ts'
import { createLog } from '../../node/log.ts'
import type { LowNoiseMode } from '../../node/mesh/idle/low-noise.ts'
import type { Traffic } from '../../node/mesh/idle/traffic.ts'
import type { Members } from '../../node/mesh/membership/members.ts'
import type { Paths } from '../../node/mesh/paths/paths.ts'
import type { Streams } from '../../node/mesh/streams.ts'
import type { Authority } from '../../node/mesh/trust/authority.ts'
import { SocketFolder } from '../../node/processes/socket-folder.ts'
import type { FollowedRun, RunFeed } from '../../node/run/run-feed.ts'
import { openHome } from '../../node/store/home.ts'
import { openOutbox } from '../../node/store/outbox.ts'
import { Catalogue } from '../../node/tools/catalogue.ts'
import type { JobService } from '../../node/work/jobs/job-service.ts'
import { encode } from '../../protocols/codec.ts'
import { getProtocol } from '../../protocols/content.ts'
import { digestOf } from '../../protocols/digest.ts'
import { open, type Signer, seal } from '../../protocols/envelope.ts'
import { BakError } from '../../protocols/errors.ts'
import { type Offer, offerSubject } from '../../protocols/manifest.ts'
import type { ClosedPhase } from '../../protocols/notice.ts'
import { type Ack, ackSubject, type Command, commandSubject } from '../../protocols/phase.ts'
import { runStreamProtocol } from '../../protocols/run-stream.ts'
import { type Opener, serve } from '../../protocols/stream.ts'
import { scratchStore } from '../artifacts/scratch-artifacts.ts'
import { fake } from '../helpers/run.ts'
import { linkTo, newSigner, stayAwake } from '../helpers/streams.ts'
import { createWorkspace, until } from '../helpers/workspace.ts'
import { controller, member, notice, offer, record, run } from '../protocols/samples.ts'
import { scratch } from '../store/scratch.ts'

const test = suite('the member side of all runs of a peer')
test.after(stayAwake())
const ends = new Set<() => Promise<void>>()
test.after.each(async () => {
  for (const end of ends) await end()
  ends.clear()
})

const plainOffer: Offer = { ...offer, candidates: [{ peer: member.peer, name: 'node-b', tools: [] }] }

interface Given {
  /** The offer of the run, and who signs it. */
  of?: Offer
  signer?: Signer
  /** Whether the controller sends the offer on the run stream; otherwise it can be fetched. */
  onStream?: boolean
  home?: string
}

/** An agent whose only neighbour is the controller of a run. */
async function agentOf({ of = plainOffer, signer = controller, onStream = true, home: root }: Given = {}) {
  const sealed = seal(offerSubject, of, signer)
  const bytes = encode(sealed)
  const subject = digestOf(bytes)
  const acks: Ack[] = []
  const asked: string[] = []
  const entered: string[] = []
  const closed: ClosedPhase[] = []
  const log: string[] = []
  const runStream = linkTo(
    serve(runStreamProtocol, async function* (first, { receive }) {
      assert.equal(first, { type: 'open', run })
      yield { type: 'lease' }
      if (onStream) yield { type: 'content', bytes }
      for (let next = await receive(); next !== undefined; next = await receive()) {
        if (next.type === 'time') yield { type: 'time', asked: next.asked, heard: next.asked, answered: next.asked }
        if (next.type === 'acks') acks.push(...next.sealed.map(each => open(ackSubject, each).value))
      }
    }),
    member.peer
  )
  const contents = linkTo(
    serve(getProtocol, async function* ({ digest, offset, length }) {
      if (digest !== subject || onStream) throw new BakError('unknown-digest', 'it is not here')
      yield { total: bytes.length, bytes: bytes.subarray(offset, offset + length) }
    }),
    member.peer
  )
  const opener: Opener = async (protocol, options) => {
    asked.push(protocol)
    return await (protocol === getProtocol.id ? contents : runStream).open(protocol, options)
  }
  const streams = fake<Streams>({ to: () => opener as ReturnType<Streams['to']>, serve: async () => {} })
  const feed = Object.assign(
    new EventTarget(),
    fake<RunFeed>({
      enter: id => void entered.push(`enter ${id}`),
      leave: id => void entered.push(`leave ${id}`),
      get: () => ({ closed }) as unknown as FollowedRun
    })
  )
  const components: AgentComponents = {
    feed: feed as RunFeed,
    members: fake<Members>({ self: record, list: () => [] }),
    streams,
    paths: fake<Paths>({ of: () => undefined }),
    content: new Content({ streams }),
    swarms: fake<Swarms>({ store: await scratchStore() }),
    allowance: fake<Allowance>({
      ...{ admit: async () => {}, longestOf: () => undefined, guardsInWords: () => [] },
      whyAbsent: async () => undefined
    }),
    authority: new EventTarget() as Authority,
    lowNoise: fake<LowNoiseMode>({ set: () => {} }),
    traffic: fake<Traffic>({ total: { sent: 0, received: 0 } }),
    runStreams: fake<RunStreamServer>({ open: () => {}, close: () => {} }),
    jobService: fake<JobService>({ slots: 4 })
  }
  const workspace = createWorkspace('agent')
  const home = await openHome(root ?? join(scratch(), 'home'))
  const agent = new Agent(components, {
    ...{ home, signer: member, supervisor: workspace.supervisor, workloads: new Map(), onRunOver: () => {} },
    catalogue: new Catalogue(home.tools),
    guards: { sockets: new SocketFolder({ root: home.root, isPassage: false }) },
    log: createLog('info', line => log.push(line)),
    hooks: { until: () => ({ join: async () => [], end: async () => [] }) },
    gauges: new GaugeHistory(
      home.gauges,
      createLog('info', line => log.push(line))
    )
  })
  await agent.afterStart()
  ends.add(async () => {
    await agent.beforeStop()
    await workspace.close()
  })
  const hear = (change: Partial<Command> = {}, by: Signer = controller) => {
    const about = { run, epoch: 1, seq: 1, attempt: 0, phase: 'join', subject, issued: Date.now(), deadline: 5_000 }
    const value = { ...about, ...change } as Command
    const signed = { by: by.peer, value, envelope: seal(commandSubject, value, by) }
    feed.dispatchEvent(new CustomEvent('command', { detail: signed }))
  }
  /** A phase is over, as the mesh hears it. */
  const close = (phase: ClosedPhase['phase']) => {
    const value = { ...notice, phases: [{ ...(notice.phases[0] as ClosedPhase), phase }] }
    closed.push(...value.phases)
    feed.dispatchEvent(new CustomEvent('notice', { detail: { by: controller.peer, value } }))
  }
  return { agent, hear, close, acks, asked, entered, log, home, authority: components.authority }
}

test('it joins with the offer that comes on the run stream, and fetches nothing', async () => {
  const { agent, hear, acks, asked, entered } = await agentOf()
  hear()
  const ack = await until(() => acks[0])
  assert.equal([ack.phase, ack.outcome, ack.seq], ['join', 'ok', 1], ack.reason)
  assert.ok(ack.capabilities != null)
  assert.equal([agent.runs(), entered], [[run], [`enter ${run}`]])
  assert.equal(asked, [runStreamProtocol.id])
})

test('an offer that does not come on the stream is fetched by its digest', async () => {
  const { hear, acks, asked } = await agentOf({ onStream: false })
  hear()
  assert.is((await until(() => acks[0])).outcome, 'ok')
  assert.ok(asked.includes(getProtocol.id))
})

test('a peer that is not among the candidates leaves the topic of the run again', async () => {
  const others: Offer = { ...offer, candidates: [{ peer: newSigner().peer, name: 'node-z', tools: [] }] }
  const { agent, hear, acks, entered, log } = await agentOf({ of: others })
  hear()
  await until(() => (entered.length === 2 ? true : undefined))
  assert.equal(entered, [`enter ${run}`, `leave ${run}`])
  assert.equal([agent.runs(), acks, log], [[], [], []])
})

test('an offer that another peer signed, or of another run, is refused by name, and the topic left', async () => {
  for (const given of [{ signer: newSigner() }, { of: { ...plainOffer, run: '20261122T213015-aaaaaa' } }]) {
    const { agent, hear, entered, log } = await agentOf(given)
    hear()
    await until(() => (entered.length === 2 ? true : undefined))
    await until(() => log[0])
    assert.match(log.join(''), /command refused/)
    assert.match(log.join(''), /code=not-the-controller/)
    assert.equal([agent.runs(), entered.at(-1)], [[], `leave ${run}`])
  }
})

test('a join that names others is none for this peer, and so is any other command of a run that it is not in', async () => {
  const { hear, entered, asked } = await agentOf()
  hear({ to: [controller.peer] })
  hear({ phase: 'stage', seq: 2 })
  await sleep(50)
  assert.equal([entered, asked], [[], []])
})

test('a join that is repeated while it is considered, and after, is one run', async () => {
  const { hear, acks, entered, asked } = await agentOf()
  hear()
  hear({ attempt: 1 })
  await until(() => acks[0])
  hear({ attempt: 2 })
  await until(() => acks[1])
  assert.equal([entered, asked], [[`enter ${run}`], [runStreamProtocol.id]])
})

test('a peer stays on the topic of a run that is over here until it is over everywhere, and answers what is asked', async () => {
  const { agent, hear, close, acks, entered } = await agentOf()
  hear()
  await until(() => acks[0])
  hear({ phase: 'terminate', seq: 2 })
  await until(() => acks.find(({ phase }) => phase === 'terminate'))
  await until(() => (agent.runs().length === 0 ? true : undefined))
  close('end')
  hear({ attempt: 3 })
  await sleep(100)
  assert.equal([entered, agent.runs()], [[`enter ${run}`], []], 'a join that arrives late does not start it again')
  hear({ phase: 'terminate', seq: 3 })
  const late = await until(() => acks.find(({ seq }) => seq === 3))
  assert.equal([late.outcome, late.code], ['refused', 'state'])
  close('terminate')
  close('terminate')
  assert.equal(entered, [`enter ${run}`, `leave ${run}`])
})

test('a run that ends here after it has ended everywhere leaves its topic at once', async () => {
  const { hear, close, acks, entered } = await agentOf()
  hear()
  await until(() => acks[0])
  close('terminate')
  assert.equal(entered, [`enter ${run}`], 'it has not ended here')
  hear({ phase: 'terminate', seq: 2 })
  await until(() => (entered.length === 2 ? true : undefined))
  assert.equal(entered, [`enter ${run}`, `leave ${run}`])
})

test('the runs of a controller that is not let in any more are over', async () => {
  const { agent, hear, acks, authority } = await agentOf()
  hear()
  await until(() => acks[0])
  authority.dispatchEvent(new CustomEvent('refused', { detail: { peer: newSigner().peer } }) as never)
  assert.equal(agent.runs(), [run])
  authority.dispatchEvent(new CustomEvent('refused', { detail: { peer: controller.peer } }) as never)
  await until(() => (agent.runs().length === 0 ? true : undefined))
})

const restored: Array<[state: State, inIt: boolean]> = [
  ['joined', true],
  ['running', true],
  ['orphaned', false]
]
for (const [state, inIt] of restored) {
  test(`a daemon that starts again with a run that is ${state} ${inIt ? 'takes it up' : 'keeps its data and no more'}`, async () => {
    const root = join(scratch(), 'home')
    const home = await openHome(root)
    const folder = home.work(run)
    await mkdir(folder, { recursive: true })
    const outbox = await openOutbox(join(folder, 'outbox'), run)
    const offerSealed = seal(offerSubject, plainOffer, controller)
    const before = new MemberState({ ...{ folder, self: member.peer, outbox }, offerSealed })
    before.state = state
    await before.save()
    await before.close()
    await mkdir(before.data, { recursive: true })
    await writeFile(join(before.data, 'x.txt'), '12345')
    const { agent, entered, asked } = await agentOf({ home: root })
    assert.equal([agent.runs(), entered], [inIt ? [run] : [], [`enter ${run}`]])
    assert.is(agent.left(), inIt ? 0 : 5, 'bytes of runs that are over, which nobody has collected')
    assert.is(agent.member(run)?.state, state)
    await sleep(20)
    assert.equal(asked, inIt ? [runStreamProtocol.id] : [])
  })
}

test.run()
