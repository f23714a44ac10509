import { execFileSync } from 'node:child_process'
import {
  chmod,
  link,
  lstat,
  mkdir,
  open,
  readdir,
  readFile,
  symlink,
  truncate,
  utimes,
  writeFile
} from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { pack } from '../../node/store/pack.ts'
import { unpack } from '../../node/store/unpack.ts'
import { digestOf } from '../../protocols/digest.ts'
import { codeOf, listAll, plant, scratch, withSmallDisk } from './scratch.ts'
import { crafted, type Entry } from './tars.ts'

const test = suite('archive')
const anything = { allow: ['.'] }

test('files are unpacked with the bytes, times and execute bits with which they were packed', async () => {
  const [from, to] = [scratch(), scratch()]
  const long = `${'d'.repeat(120)}/${'e'.repeat(120)}/${'ü'.repeat(80)}`
  const files = { 's/a.txt': 'hello', 's/b/big': Buffer.alloc(700_001, 'xyz'), 's/run.sh': '#!', 's/zero': '' }
  await plant(from, { ...files, [`s/${long}`]: 'deep', 's/empty/': '', other: 'no' })
  await chmod(join(from, 's/run.sh'), 0o4755)
  await utimes(join(from, 's/a.txt'), 1_500_000_000, 1_500_000_000)
  const archive = join(scratch(), 'x.tar.zst')
  const { report, ...packed } = await pack(from, ['s'], archive)
  assert.equal(report.left, [])
  const bytes = await readFile(archive)
  assert.equal(packed, { digest: digestOf(bytes), bytes: bytes.length })

  const result = await unpack(archive, to, { allow: ['s/'] })
  assert.equal(result, { files: 5, bytes: 5 + 700_001 + 2 + 4, refused: [], renamed: [] })
  for (const [path, content] of Object.entries(files)) {
    assert.is((await readFile(join(to, path))).compare(Buffer.from(content)), 0, path)
  }
  assert.is(await readFile(join(to, 's', long), 'utf8'), 'deep')
  assert.ok((await lstat(join(to, 's/empty'))).isDirectory())
  assert.is((await lstat(join(to, 's/run.sh'))).mode & 0o7777, 0o755)
  assert.is((await lstat(join(to, 's/a.txt'))).mode & 0o7777, 0o644)
  assert.is((await lstat(join(to, 's/a.txt'))).mtimeMs, 1_500_000_000_000)
})

test('the same content gives the same bytes, in whatever order it was created and requested', async () => {
  const digests: string[] = []
  for (const names of [
    ['b', 'a', 'c/d'],
    ['c/d', 'a', 'b']
  ]) {
    const from = scratch()
    for (const name of names) {
      await plant(from, { [name]: name })
      await utimes(join(from, name), 1, 1)
    }
    await utimes(join(from, 'c'), 1, 1)
    digests.push(
      (
        await pack(
          from,
          names.map(name => name[0] as string),
          join(from, 'x')
        )
      ).digest
    )
  }
  assert.is(digests[0], digests[1])
})

test('tar and zstd of the system read a packed archive', async () => {
  const from = scratch()
  await plant(from, { 'a/b': 'hello', 'a/c/': '' })
  await pack(from, ['a'], join(from, 'x.tar.zst'))
  try {
    execFileSync('zstd', ['--version'], { stdio: 'ignore' })
  } catch {
    console.log('SKIP tar and zstd of the system read what was packed: there is no zstd here')
    return
  }
  assert.equal(
    execFileSync('tar', ['--zstd', '-tf', join(from, 'x.tar.zst')])
      .toString()
      .trim()
      .split('\n'),
    ['a/', 'a/b', 'a/c/']
  )
})

test('links and pipes are named and not packed, duplicates are packed once, hard links as files', async () => {
  const [from, to] = [scratch(), scratch()]
  await plant(from, { 'a/file': 'x' })
  await link(join(from, 'a/file'), join(from, 'a/hard'))
  await symlink('/etc/passwd', join(from, 'a/soft'))
  execFileSync('mkfifo', [join(from, 'a/fifo')])
  await pack(from, ['a', 'a/file', './a/'], join(from, 'x'))
  const { refused } = await unpack(join(from, 'x'), to, anything)
  assert.equal(refused, [])
  assert.equal(await listAll(to), ['a/file', 'a/hard', 'a/missing.txt'])
})

test('a file that grows while it is packed gives a whole archive, and is named', async () => {
  const [from, to] = [scratch(), scratch()]
  const size = 3_000_000
  await plant(from, { 'a/1': new Uint8Array(size).fill(7), 'a/2': new Uint8Array(size).fill(7) })
  let busy = true
  const meddle = async () => {
    const grows = await open(join(from, 'a/1'), 'a')
    while (busy) await grows.write(new Uint8Array(1000))
    await grows.close()
  }
  const meddling = meddle()
  await truncate(join(from, 'a/2'), 10)
  await pack(from, ['a'], join(from, 'x')).finally(() => {
    busy = false
  })
  await meddling
  assert.is((await unpack(join(from, 'x'), to, anything)).files, 3)
  assert.match(await readFile(join(to, 'a/missing.txt'), 'utf8'), /a\/1: changed while it was packed/)
})

test('missing files cannot be packed, nor files outside of the root', async () => {
  const from = scratch()
  assert.is(await codeOf(pack(from, ['absent'], join(from, 'x'))), 'io')
  for (const path of ['..', '../x', '/etc/passwd', 'a/../../x']) {
    assert.is(await codeOf(pack(from, [path], join(from, 'x'))), 'bug', path)
  }
  assert.equal(await listAll(from), [])
})

test('packing stops when its signal aborts, and leaves nothing', async () => {
  const from = scratch()
  await plant(from, { big: Buffer.alloc(20_000_000, 'abc') })
  assert.is(await codeOf(pack(from, ['big'], join(from, 'x'), { signal: AbortSignal.abort() })), 'interrupted')
  const giveUp = new AbortController()
  setImmediate(() => giveUp.abort())
  assert.is(await codeOf(pack(from, ['big'], join(from, 'x'), { signal: giveUp.signal })), 'interrupted')
  assert.equal(await listAll(from), ['big'])
})

/** An archive as its maker liked it. */
async function craft(entries: Entry[], name = 'evil'): Promise<string> {
  const archive = join(scratch(), name)
  await writeFile(archive, zstdCompressSync(crafted(entries)))
  return archive
}

/** A large archive is unpacked while its file is read, a small one from memory: both have the same rules. */
const ways: [string, (archive: string) => Promise<string | Uint8Array>][] = [
  ['from a file', async archive => archive],
  ['from memory', archive => readFile(archive)]
]

const outside = 'evil was here'
const hostile: [string, Entry[]][] = [
  ["a path with '..'", [{ path: '../escaped', body: outside }]],
  ["a path with '..' in the middle", [{ path: 'in/../../escaped', body: outside }]],
  ['an absolute path', [{ path: '/tmp/bak-escaped', body: outside }]],
  ['a name outside of the allowed paths', [{ path: 'inx', body: outside }]],
  ["another member's folder", [{ path: 'in-other/a', body: outside }]],
  ['a symbolic link', [{ path: 'in/l', type: 'SymbolicLink', linkpath: '/etc/passwd' }]],
  ['a hard link', [{ path: 'in/l', type: 'Link', linkpath: '/etc/passwd' }]],
  ['a hard link to a file of the archive', [{ path: 'in/l', type: 'Link', linkpath: 'in/good' }]],
  ['a character device', [{ path: 'in/dev', type: 'CharacterDevice', devmaj: 1, devmin: 3 }]],
  ['a block device', [{ path: 'in/dev', type: 'BlockDevice', devmaj: 8, devmin: 0 }]],
  ['a fifo', [{ path: 'in/fifo', type: 'FIFO' }]],
  ['a name that is too long', [{ path: `in/${'x'.repeat(256)}`, body: outside }]],
  ['a path that is too long', [{ path: `in/${Array(20).fill('x'.repeat(200)).join('/')}`, body: outside }]],
  ['a path that is too deep', [{ path: `in/${'x/'.repeat(70)}y`, body: outside }]],
  ['a name with a line feed', [{ path: 'in/a\nb', body: outside }]],
  ['a name with an escape sequence', [{ path: 'in/\u001b[2J', body: outside }]],
  ['a name that is there twice', [{ path: 'in/good', body: outside }]],
  ['a file below a file', [{ path: 'in/good/below', body: outside }]],
  ['a file in place of a folder', [{ path: 'in/folder', body: outside }]],
  ['an unknown type', [{ path: 'in/x', type: 'TapeVolumeHeader' }]]
]

for (const [way, given] of ways) {
  for (const [title, entries] of hostile) {
    test(`${title} is refused by name, and the other entries are unpacked, ${way}`, async () => {
      const to = scratch()
      const good = [
        { path: 'in/good', body: 'good' },
        { path: 'in/folder/x', body: 'x' }
      ]
      const archive = await given(await craft([...good, ...entries, { path: 'in/last', body: 'last' }]))
      const { refused, files, bytes } = await unpack(archive, join(to), { allow: ['in/'] })
      assert.is(refused.length, entries.length, JSON.stringify(refused))
      assert.not.match(refused.map(({ reason }) => reason).join(), /[\u0000-\u001f]/)
      assert.equal([files, bytes], [3, 9])
      assert.equal(await listAll(to), ['in/folder/x', 'in/good', 'in/last'])
      assert.is(await readFile(join(to, 'in/good'), 'utf8'), 'good')
    })
  }

  test(`a symbolic link and a file through it are both refused, ${way}`, async () => {
    const to = scratch()
    const archive = await craft([
      { path: 'in/l', type: 'SymbolicLink', linkpath: '../..' },
      { path: 'in/l/escaped', body: outside }
    ])
    const { refused } = await unpack(await given(archive), to, { allow: ['in'] })
    assert.is(refused.length, 1)
    // the link never came to be, so that its name is a folder like any other
    assert.equal(await listAll(to), ['in/l/escaped'])
  })

  test(`a folder of the target that is a symbolic link is not followed, ${way}`, async () => {
    const [to, elsewhere] = [scratch(), scratch()]
    await symlink(elsewhere, join(to, 'in'))
    const { refused, files } = await unpack(await given(await craft([{ path: 'in/a', body: outside }])), to, {
      allow: ['in']
    })
    assert.is(files, 0)
    assert.is(refused.length, 1)
    assert.equal(await listAll(elsewhere), [])
  })

  test(`a file that exists is not overwritten, the new one gets a free name, and one with the same bytes counts as unpacked, ${way}`, async () => {
    const to = scratch()
    await plant(to, { 'in/mine': 'mine', 'in/same': 'same' })
    const archive = await craft([
      { path: 'in/mine', body: 'your' },
      { path: 'in/same', body: 'same' }
    ])
    for (const _ of ['once', 'again']) {
      const { renamed, files } = await unpack(await given(archive), to, { allow: ['in'] })
      assert.is(files, 2)
      assert.equal(renamed, [{ path: 'in/mine', as: 'in/mine-2' }])
    }
    assert.is(await readFile(join(to, 'in/mine'), 'utf8'), 'mine')
    assert.is(await readFile(join(to, 'in/mine-2'), 'utf8'), 'your')
    assert.equal(await listAll(to), ['in/mine', 'in/mine-2', 'in/same'])
  })

  test(`mode bits beyond read, write and execute are dropped, ${way}`, async () => {
    const to = scratch()
    await unpack(
      await given(
        await craft([
          { path: 'in/a', mode: 0o6777 },
          { path: 'in/d/', type: 'Directory', mode: 0o1777 }
        ])
      ),
      to,
      {
        allow: ['in']
      }
    )
    assert.is((await lstat(join(to, 'in/a'))).mode & 0o7777, 0o755)
    assert.is((await lstat(join(to, 'in/d'))).mode & 0o7777, 0o755)
  })

  test(`any path that an archive names stays inside of the folder, ${way}`, async () => {
    const piece = fc.oneof(
      fc.constantFrom('..', '.', '', 'in', 'a', '/', '\\', '\0', '...'),
      fc.string({ maxLength: 5 })
    )
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(piece, { maxLength: 5 }), { maxLength: 6 }), async paths => {
        const top = scratch()
        const to = join(top, 'deep/er/root')
        await mkdir(to, { recursive: true })
        const entries = paths.map(parts => ({ path: parts.join('/') || 'x', body: 'x' }))
        const archive = await craft([{ path: 'in/first', body: '1' }, ...entries], 'any')
        await unpack(await given(archive), to, { allow: ['in'] }).catch(error =>
          assert.is(error.code, 'mismatch', error.stack)
        )
        for (const path of await listAll(top)) assert.match(path, /^deep\/er\/root\/in\//)
      }),
      { numRuns: 60 }
    )
  })

  test(`a truncated or damaged archive is a mismatch, and nothing of it is unpacked, ${way}`, async () => {
    const from = scratch()
    await plant(from, { 'in/a': Buffer.alloc(300_000, 'abcdefg'), 'in/b': 'b' })
    await pack(from, ['in'], join(from, 'x'))
    const whole = await readFile(join(from, 'x'))
    const flipped = Buffer.from(whole)
    flipped[whole.length >> 1] = (flipped[whole.length >> 1] as number) ^ 0x40
    const bad = [0, 1, 3, 20, whole.length >> 1, whole.length - 1].map(length => whole.subarray(0, length))
    for (const content of [...bad, flipped, Buffer.from('no archive at all'), zstdCompressSync(Buffer.alloc(0))]) {
      const to = scratch()
      await writeFile(join(from, 'bad'), content)
      assert.is(
        await codeOf(unpack(await given(join(from, 'bad')), to, anything)),
        'mismatch',
        `${content.length} bytes`
      )
      assert.equal(await listAll(to), [])
    }
  })

  test(`a truncated tar that is compressed whole is a mismatch, ${way}`, async () => {
    const entries = [{ path: 'in/a', body: 'x'.repeat(5000) }]
    const whole = crafted(entries)
    for (const content of [
      whole.subarray(0, 1024),
      whole.subarray(0, 512),
      crafted(entries, false),
      whole.with(200, 1)
    ]) {
      const archive = join(scratch(), 'x')
      await writeFile(archive, zstdCompressSync(content))
      assert.is(await codeOf(unpack(await given(archive), scratch(), anything)), 'mismatch', `${content.length} bytes`)
    }
  })

  test(`an archive in an archive is not opened, ${way}`, async () => {
    const archive = join(scratch(), 'x')
    for (const inner of [execFileSync('gzip', { input: crafted([{ path: 'a' }]) }), zstdCompressSync(crafted([]))]) {
      await writeFile(archive, zstdCompressSync(inner))
      assert.is(await codeOf(unpack(await given(archive), scratch(), anything)), 'mismatch')
    }
  })

  test(`an archive that unpacks to too many bytes is stopped, ${way}`, async () => {
    const [from, to] = [scratch(), scratch()]
    await plant(from, { 'in/zeros': new Uint8Array(20_000_000) })
    await pack(from, ['in'], join(from, 'bomb'))
    assert.ok((await lstat(join(from, 'bomb'))).size < 10_000)
    assert.is(
      await codeOf(unpack(await given(join(from, 'bomb')), to, { ...anything, maxBytes: 1_000_000 })),
      'not-allowed'
    )
    assert.equal(await listAll(to), [])
    const many = await craft(Array.from({ length: 50 }, (_, i) => ({ path: `in/${i}` })))
    assert.is(await codeOf(unpack(await given(many), to, { ...anything, maxEntries: 49 })), 'not-allowed')
  })
}

test('archives that share folders are merged in either order, and leave nothing else', async () => {
  const to = scratch()
  const craftOf = async (name: string) => readFile(await craft([{ path: `in/a/${name}/${name}`, body: name }]))
  const names = ['x', 'y', 'z']
  const all = await Promise.all(names.map(craftOf))
  const unpacked = await Promise.all(all.map(archive => unpack(archive, to, { allow: ['in'] })))
  assert.equal(
    unpacked,
    names.map(() => ({ files: 1, bytes: 1, refused: [], renamed: [] }))
  )
  const again = await unpack(await readFile(await craft([{ path: 'in/a/x/more', body: 'm' }])), to, { allow: ['in'] })
  assert.equal(again, { files: 1, bytes: 1, refused: [], renamed: [] })
  assert.equal(await listAll(to), ['in/a/x/more', 'in/a/x/x', 'in/a/y/y', 'in/a/z/z'])
  assert.equal(await readdir(to), ['in'])
})

test('a link in the path of an entry that is unpacked from memory is not followed, wherever it is', async () => {
  for (const place of ['in', 'in/a', 'in/a/b', 'in/a/b/file']) {
    const [to, elsewhere] = [scratch(), scratch()]
    await mkdir(join(to, dirname(place)), { recursive: true })
    await symlink(elsewhere, join(to, place))
    const archive = await readFile(await craft([{ path: 'in/a/b/file', body: outside }]))
    const { refused, files } = await unpack(archive, to, { allow: ['in'] })
    assert.is(files, 0)
    assert.is(refused.length, 1, place)
    assert.equal(await listAll(elsewhere), [])
  }
})

test('unpacking stops when its signal aborts, and leaves nothing', async () => {
  const to = scratch()
  const archive = await craft([{ path: 'a', body: 'x'.repeat(100_000) }])
  assert.is(await codeOf(unpack(archive, to, { ...anything, signal: AbortSignal.abort() })), 'interrupted')
  assert.equal(await listAll(to), [])
})

const full = 'on a full disk packing and unpacking are no-space and leave nothing behind'
test(full, () =>
  withSmallDisk(full, 512, async folder => {
    const from = scratch()
    const noise = Buffer.alloc(2_000_000)
    for (let i = 0; i < noise.length; i += 4) noise.writeUInt32LE(Math.imul(i, 2654435761) >>> 0, i)
    await plant(from, { 'in/noise': noise, 'in/zeros': new Uint8Array(2_000_000) })
    await pack(from, ['in'], join(from, 'x'))
    assert.is(await codeOf(unpack(join(from, 'x'), folder, anything)), 'no-space')
    assert.equal(await listAll(folder), [])
    assert.is(await codeOf(pack(from, ['in'], join(folder, 'x'), { level: 1 })), 'no-space')
    assert.equal(await listAll(folder), [])
  })
)

test.run()
