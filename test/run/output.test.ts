import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { followOutput } from '../../node/run/output.ts'
import { RunOutput } from '../../node/store/run-output.ts'
import { unwrapOutput } from '../../protocols/output.ts'
import { plant, scratch } from '../store/scratch.ts'

const test = suite('the output of a run')
const signal = new AbortController().signal
const pathOf = (sample: number, stream: string) => `1-default/sample${sample}/workload/a/${stream}.txt`

test('of a run that is over is all of it, in the order of samples', async () => {
  const root = scratch()
  for (const sample of [1, 2, 10]) {
    await plant(root, { [pathOf(sample, 'stdout')]: `out ${sample}`, [pathOf(sample, 'stderr')]: `err ${sample}` })
    await plant(root, { [`1-default/sample${sample}/workload/a/notes.txt`]: 'of its own' })
  }
  const portions = await Array.fromAsync(followOutput(new RunOutput([root, scratch()]), () => true, signal))
  assert.equal(
    portions.map(({ text }) => text),
    ['out 1', 'err 1', 'out 2', 'err 2', 'out 10', 'err 10']
  )
})

test('is the same bytes, however it is cut', async () => {
  const root = scratch()
  const bytes = Buffer.concat([Buffer.from('\ufeff'), Buffer.from('€'.repeat(70_000)), Buffer.from([0xe9, 0xe2, 0x82])])
  await plant(root, { [pathOf(1, 'stdout')]: bytes })
  const portions = await Array.fromAsync(followOutput(new RunOutput([root]), () => true, signal))
  assert.is(Buffer.concat(portions.map(unwrapOutput)).compare(bytes), 0)
  assert.ok(
    portions.slice(0, -1).every(({ base64 }) => base64 == null),
    'text stays text'
  )
})

test('is followed while it is written, also when its file moves into the result', async () => {
  const [result, data] = [scratch(), scratch()]
  const path = pathOf(1, 'stdout')
  await plant(data, { [path]: 'one ' })
  let isOver = false
  let text = ''
  for await (const portion of followOutput(new RunOutput([result, data]), () => isOver, signal)) {
    text += portion.text
    if (text === 'one ') {
      writeFileSync(join(data, path), 'two', { flag: 'a' })
      mkdirSync(dirname(join(result, path)), { recursive: true })
      renameSync(join(data, path), join(result, path))
      isOver = true
    }
  }
  assert.is(text, 'one two')
})

test.run()
