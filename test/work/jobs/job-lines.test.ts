import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { JobLines } from '../../../node/work/jobs/job-lines.ts'
import { type LogLine, MAX_LINE } from '../../../protocols/jobs/job-stream.ts'

const test = suite('job-lines')

/** @returns what comes of these portions, each a ms behind the one before */
function read(portions: (string | Buffer)[], most = 1_000_000) {
  const stated: object[] = []
  const errors: string[] = []
  const lines = new JobLines({ most, onError: why => errors.push(why), onStated: now => stated.push(now) })
  const kept = portions.flatMap((each, t) => lines.push(Buffer.from(each), t))
  kept.push(...lines.end(portions.length))
  return { kept, stated, errors, lines: lines.lines, dropped: lines.dropped, said: lines }
}

const texts = (kept: LogLine[]) => kept.map(({ text }) => text)

test('lines have numbers, times and the phase in which they were written', () => {
  const { kept, stated } = read(['one\n#BAK:PHASE build\ntw', 'o\n\n', '#BAK:PROGRESS 40\n#BAK:PHASE test\nlast'])
  assert.equal(kept, [
    { n: 1, t: 0, text: 'one' },
    { n: 2, t: 0, phase: 'build', text: '#BAK:PHASE build' },
    { n: 3, t: 1, phase: 'build', text: 'two' },
    { n: 4, t: 1, phase: 'build', text: '' },
    { n: 5, t: 2, phase: 'build', text: '#BAK:PROGRESS 40' },
    { n: 6, t: 2, phase: 'test', text: '#BAK:PHASE test' },
    { n: 7, t: 3, phase: 'test', text: 'last' }
  ])
  assert.equal(stated, [{ phase: 'build' }, { phase: 'build', percent: 40 }, { phase: 'test' }])
})

test('the first error counts, wherever it is, and a word that only begins so does not', () => {
  assert.equal(read(['#BAK:STATE ERROR\n#BAK:STATE OK\n#BAK:STATE ERR no disk\n#BAK:STATE ERR later\n']).errors, [
    'no disk'
  ])
  assert.equal(read(['x #BAK:STATE ERR no\n']).errors, [])
  assert.equal(read(['#BAK:STATE ERR']).errors, ['no reason given'])
  assert.equal(read(['a\n', 'bbbbbbbb\n', 'cccccccccc\n#BAK:STATE ', 'ERR late\n'], 4).errors, ['late'])
})

test('metrics are taken up as they are stated, beyond what is kept too, and what is none is named', () => {
  const { said } = read(
    ['#BAK:METRIC size=10 B less\n', '#BAK:METRIC si', 'ze=20 B\n#BAK:METRIC ms=x\n#BAK:METRIC n=3'],
    1
  )
  assert.equal(said.metrics, [
    { name: 'size', value: 15, unit: 'B', better: 'less', main: true, samples: 2 },
    { name: 'n', value: 3, main: true, samples: 1 }
  ])
  assert.equal(said.warnings, ['#BAK:METRIC ms=x: its value is not a number'])
})

test('a line is cut at its bound, and the next one is whole', () => {
  const { kept, lines } = read([`${'x'.repeat(MAX_LINE)}`, 'yyyy', 'y\nnext\r\n'])
  assert.equal(texts(kept), ['x'.repeat(MAX_LINE), 'next'])
  assert.is(lines, 2)
})

test('what is beyond the bound of all is counted, and a short line costs nearly as much as a longer one', () => {
  const { kept, lines, dropped } = read(['a\nb\nc\nd\n', 'e\nf\ng', 'g\nh'], 99)
  assert.equal(texts(kept), ['a', 'b', 'c'])
  assert.is(lines, 8)
  assert.is(dropped, 5)
})

test('bytes that are no text make a line all the same', () => {
  const { kept } = read([Buffer.from([0xff, 0x0a, 0x00, 0x0a])])
  assert.equal(texts(kept), ['\ufffd', '\0'])
})

test('however an output is cut into portions, its lines are the same', () => {
  const text = fc.array(fc.constantFrom('a', 'bc', '\n', '#BAK:PHASE p', '#BAK:STATE ERR e', '\r', 'é'), {
    maxLength: 40
  })
  fc.assert(
    fc.property(text, fc.array(fc.nat(60), { maxLength: 6 }), (parts, cuts) => {
      const whole = Buffer.from(parts.join(''))
      const at = [0, ...cuts.map(cut => Math.min(cut, whole.length)).sort((a, b) => a - b), whole.length]
      const portions = at.slice(1).map((end, i) => whole.subarray(at[i], end))
      const untimed = ({ kept, ...said }: ReturnType<typeof read>) => ({
        ...said,
        kept: kept.map(({ t: _, ...line }) => line)
      })
      assert.equal(untimed(read(portions)), untimed(read([whole])))
    })
  )
})

test.run()
