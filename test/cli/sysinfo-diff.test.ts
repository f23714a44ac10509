import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { drawDifferences } from '../../cli/sysinfo-diff.ts'
import { compareFacts } from '../../protocols/sysinfo/differences.ts'

const drawing = suite('in what machines differ, on a terminal')

const draw = (facts: Record<string, Record<string, string>>, width?: number) =>
  drawDifferences(
    compareFacts(new Map(Object.entries(facts).map(([name, of]) => [name, new Map(Object.entries(of))]))),
    width
  )

drawing('machines that are alike are one line', () => {
  const one = { 'cpu.model': 'X', 'os.name': 'Y' }
  assert.equal(draw({ a: one, b: one, c: one }), ['3 machines are alike in 2 facts'])
})

drawing('one machine has nothing to be compared with', () => {
  assert.equal(draw({ a: { 'cpu.model': 'X' } }), ['one machine, a: nothing to compare it with'])
})

drawing('facts in which the same members stand against each other are together, the odd one out first', () => {
  const of = (microcode: string, swappiness: string, mtu: string) => ({
    ...{ 'cpu.microcode': microcode, 'sysctl.vm.swappiness': swappiness, 'network.eth0.mtu': mtu, 'os.name': 'Y' }
  })
  assert.equal(draw({ a: of('1', '60', '1500'), b: of('1', '60', '9000'), c: of('2', '10', '9000') }), [
    '3 machines differ in 3 of 4 facts',
    '',
    'a | b, c',
    '  network.eth0.mtu  1500 | 9000',
    '',
    'c | a, b',
    '  cpu.microcode         2 | 1',
    '  sysctl.vm.swappiness  10 | 60'
  ])
})

drawing('a value that is too long has a line of its own, from where it begins to differ', () => {
  const long = `${'x'.repeat(200)} quiet`
  const lines = draw({ a: { 'kernel.cmdline': `${long} mitigations=off` }, b: { 'kernel.cmdline': `${long} splash` } })
  assert.equal(lines.slice(3), ['  kernel.cmdline', '    …xxxxx quiet mitigations=off', '    | …xxxxx quiet splash'])
})

drawing('a fact that a member does not have is a dash, an item that it does not have is named', () => {
  const lines = draw({ a: { 'cpu.model': 'X', 'cpu.boost': '1', 'sysctl.a': '1' }, b: { 'cpu.model': 'X' } })
  assert.equal(lines, [
    '2 machines differ in 1 of 3 facts',
    'not compared: sysctl of b',
    '',
    'a | b',
    '  cpu.boost  1 | -'
  ])
})

drawing('of many facts the first are shown, and how many more there are', () => {
  const of = (value: string) => Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`sysctl.f${i}`, value]))
  const lines = draw({ a: of('1'), b: of('2') })
  assert.is(lines.at(-1), '  20 more in which they stand so: --json has all')
})

drawing('no line is wider than the terminal, nor has what one would obey', () => {
  const text = fc.string({ unit: 'binary', maxLength: 120 })
  const facts = fc.dictionary(fc.constantFrom('i.a', 'i.b', 'i.long-name-of-a-fact-that-is-long.value'), text)
  fc.assert(
    fc.property(fc.array(facts, { minLength: 2, maxLength: 5 }), fc.integer({ min: 40, max: 120 }), (all, width) => {
      const machines = Object.fromEntries(all.map((each, i) => [`member-${i}`, each]))
      for (const line of draw(machines, width)) {
        assert.ok(line.length <= width, `${line.length} of ${width}: ${line}`)
        assert.not.match(line, /[\x00-\x1f\x7f-\x9f]/)
      }
    })
  )
})

drawing.run()
