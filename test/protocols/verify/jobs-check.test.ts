/** What jobs came to held against what members signed: each thing that is changed is a fault. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { CheckedCertificate } from '../../../protocols/certificate.ts'
import { decode, encode } from '../../../protocols/codec.ts'
import { type Envelope, envelope, type Signer, seal } from '../../../protocols/envelope.ts'
import type { GraphAt } from '../../../protocols/jobs/graph-at.ts'
import { inputsOf } from '../../../protocols/jobs/job-inputs.ts'
import { jobKey } from '../../../protocols/jobs/job-key.ts'
import { type JobResult, jobResultSubject } from '../../../protocols/jobs/job-result.ts'
import { variablesOf } from '../../../protocols/jobs/job-variables.ts'
import { jobsAnswerOf } from '../../../protocols/jobs/jobs-answer.ts'
import type { JobEntry } from '../../../protocols/jobs/jobs-file.ts'
import type { RunRecord } from '../../../protocols/record.ts'
import { checkSpec } from '../../../protocols/run-file.ts'
import { checkJobs, faultsOfJobs } from '../../../protocols/verify/jobs-check.ts'
import { newSigner } from '../../helpers/streams.ts'
import { scratch } from '../../store/scratch.ts'
import { run, step } from '../samples.ts'

const checking = suite('what jobs came to, held against what members signed')

const signers: Record<string, Signer> = { a: newSigner(), b: newSigner() }
const stranger = newSigner()
const peerOf = (name: string) => (signers[name] as Signer).peer
const roster = Object.keys(signers).map(name => ({ peer: peerOf(name), name }))
const spec = checkSpec({
  iterations: [{ name: 'default', params: { size: '4k' } }],
  jobs: { env: { CC: 'cc' } },
  job: [
    { name: 'tool', role: 'setup', script: 'make tool', outputs: ['tool'] },
    { name: 'base', script: 'x', outputs: ['x'], inputs: ['src'] },
    { name: 'left', script: 'y', needs: ['base', 'tool'], outputs: ['y'] },
    { name: 'bad', script: 'exit 1' },
    { name: 'above', needs: ['bad'], script: 'z' },
    { name: 'gone', script: 'z', when: { env: 'CI' } }
  ]
})
const setup: GraphAt = { role: 'setup' }
const work: GraphAt = { role: 'work', step }
const digestOf = (letter: string) => letter.repeat(64)
const outputOf = (path: string, letter: string) => ({
  path,
  digest: digestOf(letter),
  kind: 'file' as const,
  bytes: 3
})

interface Made {
  entries: JobEntry[]
  record: RunRecord
  certificates: CheckedCertificate[]
}

/** A result of a job, as a member makes it of what its needs have made. */
function resultFor(job: string, graph: GraphAt, made: JobEntry[], change: Partial<JobResult> = {}): JobResult {
  const of = spec.job.find(each => each.name === job) as (typeof spec.job)[number]
  const outputs = of.outputs.map((path, i) => outputOf(path, 'cdef'[i + (job === 'left' ? 1 : 0)] as string))
  const inputs = inputsOf(of, spec.job).map(({ at, from }) => ({
    path: at,
    digest:
      from.type === 'job'
        ? (made.find(each => each.job === from.job)?.outputs.find(({ path }) => path === from.output)?.digest as string)
        : digestOf('1')
  }))
  const variables = variablesOf(of, spec, graph.step == null ? undefined : spec.iterations[0])
  return {
    ...{ run, graph, job, attempt: 1, outcome: 'done', timedOut: false, exit: 0 },
    ...{ began: 1_000, duration: 20, inputs, outputs, lines: 1, dropped: 0, tail: [], platform: 'linux-x64' },
    key: jobKey({ job: of, variables, platform: 'linux-x64', image: undefined, inputs }),
    ...change
  } as JobResult
}

const sealed = (result: JobResult, signer: Signer): Envelope => seal(jobResultSubject, result, signer)
const inBase64 = (envelope: Envelope) => Buffer.from(encode(envelope)).toString('base64')

function entryFor(job: string, graph: GraphAt, member: string, made: JobEntry[], change: Partial<JobResult> = {}) {
  const result = resultFor(job, graph, made, change)
  const of = spec.job.find(each => each.name === job) as (typeof spec.job)[number]
  const entry: JobEntry = {
    ...{ graph, job, role: of.role, state: result.outcome, needs: of.needs.map(need => need.job) },
    attempts: [{ attempt: 1, member, outcome: result.outcome, offered: 900, ended: 1_030 }],
    ...{ member, by: peerOf(member), began: 1_000, duration: 20 },
    outputs: result.outcome === 'done' ? result.outputs : [],
    result: inBase64(sealed(result, signers[member] as Signer))
  }
  return entry
}

function makeRun(): Made {
  const tool = entryFor('tool', setup, 'a', [])
  const base = entryFor('base', work, 'b', [])
  const left = entryFor('left', work, 'a', [tool, base])
  const bad = entryFor('bad', work, 'b', [], { outcome: 'failed', exit: 1 })
  const plain = { graph: work, role: 'work' as const, attempts: [], outputs: [] }
  const above: JobEntry = { ...plain, job: 'above', state: 'skipped', needs: ['bad'], from: ['bad'] }
  const gone: JobEntry = { ...plain, job: 'gone', state: 'left-out', needs: [] }
  const entries = [tool, base, left, bad, above, gone]
  const workload = [{ step, jobs: true, error: 'job bad on b: exit 1', duration: 90, timedOut: false }]
  const record = {
    ...{ run, spec, roster, workload, verdict: 'workload-failed', controller: { peer: peerOf('a'), name: 'a' } },
    jobs: { done: 3, failed: 1, skipped: 1, 'left-out': 1 }
  } as unknown as RunRecord
  return { entries, record, certificates: certificatesOf(entries) }
}

/** What members answer for the results that are in these entries. */
function certificatesOf(entries: JobEntry[]): CheckedCertificate[] {
  const graphs: Array<[GraphAt, object]> = [
    [setup, { when: 'begin' }],
    [work, { step }]
  ]
  return graphs.map(([graph, at]) => ({
    value: { phase: 'work', part: 'jobs', ...at },
    acks: roster.map(({ peer }) => {
      const own = entries.filter(each => each.graph === graph && each.by === peer && each.state !== 'reused')
      const results = own.map(each => readEnvelope(each.result as string))
      return { by: peer, value: { outcome: 'ok', jobs: jobsAnswerOf(results) } }
    })
  })) as unknown as CheckedCertificate[]
}

const readEnvelope = (text: string) => decode(envelope, new Uint8Array(Buffer.from(text, 'base64')))
const faultsIn = ({ entries, record, certificates }: Made) =>
  faultsOfJobs(entries, record, certificates).map(({ what }) => what)
const entryIn = ({ entries }: Made, job: string) => entries.find(each => each.job === job) as JobEntry

checking('a result that is as it was signed has no fault', () => assert.equal(faultsIn(makeRun()), []))

const changes: Array<[title: string, change: (made: Made) => void, ...faults: RegExp[]]> = [
  [
    'an output is another',
    made => {
      entryIn(made, 'left').outputs = [outputOf('y', 'f')]
    },
    /^1-default\/sample1: left: its outputs are not those of its result$/
  ],
  [
    'the output of a need is another, also in its result',
    made => {
      const base = entryIn(made, 'base')
      const result = resultFor('base', work, [], { outputs: [outputOf('x', 'f')] })
      Object.assign(base, { outputs: result.outputs, result: inBase64(sealed(result, signers.b as Signer)) })
      made.certificates = certificatesOf(made.entries)
    },
    /^1-default\/sample1: left: its input base\/x is not what the job made that it is from$/
  ],
  [
    'a result is signed by a stranger',
    made => {
      const base = entryIn(made, 'base')
      base.by = stranger.peer
      base.result = inBase64(sealed(resultFor('base', work, []), stranger))
    },
    /base: its result is signed by 12D3.*, who is no member of the run$/,
    /b answered for 2 results, and 1 of it are here, or others$/
  ],
  [
    'a result is that of another job',
    made => {
      entryIn(made, 'base').result = entryIn(made, 'bad').result as string
    },
    /base: its result is that of bad \(1-default\/sample1\)/,
    /base: it is done, and its result says failed$/,
    /b answered for 2 results, and 1 of it/
  ],
  [
    'a signature is broken',
    made => {
      const { by, body, signature } = readEnvelope(entryIn(made, 'base').result as string)
      signature[3] = (signature[3] ?? 0) ^ 1
      entryIn(made, 'base').result = inBase64({ by, body, signature })
    },
    /base: its result: the signature of .* is wrong$/,
    /b answered for 2 results/
  ],
  [
    'a failure is called done',
    made => {
      entryIn(made, 'bad').state = 'done'
      made.record.jobs = { done: 4, skipped: 1, 'left-out': 1 }
    },
    /bad: it is done, and its result says failed$/,
    /above: it is skipped because of bad, which has not failed$/
  ],
  [
    'a failed job is taken out of the record',
    made => {
      made.record.jobs = { done: 4, skipped: 1, 'left-out': 1 }
    },
    /^it says that 4 jobs are done; 3 are$/
  ],
  [
    'the jobs of a sample are said to have gone well',
    made => {
      Object.assign(made.record.workload[0] as object, { error: undefined, exit: 0 })
    },
    /^it says that the jobs of 1-default\/sample1 went well, which is not so$/
  ],
  [
    'a job is missing',
    made => {
      made.entries.splice(1, 1)
      made.record.jobs = { done: 2, failed: 1, skipped: 1, 'left-out': 1 }
    },
    /^1-default\/sample1: it lacks base$/,
    /left: it is done, and base, which it needs, is not$/,
    /left: its input base\/x is not what the job made/,
    /b answered for 2 results, and 1 of it/
  ],
  [
    'a job is there twice',
    made => {
      made.entries.push({ ...entryIn(made, 'gone') })
      made.record.jobs = { done: 3, failed: 1, skipped: 1, 'left-out': 2 }
    },
    /^1-default\/sample1: it has a job twice$/
  ],
  [
    'a job is one of no spec',
    made => {
      made.entries.push({ ...entryIn(made, 'gone'), job: 'other' })
      made.record.jobs = { done: 3, failed: 1, skipped: 1, 'left-out': 2 }
    },
    /^1-default\/sample1: other is no job of the role work in the spec$/
  ],
  [
    'the script of the spec is another',
    made => {
      const job = spec.job.map(each => (each.name === 'base' ? { ...each, script: 'other' } : each))
      made.record = { ...made.record, spec: { ...spec, job } }
    },
    /base: its result is not of this script, these variables and its inputs: its key differs$/
  ],
  [
    'a variable of the spec is another',
    made => {
      made.record = {
        ...made.record,
        spec: { ...spec, jobs: { ...(spec.jobs as object), env: { CC: 'gcc' } } as never }
      }
    },
    ...['tool', 'base', 'left', 'bad'].map(name => new RegExp(`${name}: its result is not of this script`))
  ],
  [
    'a member signed a result that is not here',
    made => {
      const other = sealed(resultFor('base', work, [], { attempt: 2, outcome: 'failed' }), signers.b as Signer)
      const own = ['base', 'bad'].map(job => readEnvelope(entryIn(made, job).result as string))
      const [, certificate] = made.certificates
      const ack = certificate?.acks.find(({ by }) => by === peerOf('b')) as any
      ack.value.jobs = jobsAnswerOf([...own, other])
    },
    /^1-default\/sample1: b answered for 3 results, and 2 of it are here, or others$/
  ],
  [
    'a job is done that nobody signed',
    made => {
      entryIn(made, 'base').result = undefined
    },
    /base: it is done, and no member signed its result$/,
    /b answered for 2 results/
  ],
  [
    'a skipped job names no cause',
    made => {
      entryIn(made, 'above').from = []
    },
    /above: it is skipped, and names no job that failed$/
  ],
  [
    'the duration is another',
    made => {
      entryIn(made, 'base').duration = 1
    },
    /base: its duration is not that of its result$/
  ],
  [
    'the member is another',
    made => {
      Object.assign(entryIn(made, 'base'), { member: 'a', by: undefined })
    },
    /base: its result is signed by b, not by a$/
  ],
  [
    'no attempt is that of the result',
    made => {
      entryIn(made, 'base').attempts = []
    },
    /base: none of its attempts is attempt 1 on b$/
  ]
]
for (const [title, change, ...faults] of changes)
  checking(`it is told if ${title}`, () => {
    const made = makeRun()
    change(made)
    const found = faultsIn(made)
    assert.is(found.length, faults.length, found.join('\n'))
    for (const each of faults)
      assert.ok(
        found.some(what => each.test(what)),
        `${each} in\n${found.join('\n')}`
      )
  })

checking('a reused result is one of a member, in the run that it says', () => {
  const made = makeRun()
  const other = '20261122T213015-aaaaaa'
  const tool = entryIn(made, 'tool')
  const result = resultFor('tool', setup, [], { run: other })
  Object.assign(tool, {
    state: 'reused',
    run: other,
    attempts: [],
    result: inBase64(sealed(result, signers.b as Signer))
  })
  Object.assign(tool, { by: peerOf('b'), member: 'b', began: undefined, duration: undefined })
  made.record.jobs = { done: 2, reused: 1, failed: 1, skipped: 1, 'left-out': 1 }
  made.certificates = certificatesOf(made.entries)
  assert.equal(faultsIn(made), [])
  tool.run = '20261122T213015-bbbbbb'
  assert.match(faultsIn(made).join(), /tool: its result is of tool in run 20261122T213015-aaaaaa, not of run/)
  Object.assign(tool, { run: other, by: stranger.peer, result: inBase64(sealed(result, stranger)) })
  assert.equal(faultsIn(made), [])
  const own = resultFor('tool', setup, [])
  Object.assign(tool, { run: undefined, result: inBase64(sealed(own, stranger)) })
  assert.match(faultsIn(made).join(), /tool: its result is signed by .*, who is no member of this run/)
})

checking('an attempt whose job was run again keeps its result, and its member answered for it', () => {
  const made = makeRun()
  const first = sealed(resultFor('base', work, [], { outcome: 'failed' }), signers.a as Signer)
  const second = resultFor('base', work, [], { attempt: 2 })
  const base = entryIn(made, 'base')
  base.attempts = [
    { attempt: 1, member: 'a', outcome: 'lost', offered: 1, result: inBase64(first) },
    { attempt: 2, member: 'b', outcome: 'done', offered: 2 }
  ]
  base.result = inBase64(sealed(second, signers.b as Signer))
  made.certificates = certificatesOf(made.entries)
  assert.match(faultsIn(made).join(), /a answered for 1 results, and 2 of it are here/)
  const ack = made.certificates[1]?.acks.find(({ by }) => by === peerOf('a')) as any
  ack.value.jobs = jobsAnswerOf([readEnvelope(entryIn(made, 'left').result as string), first])
  assert.equal(faultsIn(made), [])
})

checking('a job that was made again has made what those have that were done before, and only what it made', () => {
  const made = makeRun()
  const base = entryIn(made, 'base')
  const first = base.result as string
  const outputs = [outputOf('x', 'f')]
  const again = (change: Partial<JobResult>) => {
    const result = resultFor('base', work, [], { attempt: 2, ...change })
    const isDone = result.outcome === 'done'
    base.attempts = [
      { attempt: 1, member: 'b', outcome: 'done', offered: 1, result: first },
      { attempt: 2, member: 'b', outcome: result.outcome as 'done', offered: 2 }
    ]
    Object.assign(base, { state: result.outcome, outputs: isDone ? result.outputs : [] })
    base.result = inBase64(sealed(result, signers.b as Signer))
    const ack = made.certificates[1]?.acks.find(({ by }) => by === peerOf('b')) as any
    const results = [first, base.result, entryIn(made, 'bad').result as string]
    ack.value.jobs = jobsAnswerOf(results.map(readEnvelope))
  }
  again({ outputs })
  assert.equal(faultsIn(made), [])
  again({ outcome: 'failed', outputs: [] })
  made.record.jobs = { done: 2, failed: 2, skipped: 1, 'left-out': 1 }
  assert.equal(faultsIn(made), [])
  delete base.attempts[0]?.result
  assert.match(faultsIn(made).join(), /left: it is done, and base, which it needs, is not/)
})

checking('a file that is missing or none is told, and none is expected where no member answered for jobs', async () => {
  const { record, certificates, entries } = makeRun()
  const dir = scratch()
  const check = async (about = record, signed = certificates) =>
    (await checkJobs(dir, about, signed)).map(({ where, what }) => `${where}: ${what}`)
  assert.equal(await check(), ['jobs.json: is missing: members answered for jobs'])
  assert.equal(await check(record, []), [])
  assert.equal(await check({ ...record, verdict: 'failed' }), [])
  writeFileSync(join(dir, 'jobs.json'), '{')
  assert.match((await check())[0] ?? '', /^jobs\.json: .*not JSON/)
  writeFileSync(join(dir, 'jobs.json'), JSON.stringify({ format: 1, jobs: entries }))
  assert.equal(await check(), [])
  const plain = { ...record, spec: checkSpec({ command: ['x'] }), jobs: undefined }
  assert.equal(await check(plain, []), ['jobs.json: is there, and the run has no jobs'])
})

checking('a run whose daemon was killed may lack the last results, and has no others', () => {
  const made = makeRun()
  made.record.verdict = 'failed'
  entryIn(made, 'base').result = undefined
  entryIn(made, 'left').attempts = []
  assert.equal(faultsIn(made), [])
  entryIn(made, 'base').result = inBase64(sealed(resultFor('base', work, [], { lines: 9 }), signers.b as Signer))
  assert.match(faultsIn(made).join(), /b answered for 2 results, and 2 of it are here, or others/)
})

checking.run()
