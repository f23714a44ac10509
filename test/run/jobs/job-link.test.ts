/** The controller's end of a member's stream of jobs: what it says on each stream, and what it makes of a member that does not keep to the protocol. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { JobLink } from '../../../node/run/jobs/job-link.ts'
import type { LinkEvents } from '../../../node/run/jobs/link-events.ts'
import { BakError, type ErrorCode } from '../../../protocols/errors.ts'
import { type FromJobs, jobStreamProtocol, type ToJobs } from '../../../protocols/jobs/job-stream.ts'
import { Queue } from '../../../protocols/queue.ts'
import { type Handler, serve } from '../../../protocols/stream.ts'
import { linkTo, newSigner, stayAwake } from '../../helpers/streams.ts'
import { until } from '../../helpers/until.ts'
import { digest, GRAPH, RUN } from './test-graph.ts'

const test = suite('the link to a member that runs jobs')
test.after(stayAwake())

const SLOTS = { type: 'slots', max: 4, taken: 0, free: 4, offers: 0 } as const

/** A member that says what the test has it say; one list of what it heard for each stream. */
class Speaker {
  readonly heard: ToJobs[][] = []
  readonly signer = newSigner()
  fault: ErrorCode | undefined
  first: FromJobs[] = [SLOTS]
  #out = new Queue<FromJobs>(1_000)

  readonly handler: Handler<ToJobs, FromJobs> = (first, { receive }) => this.#serve(first, receive)
  readonly link = linkTo(serve(jobStreamProtocol, this.handler), newSigner().peer)

  say(message: FromJobs): void {
    this.#out.offer(message)
  }

  close(): void {
    this.#out.end()
  }

  get types(): string[][] {
    return this.heard.map(messages => messages.map(({ type }) => type))
  }

  async *#serve(first: ToJobs, receive: () => Promise<ToJobs | undefined>): AsyncGenerator<FromJobs> {
    if (this.fault != null) throw new BakError(this.fault, 'as the test says')
    const heard = [first]
    this.heard.push(heard)
    this.#out = new Queue(1_000)
    const out = this.#out
    const read = async () => {
      for (let next = await receive(); next !== undefined; next = await receive()) heard.push(next)
    }
    void read()
      .catch(() => {})
      .finally(() => out.end())
    yield* this.first
    for (let next = await out.take(); next !== undefined; next = await out.take()) yield next
  }
}

function linked(lostTimeoutMs = 0) {
  const speaker = new Speaker()
  const told: unknown[][] = []
  const note =
    (what: string) =>
    (...args: unknown[]) =>
      void told.push([what, ...args.map(each => (each instanceof Error ? each.message : each))])
  const on = Object.fromEntries(
    ['slots', 'down', 'lost', 'refused', 'started', 'stated', 'lines', 'broken', 'ended'].map(each => [
      each,
      note(each)
    ])
  ) as unknown as LinkEvents
  const link = new JobLink({
    run: RUN,
    graph: GRAPH,
    peer: speaker.signer.peer,
    open: speaker.link.open,
    lostTimeoutMs,
    on
  })
  link.start()
  const count = (what: string) => told.filter(([each]) => each === what).length
  return { link, speaker, told, count }
}

const offer = (job: string, attempt = 1) => ({ job, attempt, inputs: [] })
const expected = { run: RUN, graph: GRAPH, job: 'a', attempt: 1, key: digest('key'), inputs: [], outputs: [] }
const name = { job: 'a', attempt: 1 }

test('it opens with what it believes to run, and repeats cancels and what it wants on each stream', async () => {
  const { link, speaker, count } = linked()
  await until(() => link.isUp)
  link.offer(offer('a'), expected)
  link.offer(offer('b'), { ...expected, job: 'b' })
  link.want(3, 2)
  link.cancel({ job: 'b', attempt: 1 })
  await until(() => speaker.heard[0]?.length === 5)
  assert.equal(speaker.types, [['open', 'offer', 'offer', 'want', 'cancel']])
  speaker.link.streams[0]?.cut()
  await until(() => link.isUp && speaker.heard[1]?.length === 3)
  assert.equal(speaker.heard[1], [
    { type: 'open', run: RUN, graph: GRAPH, running: [name, { job: 'b', attempt: 1 }] },
    { type: 'cancel', job: 'b', attempt: 1 },
    { type: 'want', slots: 3, most: 2 }
  ])
  assert.is(count('down'), 1)
  link.stop('enough')
})

test('what it wants is told when it changes, and only then', async () => {
  const { link, speaker } = linked()
  await until(() => link.isUp)
  for (const slots of [1, 1, 2, 2, 0]) link.want(slots, slots)
  await until(() => speaker.heard[0]?.length === 4)
  assert.equal(
    speaker.heard[0]?.slice(1).map(each => each.type === 'want' && each.slots),
    [1, 2, 0]
  )
  link.stop('enough')
})

test('what comes of attempts that it does not know is answered, and goes no further', async () => {
  const { link, speaker, told } = linked()
  await until(() => link.isUp)
  const sealed = { by: speaker.signer.peer, body: new Uint8Array(1), signature: new Uint8Array(64) }
  speaker.say({ type: 'started', ...name, at: 1 })
  speaker.say({ type: 'lines', ...name, lines: [] })
  speaker.say({ type: 'ended', ...name, sealed })
  speaker.say({ type: 'broken', ...name, code: 'io', reason: 'no space' })
  await until(() => speaker.heard[0]?.length === 4)
  assert.equal(speaker.types, [['open', 'cancel', 'cancel', 'got']])
  assert.equal(
    told.map(([what]) => what),
    ['slots']
  )
  link.stop('enough')
})

test('questions are answered by their numbers, and fail with their stream', async () => {
  const { link, speaker } = linked()
  assert.is(await link.hold([digest('a')]).catch(({ code }) => code), 'unreachable')
  await until(() => link.isUp)
  const first = link.hold([digest('a'), digest('b')])
  const second = link.look([digest('k')])
  speaker.say({ type: 'found', id: 2, results: [] })
  speaker.say({ type: 'held', id: 1, digests: [digest('b')] })
  assert.equal(await first, [digest('b')])
  assert.equal(await second, [])
  const third = link.hold([digest('a')]).catch(({ code }) => code)
  speaker.link.streams[0]?.cut()
  assert.is(await third, 'unreachable')
  link.stop('enough')
})

test('that a graph is over is told until it was heard, which is when the member closes the stream behind it', async () => {
  const { link, speaker } = linked()
  await until(() => link.isUp)
  link.over()
  await until(() => speaker.types[0]?.includes('over'))
  speaker.link.streams[0]?.cut()
  await until(() => speaker.types[1]?.includes('over'))
  assert.is(link.isUp, false, 'nothing is offered any more')
  speaker.close()
  await link.told
  assert.equal(speaker.types, [
    ['open', 'over'],
    ['open', 'over']
  ])
})

test('a member where the graph is over already has heard it; before that, it is out', async () => {
  const over = linked()
  await until(() => over.link.isUp)
  over.speaker.fault = 'phase-closed'
  over.speaker.link.streams[0]?.cut()
  over.link.over()
  await over.link.told
  assert.is(over.count('lost'), 0)
  const early = linked()
  await until(() => early.link.isUp)
  early.speaker.fault = 'phase-closed'
  early.speaker.link.streams[0]?.cut()
  await early.link.told
  assert.equal(early.told.at(-1), ['lost', 'as the test says', true])
})

test('a member that is out of reach for too long is lost once, and found again with nothing', async () => {
  const { link, speaker, told, count } = linked(80)
  await until(() => link.isUp)
  link.offer(offer('a'), expected)
  speaker.fault = 'unreachable'
  speaker.link.streams[0]?.cut()
  await until(() => count('lost') === 1)
  assert.equal(told.at(-1), ['lost', 'out of reach for more than 0.08 s', false])
  speaker.fault = undefined
  await until(() => link.isUp)
  assert.equal(speaker.heard.at(-1)?.[0], { type: 'open', run: RUN, graph: GRAPH, running: [] })
  assert.is(count('lost'), 1)
  link.stop('enough')
})

test('a member that sends what cannot be read is given up in the end', async () => {
  const { link, speaker, told } = linked()
  speaker.first = [{ type: 'nonsense' } as never]
  await link.told
  assert.is(told.at(-1)?.[0], 'lost')
  assert.is(told.at(-1)?.[2], true)
})

test('a stream that is stopped ends, and says nothing more', async () => {
  const { link, speaker, told } = linked(30)
  await until(() => link.isUp)
  link.offer(offer('a'), expected)
  link.stop('enough')
  await link.told
  const before = told.length
  speaker.say({ type: 'started', ...name, at: 1 })
  await new Promise(resolve => setTimeout(resolve, 60))
  assert.is(told.length, before)
  assert.is(speaker.heard.length, 1)
})

test.run()
