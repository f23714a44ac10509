import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { drawNoise } from '../../cli/check-noise.ts'
import { NOISE_FACTS, type NoiseFinding } from '../../protocols/sysinfo/noise.ts'
import { PEER, startFake } from './fake.ts'

const noise = suite('whether members are fit to measure, on a terminal')

const finding = (fact: string, value: string, level: NoiseFinding['level']): NoiseFinding => ({ fact, value, level })

noise('who is not fit comes first, then a table of what stands out, then why and what to do', () => {
  const text = drawNoise([
    { name: 'a', findings: [finding('swap', 'none', 'fit'), finding('smt', 'on', 'note')] },
    { name: 'b', findings: [finding('governor', 'powersave', 'unfit'), finding('smt', 'on', 'note')] },
    { name: 'c', findings: [finding('governor', 'powersave', 'unfit'), finding('smt', 'on', 'note')] }
  ])
  assert.is(
    text,
    [
      'b, c: not fit to measure: governor',
      'a: fit to measure',
      '',
      'FACT      LEVEL  ON   VALUE',
      'governor  unfit  b c  powersave',
      'smt       note   all  on',
      '',
      `governor: ${NOISE_FACTS.governor.why}; ${NOISE_FACTS.governor.remedy}`,
      `smt: ${NOISE_FACTS.smt.why}; ${NOISE_FACTS.smt.remedy}`
    ].join('\n')
  )
})

noise('members in which nothing stands out are one line', () => {
  const findings = [finding('swap', 'none', 'fit')]
  assert.is(
    drawNoise([
      { name: 'a', findings },
      { name: 'b', findings }
    ]),
    'a, b: fit to measure'
  )
})

const file = (findings: NoiseFinding[]) => ({ file: 'noise.json', text: JSON.stringify({ findings }) })
const answers = {
  async *sysinfo() {
    yield { name: 'a', peer: PEER, files: [file([finding('swap', 'none', 'fit')])], missing: [] }
    yield { name: 'b', files: [], missing: [], error: 'lost' }
  }
}

noise('with --strict a member that says nothing is not fit: 78', async () => {
  const fake = await startFake(answers)
  try {
    const usual = await fake.bak('check', '--noise')
    assert.is(usual.status, 0)
    assert.is(usual.stdout, 'a: fit to measure\n')
    assert.match(usual.stderr, 'nothing of b: lost')
    assert.is((await fake.bak('check', '--noise', '--strict')).status, 78)
    assert.is((await fake.bak('check', '--noise', '--strict', '--json')).stdout.trim().split('\n').length, 2)
  } finally {
    await fake.stop()
  }
})

noise('an answer that is none is named, and not trusted', async () => {
  const fake = await startFake({
    async *sysinfo() {
      const text = JSON.stringify({ findings: [{ fact: 'swap', value: 'none', level: 'splendid' }] })
      yield { name: 'a', peer: PEER, files: [{ file: 'noise.json', text }], missing: [] }
    }
  })
  try {
    const { status, stderr } = await fake.bak('check', '--noise', '--strict')
    assert.is(status, 78)
    assert.match(stderr, 'nothing of a: it answered in a way that this version does not know')
  } finally {
    await fake.stop()
  }
})

noise.run()
