/** The listing of an artifact, and what is no listing. */
import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  type ArtifactEntry,
  chunkBytesFor,
  faultIn,
  faultInLink,
  faultInPath,
  isChunk,
  lengthOfChunk,
  makeArtifact,
  readArtifact
} from '../../protocols/artifact.ts'
import { encode } from '../../protocols/codec.ts'
import { digestOf, newDigest } from '../../protocols/digest.ts'
import { BakError } from '../../protocols/errors.ts'

const test = suite('artifacts')
const KIB = 1024
const folder = (path: string): ArtifactEntry => ({ type: 'folder', path, mode: 0o755 })
const file = (path: string, bytes = 0): ArtifactEntry => ({
  type: 'file',
  path,
  mode: 0o644,
  bytes,
  digest: digestOf(Buffer.alloc(bytes))
})
const link = (path: string, target: string): ArtifactEntry => ({ type: 'link', path, target })

/** [bytes, bytes of a chunk, number of chunks] */
const sizes: Array<[number, number, number]> = [
  [0, 64 * KIB, 0],
  [1, 64 * KIB, 1],
  [64 * KIB + 1, 64 * KIB, 2],
  [16 * KIB * KIB - 1, 64 * KIB, 256],
  [16 * KIB * KIB, 128 * KIB, 128],
  [100_000_000, 512 * KIB, 191],
  [1024 * KIB * KIB, 1024 * KIB, 1024]
]
for (const [bytes, chunkBytes, chunks] of sizes) {
  test(`${bytes} bytes are ${chunks} chunks of ${chunkBytes} bytes`, () => {
    assert.is(chunkBytesFor(bytes), chunkBytes)
    assert.is(Math.ceil(bytes / chunkBytesFor(bytes)), chunks)
  })
}

const paths: Array<[string, RegExp | undefined]> = [
  ['a', undefined],
  ['a/b c/ä.txt', undefined],
  ['..a', undefined],
  ['', /plain/],
  ['/a', /plain/],
  ['a//b', /plain/],
  ['a/./b', /plain/],
  ['a/../b', /plain/],
  ['..', /plain/],
  ['a\nb', /terminal/],
  ['a\u202eb', /terminal/],
  ['\ud800', /terminal/],
  ['n'.repeat(256), /255 bytes/],
  ['ä'.repeat(128), /255 bytes/],
  [`${'d/'.repeat(520)}f`, /1024 bytes/]
]
for (const [path, fault] of paths) {
  test(`the path ${JSON.stringify(path.slice(0, 40))} ${fault == null ? 'is taken' : `is refused: ${fault}`}`, () => {
    if (fault == null) assert.is(faultInPath(path), undefined)
    else assert.match(faultInPath(path) ?? '', fault)
  })
}

const links: Array<[string, string, RegExp | undefined]> = [
  ['l', 'a', undefined],
  ['l', './a/b', undefined],
  ['l', '.', undefined],
  ['d/l', '..', undefined],
  ['d/l', '../x/y', undefined],
  ['a/b/l', '../../x', undefined],
  ['l', '..', /outside/],
  ['l', '../x', /outside/],
  ['d/l', '../../x', /outside/],
  ['d/l', './../../x', /outside/],
  ['l', '/etc/passwd', /outside/],
  ['l', '', /outside/],
  // where s is a link to the top, s/.. is outside
  ['d/l', 's/../../x', /goes up again/],
  ['d/l', 's/..', /goes up again/],
  ['l', 'a\u001b[2J', /terminal/]
]
for (const [path, target, fault] of links) {
  test(`a link ${path} to ${JSON.stringify(target)} ${fault == null ? 'is kept' : `is refused: ${fault}`}`, () => {
    if (fault == null) assert.is(faultInLink(path, target), undefined)
    else assert.match(faultInLink(path, target) ?? '', fault)
  })
}

test('a link that is kept leads to a place inside, through whatever links there are', () => {
  const name = fc.constantFrom('a', 'b', 'c')
  const path = fc.array(name, { minLength: 1, maxLength: 4 })
  const target = fc.array(fc.constantFrom('..', '.', 'a', 'b', 'c'), { minLength: 1, maxLength: 6 })
  const tree = fc.array(fc.tuple(path, target), { maxLength: 8 })
  fc.assert(
    fc.property(tree, pairs => {
      const kept = new Map(
        pairs
          .map(([at, to]) => [at.join('/'), to.join('/')] as const)
          .filter(([at, to]) => faultInLink(at, to) == null)
          // no link has a link above it
          .filter(([at], _, all) => !all.some(([other]) => other !== at && at.startsWith(`${other}/`)))
      )
      for (const at of kept.keys()) assert.ok(resolve(at, kept), `${at} leads outside`)
    }),
    { numRuns: 2_000 }
  )
})

/** As a kernel does. @returns false if it leads above the top */
function resolve(path: string, links: Map<string, string>): boolean {
  let here: string[] = []
  const todo = path.split('/')
  for (let steps = 0; todo.length > 0 && steps < 200; steps++) {
    const part = todo.shift() as string
    if (part === '.' || part === '') continue
    if (part === '..') {
      if (here.length === 0) return false
      here = here.slice(0, -1)
      continue
    }
    const next = [...here, part].join('/')
    const target = links.get(next)
    if (target == null) here = next.split('/')
    else todo.unshift(...target.split('/'))
  }
  return true
}

const faults: Array<[string, ArtifactEntry[], RegExp | undefined]> = [
  ['a file', [file('')], undefined],
  ['a folder with a file and a link', [folder(''), file('a'), link('b', 'a')], undefined],
  ['a first entry with a path', [file('a')], /first entry/],
  ['a link alone', [link('', 'a')], /is a link/],
  ['a second entry without a path', [folder(''), file('')], /first entry/],
  ['a file in a folder that is not there', [folder(''), file('a/b')], /in no folder/],
  ['a file in a file', [folder(''), file('a'), file('a/b')], /in no folder/],
  ['a file in a link', [folder(''), folder('d'), link('a', 'd'), file('a/b')], /in no folder/],
  ['a file below a file alone', [file(''), file('a')], /in no folder/],
  ['two entries of one path', [folder(''), file('a'), folder('a')], /twice/],
  ['a path that leads out', [folder(''), file('../a')], /plain/],
  ['a link that leads out', [folder(''), link('a', '../b')], /outside/]
]
for (const [what, entries, fault] of faults) {
  test(`${what} ${fault == null ? 'is a listing' : `is refused: ${fault}`}`, () => {
    if (fault == null) assert.is(faultIn(entries), undefined)
    else assert.match(faultIn(entries) ?? '', fault)
  })
}

const sha = (bytes: Uint8Array) => newDigest().update(bytes).digest()

test('a listing that was made is read back from its bytes and its digest', () => {
  const body = Buffer.alloc(100_000, 7)
  const chunks = [body.subarray(0, 65_536), body.subarray(65_536)]
  const made = makeArtifact([folder(''), file('a', 99_999), file('b', 1)], Buffer.concat(chunks.map(sha)))
  const read = readArtifact(made.encoded, made.digest)
  assert.equal(read.entries, made.entries)
  assert.is(read.chunks, 2)
  assert.is(lengthOfChunk(read, 1), 100_000 - 65_536)
  assert.ok(isChunk(read, 0, chunks[0] as Buffer))
  assert.not.ok(isChunk(read, 1, chunks[0] as Buffer))
})

const good = { format: 1, entries: [file('', 10)], bytes: 10, chunks: new Uint8Array(sha(Buffer.alloc(10))) }
const wrong: Array<[string, object, RegExp]> = [
  ['another size than its files have', { ...good, bytes: 11 }, /11 bytes together/],
  ['too few chunk digests', { ...good, chunks: new Uint8Array(0) }, /are 1 chunks, and it has 0/],
  ['half a digest', { ...good, chunks: new Uint8Array(48) }, /and it has 1.5/],
  ['no entries', { ...good, entries: [] }, /entries/],
  ['a mode with the bit setuid', { ...good, entries: [{ ...file('', 10), mode: 0o4755 }] }, /mode/],
  ['a field more', { ...good, more: 1 }, /more/]
]
for (const [what, value, why] of wrong) {
  test(`a listing with ${what} is refused`, () => {
    const encoded = encode(value)
    try {
      readArtifact(encoded, digestOf(encoded))
      assert.unreachable()
    } catch (cause) {
      assert.instance(cause, BakError)
      assert.is((cause as BakError).code, 'bad-message')
      assert.match((cause as BakError).message, why)
    }
  })
}

test('a listing of another digest is a mismatch', () => {
  const encoded = encode(good)
  assert.throws(() => readArtifact(encoded, '0'.repeat(64)), /does not have the digest/)
})

test.run()
