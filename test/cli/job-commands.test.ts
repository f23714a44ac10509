/** The commands that ask what became of jobs. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { textOf } from '../../cli/commands/job/log.ts'
import type { CallRequest, CallResponse } from '../../protocols/control.ts'
import { BakError } from '../../protocols/errors.ts'
import { AT, DIGEST, PEER, RUN, useFakes, yields } from './fake.ts'

const bak = suite('bak job ls, show and log')
const fake = useFakes(bak)

const graph = { role: 'work' as const, step: { number: 1, name: 'default', sample: 1 } }
type Line = CallResponse<'jobs'>['jobs'][number]
const line = (job: string, more: Partial<Line>): Line => ({
  ...{ run: RUN, graph, job, state: 'done', at: 'n1', changed: AT },
  ...more
})
const lines = [
  line('lib', { member: 'n2', attempt: 2, duration: 1200, outputs: 1, bytes: 2048, why: 'input src has changed' }),
  line('test', { state: 'failed', member: 'n1', attempt: 1, exit: 3, duration: 80, reason: 'exit 3' }),
  line('app', { state: 'skipped', from: ['test'] })
]

bak('job ls says what became of each, with why', async () => {
  let asked: CallRequest<'jobs'> | undefined
  const { bak } = await fake({
    async *jobs(request) {
      asked = request
      yield { run: RUN, jobs: lines, isCut: false }
    }
  })
  const { stdout, status } = await bak('job', 'ls', '--where', 'state != done', '--sort', '-took')
  assert.equal(asked, { where: 'state != done', sort: '-took' })
  assert.is(
    stdout,
    [
      `jobs of ${RUN}, 1 done, 1 failed, 1 skipped`,
      'JOB   STATE    MEMBER  TRY  TOOK   EXIT  OUTPUTS     WHY',
      'lib   done     n2      2    1.2 s  -     1, 2.0 KiB  run because input src has changed',
      'test  failed   n1      -    80 ms  3     -           exit 3',
      'app   skipped  -       -    -      -     -           inherited from test',
      ''
    ].join('\n')
  )
  assert.is(status, 0)
})

bak('job ls of all runs names each, and who says nothing', async () => {
  const silent = [{ name: 'n9', reason: 'no answer within 20 s' }]
  const { bak } = await fake({ jobs: yields({ jobs: lines, isCut: true, silent }) })
  const { stdout, stderr, status } = await bak('job', 'ls', '--all')
  assert.match(stdout, new RegExp(`^RUN .*JOB .*AT +WHY\n${RUN} +lib .* n1 +run because input src`))
  assert.match(stderr, /n9 did not say what it knows: no answer within 20 s\nthere are more: --where says which/)
  assert.is(status, 2)
})

bak('a mistake in an expression is named without a daemon', async () => {
  const { bak } = await fake()
  const { status, stderr } = await bak('job', 'ls', '--where', 'stat = failed')
  assert.is(status, 64)
  assert.match(stderr, /there is no field stat; did you mean state\? .*\(column 1\)/)
})

const view: CallResponse<'job'> = {
  ...{ run: RUN, graph, job: 'lib', state: 'done', at: 'n1', graphs: ['1-default/sample1'] },
  entry: {
    ...{ graph, job: 'lib', role: 'work', state: 'done', needs: ['gen'], member: 'n2', by: PEER, run: RUN },
    ...{ began: AT, duration: 1200, why: 'no result of these inputs is known' },
    attempts: [
      { attempt: 0, member: 'n1', outcome: 'refused', code: 'busy', reason: 'no slot is free', offered: AT },
      { attempt: 1, member: 'n3', outcome: 'lost', reason: 'n3 is lost', offered: AT, ended: AT + 5_000 },
      { attempt: 2, member: 'n2', outcome: 'done', offered: AT, ended: AT + 1_300 }
    ],
    outputs: [{ path: 'lib.a', digest: DIGEST, kind: 'file', bytes: 2048 }]
  },
  script: '#!/bin/sh -e\necho "#BAK:PHASE build"\nmake\n',
  variables: { CFLAGS: '-O2' },
  inputs: [{ at: 'gen/x.c', from: 'gen/x.c', digest: 'b'.repeat(64) }],
  results: []
}

bak('job show has what was asked and how it went', async () => {
  const { bak } = await fake({ job: yields(view) })
  const { stdout, status } = await bak('job', 'show', 'lib')
  assert.match(
    stdout,
    new RegExp(`job: +lib of ${RUN}\nstate: +done\nwhy: +run because no result of these inputs is known\n`)
  )
  assert.match(stdout, /\nscript:\n {2}#!\/bin\/sh -e\n {2}echo "#BAK:PHASE build"\n {2}make\n\n/)
  assert.match(stdout, /VARIABLE +VALUE\nCFLAGS +-O2\n\nINPUT +FROM +DIGEST\ngen\/x.c +gen\/x.c +bbbbbbbbbbbb\n\n/)
  assert.match(stdout, /OUTPUT +KIND +BYTES +DIGEST\nlib.a +file +2.0 KiB +aaaaaaaaaaaa\n\n/)
  assert.match(
    stdout,
    /\n- +n1 +refused +- +- +no slot is free\n1 +n3 +lost +- +5.0 s +n3 is lost\n2 +n2 +done +- +1.3 s/
  )
  assert.is(status, 0)
  const { stdout: json } = await bak('job', 'show', 'lib', '--json')
  assert.equal(JSON.parse(json), view)
})

const log: CallResponse<'job-log'>[] = [
  { type: 'attempt', run: RUN, graph, job: 'lib', attempt: 2, member: 'n2', at: 'n2' },
  { type: 'lines', lines: [{ n: 1, t: 12, text: 'one' }] },
  { type: 'lines', lines: [{ n: 2, t: 1_500, phase: 'build', text: '\u001b[1mtwo' }] },
  { type: 'state', state: 'done' }
]

bak('job log prints the lines to stdout, and what is beside them to stderr', async () => {
  let asked: CallRequest<'job-log'> | undefined
  const { bak } = await fake({
    async *'job-log'(request) {
      asked = request
      yield* log
    }
  })
  const { stdout, stderr, status } = await bak('job', 'log', 'last/lib', '--attempt', '2')
  assert.equal(asked, { job: 'last/lib', attempt: 2 })
  assert.is(stdout, 'one\n\u001b[1mtwo\n')
  assert.is(stderr, `${RUN}/lib, attempt 2 on n2:\n`)
  assert.is(status, 0)
  const timed = await bak('job', 'log', 'lib', '--times')
  assert.is(timed.stdout, '    0.012 one\n    1.500 build: \u001b[1mtwo\n')
  const json = await bak('job', 'log', 'lib', '--json')
  assert.equal(
    json.stdout
      .trim()
      .split('\n')
      .map(each => JSON.parse(each)),
    log
  )
})

bak('a terminal gets no control characters of a log', () => {
  assert.is(textOf({ n: 1, t: 0, text: '\u001b[2Jx\ty' }, false, true), '\\x1b[2Jx\ty\n')
  assert.is(textOf({ n: 1, t: 0, phase: 'a\u001b[2Jb', text: 'x' }, true, true), '    0.000 a [2Jb: x\n')
})

bak('a log that is not whole is said, and is no success', async () => {
  const { bak } = await fake({
    'job-log': yields(
      { type: 'missing', reason: 'its log breaks off here: n2: gone' },
      { type: 'state', state: 'failed', reason: 'n2 is lost' }
    )
  })
  const { stdout, stderr, status } = await bak('job', 'log', 'lib')
  assert.is(stdout, '')
  assert.is(stderr, 'its log breaks off here: n2: gone\nlib failed: n2 is lost\n')
  assert.is(status, 2)
})

bak('a job that there is not is the error of the daemon', async () => {
  const { bak } = await fake({
    async *'job-log'() {
      throw new BakError('usage', `${RUN} has no job libb; did you mean lib?`)
    }
  })
  const { stderr, status } = await bak('job', 'log', 'libb')
  assert.is(stderr, `bak: ${RUN} has no job libb; did you mean lib?\n`)
  assert.is(status, 64)
})

bak('an attempt is a number', async () => {
  const { bak } = await fake()
  const { stderr, status } = await bak('job', 'log', 'lib', '--attempt', 'x')
  assert.match(stderr, /It is a number from 1/)
  assert.is(status, 64)
})

bak.run()
