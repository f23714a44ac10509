/** Where chunks lie in the files of an artifact. */
import { mkdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Body, beginnings, fileIn, spansOf } from '../../node/artifacts/body.ts'
import { makeArtifact } from '../../protocols/artifact.ts'
import { digestOf, newDigest } from '../../protocols/digest.ts'
import { codeOf, scratch } from '../store/scratch.ts'
import { noise, openFiles } from './scratch-artifacts.ts'

const test = suite('bodies of artifacts')
const CHUNK = 65_536

test('the parts of a range are the range, in order, for files of any sizes', () => {
  const sizes = fc.array(fc.nat({ max: 20 }), { minLength: 1, maxLength: 12 })
  fc.assert(
    fc.property(sizes, fc.nat(), fc.nat(), (lengths, a, b) => {
      const files = lengths.map(bytes => ({ bytes }))
      const total = lengths.reduce((sum, each) => sum + each, 0)
      const [offset, end] = [a % (total + 1), b % (total + 1)].sort((x, y) => x - y) as [number, number]
      const begins = beginnings(files)
      const spans = spansOf(files, begins, offset, end - offset)
      let at = offset
      for (const span of spans) {
        assert.is((begins[span.file] as number) + span.offset, at)
        assert.ok(span.length > 0 && span.offset + span.length <= (lengths[span.file] as number))
        at += span.length
      }
      assert.is(at, end)
    })
  )
})

/** Files of these sizes in a folder, and the artifact that they are. */
async function bodyOf(sizes: number[]) {
  const folder = scratch()
  await mkdir(folder, { recursive: true })
  const all = noise(sizes.reduce((sum, each) => sum + each, 0))
  const begins = beginnings(sizes.map(bytes => ({ bytes })))
  const parts = sizes.map((size, i) => all.subarray(begins[i], (begins[i] as number) + size))
  const digests: Buffer[] = []
  for (let from = 0; from < all.length; from += CHUNK) {
    digests.push(
      newDigest()
        .update(all.subarray(from, from + CHUNK))
        .digest()
    )
  }
  const artifact = makeArtifact(
    [
      { type: 'folder', path: '', mode: 0o755 },
      ...parts.map((part, i) => ({
        ...{ type: 'file' as const, path: `f${i}`, mode: 0o644 },
        ...{ bytes: part.length, digest: digestOf(part) }
      }))
    ],
    Buffer.concat(digests)
  )
  return { folder, parts, all, artifact }
}

test('chunks that were written in any order are read back, and are files of the right lengths once they are synced', async () => {
  const { folder, parts, all, artifact } = await bodyOf([0, 100, CHUNK, 0, 3 * CHUNK - 7, 1, 0])
  const body = new Body(folder, artifact, { isWritten: true })
  for (let chunk = artifact.chunks - 1; chunk >= 0; chunk--) {
    await body.write(chunk, all.subarray(chunk * CHUNK, (chunk + 1) * CHUNK))
  }
  await body.sync()
  await body.close()
  const read = new Body(folder, artifact)
  for (let chunk = 0; chunk < artifact.chunks; chunk++) assert.ok(await read.has(chunk))
  await read.close()
  for (const [i, part] of parts.entries()) assert.equal(await readFile(fileIn(folder, i)), part)
})

test('a chunk of a file that is missing, short or changed is not here', async () => {
  const { folder, parts, artifact } = await bodyOf([CHUNK + 10, CHUNK])
  for (const [i, part] of parts.entries()) await writeFile(fileIn(folder, i), part)
  const has = async (chunk: number) => {
    const body = new Body(folder, artifact)
    return await body.has(chunk).finally(() => body.close())
  }
  assert.ok(await has(1))
  await truncate(fileIn(folder, 1), 5)
  assert.not.ok(await has(1))
  await rm(join(folder, '1'))
  assert.not.ok(await has(1))
  assert.ok(await has(0))
  await writeFile(fileIn(folder, 0), noise(CHUNK + 10, 2))
  assert.not.ok(await has(0))
})

test('more files than may be open at once are written and read by many at the same time', async () => {
  const sizes = Array.from({ length: 200 }, (_, i) => 2_000 + i)
  const { folder, all, artifact } = await bodyOf(sizes)
  const body = new Body(folder, artifact, { isWritten: true })
  const chunks = Array.from({ length: artifact.chunks }, (_, chunk) => chunk)
  await Promise.all(chunks.map(chunk => body.write(chunk, all.subarray(chunk * CHUNK, (chunk + 1) * CHUNK))))
  assert.ok((await Promise.all(chunks.map(chunk => body.has(chunk)))).every(Boolean))
  await body.close()
})

test('a body that was closed opens nothing any more', async () => {
  const { folder, parts, artifact } = await bodyOf([100])
  await writeFile(fileIn(folder, 0), parts[0] as Buffer)
  const body = new Body(folder, artifact)
  const reading = body.read(0)
  await body.close()
  await reading.catch(() => {})
  assert.is(await codeOf(body.read(0)), 'io')
  assert.equal(openFiles(folder), [])
})

test.run()
