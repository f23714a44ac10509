/** What peers tell each other of the jobs that they have done: what goes out and when, and what is taken. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Topic } from '../../node/mesh/gossip.ts'
import { LowNoiseMode } from '../../node/mesh/idle/low-noise.ts'
import { JobIndex } from '../../node/run/job-index.ts'
import { encode } from '../../protocols/codec.ts'
import { type Envelope, type Signed, type Signer, seal } from '../../protocols/envelope.ts'
import type { BakError } from '../../protocols/errors.ts'
import { topicName } from '../../protocols/hello.ts'
import { jobsDoneSubject } from '../../protocols/jobs/job-index.ts'
import type { JobResult } from '../../protocols/jobs/job-result.ts'
import { badlySigned, hex, signedResult } from '../helpers/job-results.ts'
import { addressOf, createMesh } from '../helpers/networks.ts'
import { newSigner } from '../helpers/streams.ts'
import { until } from '../helpers/until.ts'

const test = suite('the index of jobs')

const [self, other, stranger] = [newSigner(), newSigner(), newSigner()]
const parts: JobIndex[] = []
test.after(() => {
  for (const each of parts) each.stop()
})

type Heard = Signed<JobResult>[]

function indexOf() {
  const sent: Uint8Array[] = []
  const kept: Heard = []
  const lowNoise = new LowNoiseMode()
  let topic: Topic<Heard> | undefined
  let now = 0
  const part = new JobIndex(
    {
      gossip: {
        subscribe: each => {
          topic = each as unknown as Topic<Heard>
        },
        publish: (_, bytes) => void sent.push(bytes)
      },
      authority: { roleOf: peer => (peer === stranger.peer ? undefined : 'agent') },
      lowNoise
    },
    { mesh: 'mesh', signer: self, jobRecords: { keep: each => void kept.push(each) }, now: () => now }
  )
  parts.push(part)
  part.afterStart()
  const hear = (bytes: Uint8Array) => topic?.check(bytes, () => {}) ?? []
  const after = (ms: number) => {
    now += ms
  }
  return { part, sent, kept, lowNoise, hear, after, handle: (heard: Heard) => topic?.handle(heard, new Uint8Array()) }
}

const message = (results: Envelope[], by: Signer = other) => encode(seal(jobsDoneSubject, { results }, by))
const resultOf = (number: number, signer = other) => signedResult(signer, { key: hex(number) })

function codeOf(work: () => unknown): string {
  try {
    work()
    return 'ok'
  } catch (cause) {
    return `${(cause as BakError).code} ${(cause as Error).constructor.name}`
  }
}

test('results that are made one after the other go out together, and are kept where they are heard', async () => {
  const [here, there] = [indexOf(), indexOf()]
  const results = Array.from({ length: 70 }, (_, i) => resultOf(i, self))
  for (const each of results) here.part.publish(each)
  await until(() => here.sent.length === 2)
  const heard = here.sent.map(each => there.hear(each))
  assert.equal(
    heard.map(each => each.length),
    [64, 6]
  )
  for (const each of heard) there.handle(each)
  assert.equal(there.kept, results)
  assert.equal(here.kept, results)
})

test('what has failed, and what is large, is kept here and not told', async () => {
  const { part, sent, kept } = indexOf()
  const inputs = Array.from({ length: 1_000 }, (_, i) => ({ path: `input${i}`, digest: hex(i) }))
  part.publish(signedResult(self, { outcome: 'failed' }))
  part.publish(signedResult(self, { outcome: 'cancelled' }))
  part.publish(signedResult(self, { inputs }))
  await new Promise(resolve => setTimeout(resolve, 400))
  assert.equal([kept.length, sent.length], [3, 0])
})

test('while a run measures this machine nothing is told, and behind it all', async () => {
  const { part, sent, lowNoise, hear } = indexOf()
  part.publish(resultOf(1, self))
  lowNoise.set('run', true)
  await new Promise(resolve => setTimeout(resolve, 400))
  part.publish(resultOf(2, self))
  assert.is(sent.length, 0)
  lowNoise.set('run', false)
  await until(() => sent.length > 0)
  assert.is(hear(sent[0] as Uint8Array).length, 2)
})

for (const [words, make, expected] of [
  ['by a stranger', () => message([resultOf(1, stranger).envelope], stranger), 'not-ready Ignored'],
  ['by another than its signer', () => message([resultOf(1, self).envelope]), 'bad-message BakError'],
  ['that has failed', () => message([signedResult(other, { outcome: 'failed' }).envelope]), 'bad-message BakError'],
  ['in a message without any', () => message([]), 'bad-message BakError'],
  ['in a message that is cut', () => message([resultOf(1).envelope]).subarray(0, 300), 'bad-message BakError'],
  ['whose own signature is wrong', () => message([badlySigned(resultOf(1)).envelope]), 'ok']
] as const) {
  test(`a result ${words} is ${expected === 'ok' ? 'taken, as it is checked when it is read' : 'not taken'}`, () => {
    const { hear } = indexOf()
    assert.is(
      codeOf(() => hear(make())),
      expected
    )
  })
}

test('a message whose signature is wrong is not taken', () => {
  const sealed = seal(jobsDoneSubject, { results: [resultOf(1).envelope] }, other)
  const { hear } = indexOf()
  assert.is(
    codeOf(() => hear(encode({ ...sealed, signature: new Uint8Array(64) }))),
    'bad-signature BakError'
  )
})

test('a signer that tells of too many is not heard for a while, and another is', () => {
  const { hear, after } = indexOf()
  const results = Array.from({ length: 64 }, (_, i) => resultOf(i).envelope)
  const many = message(results)
  for (let i = 0; i < 128; i++) assert.is(hear(many).length, 64)
  assert.is(
    codeOf(() => hear(many)),
    'busy Ignored'
  )
  assert.is(hear(message([resultOf(1, self).envelope], self)).length, 1)
  after(1_000)
  assert.is(hear(many).length, 64)
})

test('a peer that is connected only with others hears of a result, too', async () => {
  const mesh = createMesh()
  try {
    const [a, b, c] = [await mesh.start(), await mesh.start(), await mesh.start()]
    await b.network.dial(addressOf(a))
    await c.network.dial(addressOf(b))
    const name = mesh.topic.split('/')[2] as string
    const heard: string[] = []
    const indexes = [a, b, c].map(({ gossip }, at) => {
      const part = new JobIndex(
        { gossip, authority: { roleOf: () => 'agent' }, lowNoise: new LowNoiseMode() },
        { mesh: name, signer: self, jobRecords: { keep: ({ value }) => void heard.push(`${at} ${value.job}`) } }
      )
      parts.push(part)
      part.afterStart()
      return part
    })
    const topic = topicName(name, 'jobs')
    await until(() => a.gossip.reaches(topic, [b.peer]) && b.gossip.reaches(topic, [a.peer, c.peer]))
    indexes[0]?.publish(resultOf(1, self))
    await until(() => heard.length === 3)
    assert.equal(heard.sort(), ['0 lib', '1 lib', '2 lib'])
  } finally {
    await mesh.stop()
  }
})

test.run()
