/** Which words of a program only observe: what is not known may do anything. */
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { findTool } from '../../node/tools/index.ts'
import { NUMBER, unknownWord } from '../../node/tools/known-words.ts'
import { areEvents } from '../../node/tools/traced/perf-words.ts'
import type { ToolOptions } from '../../protocols/tool-options.ts'

const words = suite('words that only observe')

const known = { flags: ['-a', '--all'], values: { '-F': NUMBER, '--freq': NUMBER }, others: /^[A-Z]+$/ }
const table: Array<[words: string[], unknown: string | undefined]> = [
  [[], undefined],
  [['-a', '--all'], undefined],
  [['-F', '99'], undefined],
  [['-F99', '--freq=5', '--freq', '7'], undefined],
  [['ALL'], undefined],
  [['-o'], '-o'],
  [['-a', '-ao'], '-ao'],
  [['-F'], '-F'],
  [['-F', '-o'], '-F'],
  [['-F', '9;id'], '-F'],
  [['--freq=/etc/x'], '--freq=/etc/x'],
  [['--fre=5'], '--fre=5'],
  [['--frequency=5'], '--frequency=5'],
  [['sh'], 'sh'],
  [['--'], '--'],
  [['-'], '-'],
  [[''], '']
]
for (const [given, unknown] of table) {
  words(`${JSON.stringify(given)}: ${unknown == null ? 'all known' : `${JSON.stringify(unknown)} is not`}`, () => {
    assert.is(unknownWord(given, known), unknown)
  })
}

words('an option is no value of another one, whatever values that has', () => {
  const loose = { values: { '-U': /^[\w-]+$/ } }
  assert.is(unknownWord(['-U', 'postgres'], loose), undefined)
  assert.is(unknownWord(['-U', '-e'], loose), '-U')
})

words('without any that are known each word is unknown', () => {
  fc.assert(fc.property(fc.string(), word => unknownWord([word], {}) === word))
})

words('a word that was not listed is never taken, whatever stands around it', () => {
  const good = fc.constantFrom(['-a'], ['-F', '99'], ['--freq=5'], ['ALL'])
  const bad = fc.string({ minLength: 1 }).filter(word => !/^(-a|--all|-F\d*|--freq(=\d+)?|[A-Z]+|\d+)$/.test(word))
  fc.assert(
    fc.property(fc.array(good), bad, fc.array(good), (before, word, after) => {
      return unknownWord([...before.flat(), word, ...after.flat()], known) != null
    })
  )
})

const events: Array<[text: string, isGood: boolean]> = [
  ['cycles', true],
  ['cycles:u,instructions:k', true],
  ['sched:sched_switch', true],
  ['kvm:*', true],
  ['syscalls:sys_enter_*:u', true],
  ['r1a8', true],
  ['cpu/event=0x3c,umask=0x0/', true],
  ['cpu/cycles/pp,task-clock', true],
  // perf would compile, or load, a file
  ['x.c', false],
  ['/tmp/x.o', false],
  ['./x.c', false],
  ['cycles,/tmp/x.bpf.c', false],
  ['a/b/c/d', false],
  ['', false],
  ['cycles,', false],
  ['-o', false],
  ['$(id)', false],
  ['a b', false],
  ['{cycles,instructions}', false],
  ['cpu/cache-misses,edge/pp', true],
  ['intel_pt//', true],
  // a term of one event does what an option does that is not known
  ['faults/call-graph=dwarf,stack-size=8192/', false],
  ['cycles,software/config=2,call-graph=dwarf/', false],
  ['cycles/period=5,stack-size=65528/u', false]
]
for (const [text, isGood] of events) {
  words(`${JSON.stringify(text)} ${isGood ? 'is' : 'is not'} a list of events`, () => {
    assert.is(areEvents(text), isGood)
  })
}

const brought: Array<[tool: string, options: ToolOptions, isBrought: boolean]> = [
  ['perf', { 'record-opts': '-e faults/call-graph=dwarf,stack-size=8192/ -a' }, true],
  ['perf', { options: ['-e', 'faults/call-graph=dwarf/'] }, true],
  // memory of the kernel, which no limit of a run holds
  ...['1G', '17M', '5M', '1025', '9999999', '10000K'].map((pages): [string, ToolOptions, boolean] => [
    'perf',
    { options: ['-m', pages] },
    true
  ]),
  ...['1024', '512', '128K', '4M'].map((pages): [string, ToolOptions, boolean] => [
    'perf',
    { options: ['-m', pages] },
    false
  ]),
  ['perf', { options: ['--mmap-pages=1G'] }, true],
  ['tcpdump', { options: ['-B', '2000000'] }, true],
  ['tcpdump', { options: ['-B65000'] }, true],
  ['tcpdump', { options: ['-B', '16384'] }, false]
]
for (const [tool, options, isBrought] of brought) {
  words(`${tool} ${JSON.stringify(options)} is ${isBrought ? 'what a run brings' : "bak's own"}`, () => {
    assert.is(findTool(tool, options).runs?.(options) != null, isBrought)
  })
}

words('a long list of events is judged at once', () => {
  const began = performance.now()
  for (const text of [
    'a/'.repeat(20_000),
    'a:'.repeat(20_000),
    'a,'.repeat(20_000),
    '/'.repeat(40_000),
    `a/${'b=c,'.repeat(30)}/,`.repeat(500)
  ])
    areEvents(text)
  assert.ok(performance.now() - began < 1_000)
})

words.run()
