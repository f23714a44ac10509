import { Command } from 'commander'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { addSpecFlags, specOf, splitWords } from '../../cli/spec-flags.ts'

const parse = (...words: string[]) => {
  const command = new Command('run').exitOverride().configureOutput({ writeErr: () => {} })
  addSpecFlags(command)
  return specOf(command.parse(words, { from: 'user' }).opts())
}

const cases: [string[], object][] = [
  [[], {}],
  [['--on', 'role=db', '--name', 'x'], { on: 'role=db', name: 'x' }],
  [['--tools', 'sar,iostat', '--tools', 'perf'], { tools: ['sar', 'iostat', 'perf'] }],
  [['--tool', 'x=y -a=b'], { tool: { x: { command: ['/bin/sh', '-c', 'y -a=b'] } } }],
  [['--quorum', '3'], { policy: { quorum: 3 } }],
  [
    ['--quorum', '80%', '--policy', 'transfers=2', '--lease', '9'],
    { policy: { quorum: '80%', transfers: 2, lease: 9 } }
  ],
  [['--policy', 'join-timeout=5', '--policy', 'quorum=all'], { policy: { join_timeout: 5, quorum: 'all' } }],
  [['--samples', '2', '--interval', '0.5', '--expect', '3'], { samples: 2, interval: 0.5, expect: 3 }],
  [
    ['--iteration', 'small --size 4k', '--iteration', 'big --note "two words"'],
    {
      iterations: [
        { name: 'small', args: ['--size', '4k'] },
        { name: 'big', args: ['--note', 'two words'] }
      ]
    }
  ],
  [['--tag', 'a=b=c', '--tag', 'd='], { tags: { a: 'b=c', d: '' } }]
]

for (const [words, expected] of cases) {
  test(`flags say what a run file says: ${words.join(' ')}`, () => assert.equal(parse(...words), expected))
}

for (const words of [
  ['--samples', 'x'],
  ['--tag', 'x'],
  ['--sysinfo', 'some'],
  ['--iteration', ' '],
  ['--tool', 'perf'],
  ['--tool', 'perf=']
]) {
  test(`a flag that cannot be read is refused: ${words.join(' ')}`, () => assert.throws(() => parse(...words)))
}

test('words are split as a shell does', () => {
  assert.equal(splitWords(`a  'b c' d"e f"g ""`), ['a', 'b c', 'de fg', ''])
})

test.run()
