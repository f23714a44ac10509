/** What a job has in its inputs, where it is from, and who is named to a member for it. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ArtifactProviders } from '../../../node/run/jobs/artifact-providers.ts'
import { givenKey } from '../../../node/run/jobs/graph-init.ts'
import { offerOf } from '../../../node/run/jobs/offer-of.ts'
import { resolveInputs } from '../../../node/run/jobs/resolved-inputs.ts'
import { TrackedJob } from '../../../node/run/jobs/tracked-job.ts'
import { stayAwake } from '../../helpers/streams.ts'
import { digest, GRAPH, jobOf, RUN, stateOf, TestGraph } from './test-graph.ts'

const test = suite('the inputs of a job')
test.after(stayAwake())

const planned = [
  { at: 'lib/out', from: { type: 'job' as const, job: 'lib', output: 'out' } },
  { at: 'src', from: { type: 'path' as const, path: 'src' } }
]
const output = { path: 'out', digest: digest('lib'), kind: 'file' as const, bytes: 5 }
const given = new Map([[givenKey('app', 'src'), { digest: digest('src'), bytes: 7, from: ['p'] }]])

test('outputs of other jobs and what the controller has are found by their places', () => {
  assert.equal(
    resolveInputs('app', planned, given, () => [output]),
    [
      { path: 'lib/out', digest: digest('lib'), bytes: 5, job: 'lib' },
      { path: 'src', digest: digest('src'), bytes: 7 }
    ]
  )
})

test('the first that is not there is named', () => {
  assert.is(
    resolveInputs('app', planned, given, () => undefined),
    'its input lib/out is not there: lib has no output out'
  )
  assert.is(
    resolveInputs('app', planned, new Map(), () => [output]),
    'its input src is not there'
  )
})

test('a member is named others that have an input, not itself, each member beginning with another one', () => {
  const holders = new ArtifactProviders()
  const peers = Array.from({ length: 20 }, (_, i) => `p${i}`)
  for (const peer of peers) holders.add(digest('src'), peer)
  const offered = (rank: number, inputs: number) => {
    const job = new TrackedJob(jobOf({ name: 'app' }), 0, [])
    job.inputs = Array.from({ length: inputs }, (_, i) => ({ path: `in${i}`, digest: digest('src'), bytes: 1 }))
    job.keys = [{ key: digest('key'), job: job.job, variables: {}, platform: 'linux-x64', inputs: [] }]
    return offerOf(job, 1, { peer: 'p0', platform: 'linux-x64', rank }, holders, { run: RUN, graph: GRAPH })
  }
  const { offer, expected } = offered(3, 1)
  assert.is(offer.inputs[0]?.from.length, 16)
  assert.equal(offer.inputs[0]?.from.slice(0, 2), ['p4', 'p5'])
  assert.not(offer.inputs[0]?.from.includes('p0'))
  assert.is(expected.key, digest('key'))
  assert.is(offered(0, 65).offer.inputs[0]?.from.length, 4)
})

test('a graph has what was given, and what jobs of earlier graphs have made, and names who has it', async () => {
  const setup = jobOf({ name: 'lib' })
  const first = new TestGraph({ jobs: [setup], members: [{}] })
  await first.run()
  const earlier = first.graph.finished
  const jobs = [
    jobOf({ name: 'app', role: 'work', needs: ['lib'], inputs: ['src'] }),
    jobOf({ name: 'lost', role: 'work', inputs: ['other'] }),
    jobOf({ name: 'none', role: 'work', inputs: [{ job: 'lib', output: 'out' }, 'gone'] })
  ]
  const made = { digest: digest('src'), bytes: 7, from: [first.self.peer] }
  const gone = { digest: digest('gone'), bytes: 7, from: [] }
  const map = new Map([
    [givenKey('app', 'src'), made],
    [givenKey('none', 'src'), made],
    [givenKey('none', 'gone'), gone]
  ])
  const next = new TestGraph({ jobs, members: [{}], run: { earlier, given: map } })
  const entries = await next.run()
  assert.equal(stateOf(entries), { app: 'done', lost: 'failed', none: 'failed' })
  assert.is(entries.lost?.reason, 'its input other is not there')
  assert.is(entries.none?.reason, 'nobody in reach has its input gone')
  const lib = earlier.get('lib')
  assert.equal(
    next.members[0]?.taken[0]?.inputs.map(({ path, from }) => [path, from]),
    [
      ['lib/out', lib?.holders],
      ['src', [first.self.peer]]
    ]
  )
  assert.is(entries.app?.needs[0], 'lib')
})

test.run()
