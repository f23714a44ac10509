/** Output of a run that another peer sends is held to the seal. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as v from 'valibot'
import { proven } from '../../node/control/logs.ts'
import { digestOf } from '../../protocols/digest.ts'
import { type OutputPortion, wrapOutput } from '../../protocols/output.ts'
import { spec as specSchema } from '../../protocols/spec.ts'
import { run } from '../protocols/samples.ts'

const test = suite('output from another peer')

const folder = '1-default/sample1/workload'
const spec = v.parse(specSchema, { workload: [{ name: 'client', command: ['x'], instances: 2 }] })

const portion = (path: string, text: string): OutputPortion => {
  const [, member = '', workload, instance] = /\/workload\/(\w+)(?:\/(client)\.(\d))?/.exec(path) ?? []
  const name = { member, workload, instance: instance == null ? undefined : Number(instance) }
  return { path, ...name, stream: 'stdout', ...wrapOutput(Buffer.from(text)) }
}
async function* sends(...portions: OutputPortion[]) {
  yield* portions
}
const [one, two] = [`${folder}/b/client.1/stdout.txt`, `${folder}/b/client.2/stdout.txt`]
const sealed = {
  [one]: 'one',
  [two]: 'two',
  [`${folder}/b/client.1/stderr.txt`]: '',
  [`${folder}/b/client.1/times.txt`]: '5 3 0\n'
}
const files = Object.fromEntries(
  Object.entries(sealed).map(([path, text]) => [path, { sha256: digestOf(Buffer.from(text)), bytes: text.length }])
)
const read = async (...portions: OutputPortion[]) => Array.fromAsync(proven(sends(...portions), { run, files, spec }))

test('is what was sealed, in whatever order it comes', async () => {
  assert.is((await read(portion(one, 'o'), portion(one, 'ne'), portion(two, 'two'))).length, 3)
  assert.is((await read(portion(one, 'o'), portion(two, 'tw'), portion(one, 'ne'), portion(two, 'o'))).length, 4)
})

test('of a selection is that of the selection', async () => {
  const selection = { member: 'b', workload: 'client', instance: 2 }
  const portions = await Array.fromAsync(proven(sends(portion(two, 'two')), { run, files, spec }, selection))
  assert.is(portions.length, 1)
})

for (const [title, portions] of [
  ['changed', [portion(one, 'two'), portion(two, 'two')]],
  ['cut', [portion(one, 'on'), portion(two, 'two')]],
  ['longer', [portion(one, 'one'), portion(two, 'two'), portion(one, 'x')]],
  ['left out', [portion(one, 'one')]],
  ['said to be of another member', [portion(one, 'one'), { ...portion(two, 'two'), member: 'c' }]],
  ['said to be of the other stream', [portion(one, 'one'), { ...portion(two, 'two'), stream: 'stderr' as const }]],
  [
    'of a file that is no output',
    [portion(one, 'one'), portion(two, 'two'), portion(`${folder}/b/client.1/times.txt`, '5 3 0\n')]
  ],
  ['of a file that is not in the seal', [portion(one, 'one'), portion(two, 'two'), portion('__proto__', 'x')]]
] as const) {
  test(`that is ${title} is damaged`, async () => {
    const error = await read(...portions).catch(cause => cause)
    assert.is(error.code, 'damaged')
  })
}

test.run()
