/** Folded stacks of what perf script prints. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { FoldedStacks } from '../../../node/tools/traced/folded-stacks.ts'

const test = suite('folded stacks')

const fold = (text: string) => {
  const stacks = new FoldedStacks()
  for (const line of text.split('\n')) stacks.line(line)
  stacks.end()
  return stacks
}

test('stacks are counted from the program to the innermost function; functions of the kernel are marked', () => {
  const sample = `my prog 11403 cpu-clock:ppp: 
\tffffffff8158e3ff next_uptodate_folio ([kernel.kallsyms])
\tffffffffc08e6e4c do_thing ([ext4])
\t          166cc0 std::vector<int, std::allocator<int> >::at(unsigned long) (/usr/lib/libx.so.6)
\t          149ce3 [unknown] (/usr/bin/perf)
\t          149ce4 [unknown] ([unknown])
\t          149ce5 a;b (/tmp/x (deleted))

`
  const { samples, text } = { samples: fold(sample + sample).samples, text: fold(sample + sample).text() }
  assert.is(samples, 2)
  assert.is(
    text,
    'my prog;a:b;[unknown];[perf];std::vector<int, std::allocator<int> >::at(unsigned long);do_thing_[k];next_uptodate_folio_[k] 2\n'
  )
})

test('unknown callers of unknown callers are one frame, also where their file is known', () => {
  const unknown = '\t1 [unknown] ([unknown])\n'
  const stacks = fold(`fio 1 cycles: \n\t1 f (/x)\n${unknown.repeat(300)}\t2 g (/x)\n${unknown.repeat(2)}`)
  assert.is(stacks.text(), 'fio;[unknown];g;[unknown];f 1\n')
  const inFile = '\t1 [unknown] (/usr/bin/tsc)\n'
  assert.is(fold(`tsc 1 cycles: \n\t1 f (/x)\n${inFile.repeat(3)}${unknown}`).text(), 'tsc;[unknown];[tsc];f 1\n')
})

test('samples without callers are a line each', () => {
  const stacks = fold(
    '    libuv-worker  8485 cycles:  ffffffff817ad6bf recently_deleted ([kernel.kallsyms])\n       node 1 cycles:  16 main (/usr/bin/node)\n       node 2 cycles:  17 main (/usr/bin/node)\n'
  )
  assert.is(stacks.text(), 'libuv-worker;recently_deleted_[k] 1\nnode;main 2\n')
})

test('of several events the samples of the first one', () => {
  const stacks = fold('a 1 cycles: \n\t1 f (/x)\n\na 1 instructions: \n\t2 g (/x)\n\na 1 cycles: \n\t1 f (/x)\n')
  assert.is(stacks.text(), 'a;f 2\n')
  assert.equal(stacks.otherEvents, ['instructions'])
})

test('lines that are no sample are none; a sample without a stack is one of its program', () => {
  const stacks = fold('# comment\nnonsense\n\tffff f (/x)\n\nswapper 0 cpu-clock: \n\n')
  assert.is(stacks.text(), 'swapper 1\n')
})

test('there are so many different stacks at most; the others are counted together', () => {
  const stacks = new FoldedStacks()
  for (let i = 0; i < 100_010; i++) {
    stacks.line('p 1 cycles: ')
    stacks.line(`\tff f${i} (/x)`)
    stacks.line('')
  }
  assert.is(stacks.samples, 100_010)
  assert.match(stacks.text(), /^\[others\] 10$/m)
})

test.run()
