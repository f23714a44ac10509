/** A line is split into words as a shell splits it. */
import { execFileSync } from 'node:child_process'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { splitWords } from '../../cli/split-words.ts'

const split = suite('words of a line')

const LINES = [
  ``,
  `  `,
  `a`,
  ` a  b\tc\n`,
  `a  'b c' d"e f"g "" ''`,
  `--query "it's here"`,
  `it\\'s 'say "x"' "say \\"x\\""`,
  `a\\ b "a\\ b" 'a\\ b' \\\\ "\\\\"`,
  `café "ü ß" 🙂`,
  `x"a\nb"y`
]
for (const line of LINES) {
  split(`as sh does: ${JSON.stringify(line)}`, () => {
    const script = `set -- ${line.trim()}\n[ $# -eq 0 ] || printf '%s\\0' "$@"`
    const words = execFileSync('sh', ['-c', script], { encoding: 'utf8' }).split('\0').slice(0, -1)
    assert.equal(splitWords(line), words)
  })
}

split('nothing is put in for variables and patterns', () => {
  assert.equal(splitWords('$HOME * `x` ~'), ['$HOME', '*', '`x`', '~'])
})

for (const [line, told] of [
  [`it's here`, 'quote at character 3'],
  [`a "b`, 'quote at character 3'],
  [`a\\`, 'Nothing follows']
] as const) {
  split(`a line that is not whole is refused: ${line}`, () => {
    assert.throws(
      () => splitWords(line),
      (error: Error) => error.message.includes(told)
    )
  })
}

split.run()
