/** Hostile archives of a member: whatever is in them, nothing is unpacked outside of the allowed paths. */
import { lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { zstdCompressSync } from 'node:zlib'
import * as fc from 'fast-check'
import { unpack } from '../../node/store/unpack.ts'
import { crafted, type Entry } from '../store/tars.ts'
import { changed } from './bytes.ts'
import { codeOf } from './files.ts'
import { type Target, within } from './target.ts'

const piece = fc.oneof(fc.constantFrom('..', '.', '', 'in', 'a', 'b', '/', '\0', '...'), fc.string({ maxLength: 5 }))
const path = fc.oneof(
  { weight: 3, arbitrary: fc.array(piece, { minLength: 1, maxLength: 4 }).map(parts => parts.join('/')) },
  { weight: 3, arbitrary: fc.array(piece, { minLength: 1, maxLength: 4 }).map(parts => `in/${parts.join('/')}`) },
  { weight: 1, arbitrary: fc.constantFrom(`in/${'x'.repeat(300)}`, `in/${'x/'.repeat(80)}y`, 'in/a', 'in') }
)
const name = path.map(text => text || 'x')
const of = (...types: Entry['type'][]) => fc.constantFrom(...types)
const linkpath = fc.constantFrom('in/a', '../guard', '/etc/passwd', '..', '.')
const body = fc.string({ maxLength: 40 })
const file = fc.record({ path: name, body, mode: fc.nat(0o7777) })
const folder = fc.record({ path: name, type: of('Directory', 'FIFO', 'CharacterDevice', 'GNUDumpDir') })
const link = fc.record({ path: name, type: of('SymbolicLink', 'Link'), linkpath })
/** Entries that no archiver writes. */
const odd = fc.record({
  path: name,
  type: of('File', 'Directory', 'SymbolicLink', 'ContiguousFile'),
  linkpath,
  body,
  size: fc.constantFrom(0, 1, 511, 512, 513, 2 ** 31, 2 ** 33)
})
const entry: fc.Arbitrary<Entry> = fc.oneof(
  { weight: 6, arbitrary: file },
  { weight: 3, arbitrary: folder },
  { weight: 3, arbitrary: link },
  { weight: 1, arbitrary: odd }
)

const tar = fc
  .tuple(fc.array(entry, { maxLength: 5 }), fc.oneof({ weight: 9, arbitrary: fc.constant(true) }, fc.constant(false)))
  .map(([entries, end]) => new Uint8Array(crafted([{ path: 'in/first', body: '1' }, ...entries], end)))
const compressed = (from: fc.Arbitrary<Uint8Array>) => from.map(bytes => new Uint8Array(zstdCompressSync(bytes)))

export const archiveTarget: Target<Uint8Array> = {
  name: 'archive',
  refusals: ['mismatch', 'not-allowed'],
  inputs: () =>
    fc.oneof(
      { weight: 6, arbitrary: compressed(tar) },
      { weight: 3, arbitrary: compressed(changed(tar)) },
      { weight: 1, arbitrary: changed(compressed(tar)) },
      { weight: 1, arbitrary: fc.uint8Array({ maxLength: 512 }) }
    ),
  feed: async (world, bytes) => {
    const top = join(world.folder, 'archives')
    const fromFile = await unpackIn(top, bytes, async archive => archive)
    const fromMemory = await unpackIn(top, bytes, async archive => new Uint8Array(readFileSync(archive)))
    if (!isDeepStrictEqual(fromFile, fromMemory)) {
      throw new Error(`from a file ${JSON.stringify(fromFile)}, from memory ${JSON.stringify(fromMemory)}`)
    }
    return [fromFile.code]
  }
}

/** @returns the outcome, and all unpacked names */
async function unpackIn(top: string, bytes: Uint8Array, load: (archive: string) => Promise<string | Uint8Array>) {
  const root = join(top, 'deep', 'root')
  mkdirSync(root, { recursive: true })
  try {
    writeFileSync(join(top, 'guard'), 'untouched')
    writeFileSync(join(top, 'x.tar.zst'), bytes)
    const archive = await load(join(top, 'x.tar.zst'))
    const unpacking = unpack(archive, root, { allow: ['in'], maxBytes: 2 ** 20, maxEntries: 8 })
    const code = await within(
      'unpack',
      codeOf(() => unpacking)
    )
    checkFiles(top, code)
    return { code, names: readdirSync(root, { recursive: true, encoding: 'utf8' }).sort() }
  } finally {
    rmSync(top, { recursive: true, force: true })
  }
}

/** @throws if a file outside of the allowed paths was created or changed */
function checkFiles(top: string, code: string): void {
  if (readFileSync(join(top, 'guard'), 'utf8') !== 'untouched') throw new Error('a file outside was changed')
  for (const name of readdirSync(top, { recursive: true, encoding: 'utf8' })) {
    const stat = lstatSync(join(top, name))
    if (!stat.isFile() && !stat.isDirectory()) throw new Error(`${name} is neither a file nor a folder`)
    if ((stat.mode & 0o7022) !== 0) throw new Error(`${name} has the mode ${stat.mode.toString(8)}`)
    const expected = ['guard', 'x.tar.zst', 'deep', 'deep/root'].includes(name) || /^deep\/root\/in(\/|$)/.test(name)
    if (!expected) throw new Error(`${name} came out of the archive`)
    if (code !== 'ok' && name.startsWith('deep/root/')) throw new Error(`${name} is left of a refused archive`)
  }
}
