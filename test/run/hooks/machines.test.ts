import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { describeDifferences, noiseIn } from '../../../node/run/hooks/machines.ts'
import type { Signed } from '../../../protocols/envelope.ts'
import type { Ack } from '../../../protocols/phase.ts'
import { compareFacts } from '../../../protocols/sysinfo/differences.ts'

const machines = suite('what the machines of a run are like')

const differences = (facts: Record<string, Record<string, string>>) =>
  describeDifferences(
    compareFacts(new Map(Object.entries(facts).map(([name, of]) => [name, new Map(Object.entries(of))])))
  )

machines('machines that are alike are not spoken of', () => {
  assert.equal(differences({ a: { 'cpu.model': 'X' }, b: { 'cpu.model': 'X' } }), [])
  assert.equal(differences({ a: { 'cpu.model': 'X' } }), [])
})

machines('in one line it is said in what they differ, with who stands alone', () => {
  const of = (kernel: string, sysctl: string) => ({ 'kernel.release': kernel, 'sysctl.all': sysctl })
  assert.equal(differences({ a: of('6.1', '#1'), b: of('6.1', '#1'), c: of('6.8', '#2') }), [
    'the machines of the members differ in kernel.release (6.8 on c), sysctl of c: bak sysinfo --diff'
  ])
})

machines('a line names the first of many', () => {
  const of = (value: string) => Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`cpu.f${i}`, value]))
  const [line] = differences({ a: of('1'), b: of('2') })
  assert.match(line as string, /cpu\.f3 \(1 on a\) and 5 more: bak sysinfo --diff$/)
})

machines('the noise of members is in the order of their names', () => {
  const ack = (by: string, noise?: Ack['noise']) => ({ by, value: { noise } }) as Signed<Ack>
  const finding = { fact: 'load', value: '0', level: 'fit' as const }
  assert.equal(
    noiseIn([ack('p10', [finding]), ack('p2', []), ack('p3')], peer => `m${peer.slice(1)}`),
    [
      { name: 'm2', findings: [] },
      { name: 'm10', findings: [finding] }
    ]
  )
})

machines.run()
