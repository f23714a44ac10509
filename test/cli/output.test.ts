/** What is written to a terminal or a pipe, and what is made visible of it. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { cleanJson, cleanLine, visibleOutput } from '../../cli/output.ts'
import { wrapOutput } from '../../protocols/output-bytes.ts'

const test = suite('output to a terminal')
/** What a terminal obeys: a title, a new line, C1, and every mark that changes the direction of text. */
const OBEYED = [
  '\u001b]0;x\u0007',
  '\n',
  '\r',
  '\u009b2J',
  '\u061c',
  '\u200e',
  '\u200f',
  '\u2028',
  '\u202e',
  '\u2066',
  '\u2069'
]

test('text of another peer has nothing left that a terminal obeys, and the rest stays', () => {
  for (const each of OBEYED)
    assert.not.match(cleanLine(`a${each}b`), /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/)
  assert.is(cleanLine('ä → 🙂 x'), 'ä → 🙂 x')
  assert.is(cleanLine('a\u202egpj.sh'), 'a gpj.sh')
})

test('JSON means the same', () => {
  for (const each of OBEYED) {
    const json = cleanJson(JSON.stringify({ each }))
    assert.is(cleanLine(json), json)
    assert.equal(JSON.parse(json), { each })
  }
})

test('output of a workload keeps its lines and tabs', () => {
  const shown = visibleOutput(wrapOutput(Buffer.from('a\tb\nc\u202ed\u001b[2J\u200e')))
  assert.is(shown, 'a\tb\nc\\xe2\\x80\\xaed\\x1b[2J\\xe2\\x80\\x8e')
})

test.run()
