import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { MAX_STATE_BYTES, readStateFile, StateFile } from '../../node/store/state-file.ts'
import { BakError } from '../../protocols/errors.ts'
import { scratch } from './scratch.ts'

const test = suite('state file')

test('the last record is read, longer or shorter than those before, and the file stays within a page', async () => {
  const records = fc.array(fc.uint8Array({ maxLength: MAX_STATE_BYTES }), { minLength: 1, maxLength: 5 })
  const check = async (each: Uint8Array[]) => {
    const slot = new StateFile(join(scratch(), 'slot'))
    for (const bytes of each) {
      await slot.write(bytes)
      assert.equal(await readStateFile(slot.path), bytes)
    }
    await slot.close()
    assert.ok(statSync(slot.path).size <= 4096)
  }
  await fc.assert(fc.asyncProperty(records, check), { numRuns: 30 })
})

test('the file stays the same one, and after a restart keeps its record until the next write', async () => {
  const path = join(scratch(), 'slot')
  const [before, after] = [new StateFile(path), new StateFile(path)]
  await before.write(new Uint8Array([1, 2, 3]))
  const { ino } = statSync(path)
  await before.close()
  assert.equal(await readStateFile(path), new Uint8Array([1, 2, 3]))
  await after.write(new Uint8Array([4]))
  await after.close()
  assert.equal([await readStateFile(path), statSync(path).ino], [new Uint8Array([4]), ino])
})

test('a truncated file reads as a part of its record', async () => {
  const path = join(scratch(), 'slot')
  const slot = new StateFile(path)
  await slot.write(new Uint8Array([1, 2, 3]))
  await slot.close()
  const whole = readFileSync(path)
  for (let length = 0; length < whole.length; length++) {
    writeFileSync(path, whole.subarray(0, length))
    assert.equal(await readStateFile(path), new Uint8Array([1, 2, 3].slice(0, Math.max(0, length - 4))))
  }
})

test('a missing folder is an error that names the file, and the next write tries again', async () => {
  const path = join(scratch(), 'gone', 'slot')
  const slot = new StateFile(path)
  const error = await slot.write(new Uint8Array(1)).catch(cause => cause)
  assert.instance(error, BakError)
  assert.match(error.message, path)
  mkdirSync(dirname(path))
  await slot.write(new Uint8Array([7]))
  await slot.close()
  assert.equal(await readStateFile(path), new Uint8Array([7]))
})

test.run()
