/** What a run came to, as JUnit files. */
import { execFileSync } from 'node:child_process'
import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { junitOf } from '../../cli/junit.ts'
import type { RunRecord } from '../../protocols/record.ts'
import { checkSpec } from '../../protocols/run-file.ts'
import { needs, skipWhere } from '../helpers/skip.ts'
import { runRecord, specOf } from '../protocols/samples.ts'
import { AT } from './fake.ts'

const junit = suite('JUnit files')
const parsed = skipWhere(needs('python3'), junit)

const stepOf = (sample: number) => ({ number: 1, name: 'default', sample })
const entry = (sample: number, exit = 0) => ({ step: stepOf(sample), exit, duration: 2500, timedOut: false })
const record: RunRecord = {
  ...runRecord,
  ...{ name: 'fio', state: 'ended', verdict: 'ok', created: AT, took: 12_345, workload: [entry(1), entry(2)] },
  ...{ shortfalls: [], excluded: [] },
  spec: specOf({ samples: 2, tags: { kernel: '6.18' } })
}
const text = (change: Partial<RunRecord> = {}, strict = false, tags = {}) =>
  junitOf({ ...record, ...change }, { strict, tags })

junit('a run that is well has a case for itself, for each sample, and for what it was asked for', () => {
  const xml = text({}, false, { keep: 'yes' })
  assert.match(
    xml,
    /<testsuite name="fio \S+" tests="4" failures="0" errors="0" skipped="0" time="12\.345" timestamp="2026-11-22T21:30:15"/
  )
  assert.match(xml, '<testcase classname="bak.fio.samples" name="1-default/sample2" time="2.500"/>')
  assert.match(xml, '<property name="tags.kernel" value="6.18"/>')
  assert.match(xml, '<property name="tags.keep" value="yes"/>')
})

junit('a search has a case for each sample that it took, and for no other value', () => {
  const spec = checkSpec({
    task: [{ name: 't', operation: { type: 'http', url: 'http://127.0.0.1/' }, time_period: 1 }],
    threshold: [{ metric: 't.latency.p99', max: 20 }],
    search: { from: 1, to: 9, step: 1 }
  })
  const steps = [1, 1, 2].map((number, i) => ({ number, name: spec.iterations[number - 1]?.name ?? '', sample: i + 1 }))
  const xml = text({ spec, workload: steps.map(step => ({ ...entry(1), step })) })
  assert.is(xml.match(/classname="bak\.fio\.samples"/g)?.length, 3)
  assert.not.match(xml, 'not taken')
})

junit('a sample that failed is a failure, one that was repeated is skipped, one that was not taken too', () => {
  const failed = { verdict: 'workload-failed' as const, workload: [entry(1, 7)] }
  const xml = text(failed)
  assert.match(xml, 'name="1-default/sample1" time="2.500"><failure message="exit 7" type="workload-failed"/>')
  assert.match(xml, 'name="1-default/sample2" time="0.000"><skipped message="not taken: the run ended before"/>')
  const spec = specOf({ samples: 2, max_sample_failures: 1 })
  const repeated = text({ spec, workload: [entry(1, 7), entry(2), entry(3)] })
  assert.match(repeated, 'failures="0" errors="0" skipped="1"')
  assert.match(repeated, '<skipped message="failed, and was repeated: exit 7"/>')
})

junit('a threshold that is missed is a failure, one that is not decided an error', () => {
  const spec = specOf({
    samples: 2,
    threshold: [
      { metric: 'iops', min: 10 },
      { metric: 'p99', max: 5 }
    ]
  })
  const of = { iteration: { number: 1, name: 'default' }, samples: 2 }
  const xml = text({
    ...{ spec, verdict: 'threshold' },
    thresholds: [
      { ...of, threshold: 0, metric: 'iops', outcome: 'missed', value: 9, unit: '/s' },
      { ...of, threshold: 1, metric: 'p99', outcome: 'undecided', reason: 'no sample states it' }
    ]
  })
  assert.match(xml, 'failures="1" errors="1"')
  assert.match(
    xml,
    'name="iops min 10 in 1-default" time="0.000"><failure message="iops of 1-default is 9 /s, min 10 (median of 2 samples)" type="missed"/>'
  )
  assert.match(xml, '<error message="p99 of 1-default: not decided, no sample states it" type="undecided"/>')
})

junit('a run that was ended is an error; what is missing is skipped, or a failure where all was asked for', () => {
  assert.match(
    text({ verdict: 'quorum', reason: 'b: lost' }),
    '<error message="quorum not met: b: lost" type="quorum"/>'
  )
  const shortfalls = [{ kind: 'tool' as const, member: 'b', what: 'sar', reason: 'not found' }]
  assert.match(text({ shortfalls }), '<skipped message="missing sar on b: not found"/>')
  assert.match(text({ shortfalls }, true), '<failure message="missing sar on b: not found" type="partial"/>')
})

/** What another program reads of it. */
const messagesIn = (xml: string): string[] =>
  JSON.parse(
    execFileSync(
      'python3',
      [
        '-c',
        'import sys,json,xml.etree.ElementTree as e; print(json.dumps([f.get("message") for f in e.fromstring(sys.stdin.buffer.read()).iter("error")]))'
      ],
      { input: xml, encoding: 'utf8' }
    )
  )

parsed('whatever others wrote, it is XML, and says what they wrote', () => {
  const said = `"a" <b> & 'c'\n]]>\t😀 ü`
  assert.equal(messagesIn(text({ verdict: 'failed', reason: said })), [`failed: ${said}`])
  assert.equal(messagesIn(text({ verdict: 'failed', reason: 'a\0b\u001b[31m\uFFFE\uD800' })), [
    'failed: a\uFFFDb\uFFFD[31m\uFFFD\uFFFD'
  ])
  const reasons = fc.sample(fc.string({ unit: 'binary', minLength: 1 }), { numRuns: 50, seed: 1 })
  for (const reason of reasons.slice(0, 8)) assert.is(messagesIn(text({ verdict: 'failed', reason })).length, 1)
})

junit.run()
