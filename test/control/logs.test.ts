/** Output of a run that another peer sends is held to the seal. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { proven } from '../../node/control/logs.ts'
import { digestOf } from '../../protocols/digest.ts'
import { type OutputPortion, wrapOutput } from '../../protocols/output.ts'
import { run } from '../protocols/samples.ts'

const test = suite('output from another peer')

const portion = (path: string, text: string): OutputPortion => ({
  ...{ path, member: 'b', stream: 'stdout' },
  ...wrapOutput(Buffer.from(text))
})
async function* sends(...portions: OutputPortion[]) {
  yield* portions
}
const files = Object.fromEntries(['one', 'two'].map(text => [text, { sha256: digestOf(Buffer.from(text)), bytes: 3 }]))
const read = async (...portions: OutputPortion[]) => Array.fromAsync(proven(sends(...portions), { run, files }))

test('is what was sealed', async () => {
  assert.is((await read(portion('one', 'o'), portion('one', 'ne'), portion('two', 'two'))).length, 3)
})

for (const [title, portions] of [
  ['changed', [portion('one', 'two')]],
  ['cut', [portion('one', 'on'), portion('two', 'two')]],
  ['of a file that is not in the seal', [portion('__proto__', 'x')]]
] as const) {
  test(`that is ${title} is damaged`, async () => {
    const error = await read(...portions).catch(cause => cause)
    assert.is(error.code, 'damaged')
  })
}

test.run()
