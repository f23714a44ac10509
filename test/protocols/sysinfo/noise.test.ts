import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { describeUnfit, meaningOf, NOISE_FACTS, type NoiseFinding } from '../../../protocols/sysinfo/noise.ts'

const noise = suite('what stands out, in words')

const unfit = (fact: string, value: string): NoiseFinding => ({ fact, value, level: 'unfit' })

noise('members with the same finding are in one line, those of most members first', () => {
  const lines = describeUnfit([
    { name: 'a', findings: [unfit('swap', '2 GiB'), { fact: 'turbo', value: 'on', level: 'note' }] },
    { name: 'b', findings: [unfit('governor', 'powersave')] },
    { name: 'c', findings: [unfit('governor', 'powersave')] }
  ])
  assert.equal(lines, [
    `b, c: governor powersave: ${NOISE_FACTS.governor.why}`,
    `a: swap 2 GiB: ${NOISE_FACTS.swap.why}`
  ])
})

noise('values that differ are named without what is of one machine', () => {
  const [line] = describeUnfit([
    { name: 'a', findings: [unfit('load', '3.00 on 2; busiest: cc1 90 %')] },
    { name: 'b', findings: [unfit('load', '3.00 on 2; busiest: ld 40 %')] },
    { name: 'c', findings: [unfit('load', '1.00 on 2')] }
  ])
  assert.match(line as string, /^a, b, c: load 3\.00 on 2, 1\.00 on 2: other programs/)
})

noise('there are so many lines at most, and the last says how many more', () => {
  const findings = Object.keys(NOISE_FACTS).map(fact => unfit(fact, 'x'))
  const lines = describeUnfit([{ name: 'a', findings }], 3)
  assert.is(lines.length, 4)
  assert.match(lines[3] as string, new RegExp(`^${findings.length - 3} more .*bak check --noise$`))
})

noise('a fact of another version is named without a meaning', () => {
  assert.equal(describeUnfit([{ name: 'a', findings: [unfit('constructor', 'x')] }]), ['a: constructor x'])
  assert.is(meaningOf('toString'), undefined)
})

noise('nothing that stands out is no line', () => {
  assert.equal(describeUnfit([{ name: 'a', findings: [{ fact: 'load', value: '0', level: 'fit' }] }]), [])
})

noise.run()
