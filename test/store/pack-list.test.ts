import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync
} from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { pack } from '../../node/store/pack.ts'
import { unpack } from '../../node/store/unpack.ts'
import { BakError } from '../../protocols/errors.ts'
import { type FileList, linesOfList, splitFileLists } from '../../protocols/file-list.ts'
import { folderDigests } from '../../protocols/folder-digests.ts'
import { asNobody } from '../helpers/nobody.ts'
import { newSigner } from '../helpers/streams.ts'
import { codeOf, listAll, plant, scratch } from './scratch.ts'

const RUN = '20261122T213015-k3f9ab'

const test = suite('odd files in an archive')

interface Odd {
  title: string
  make(folder: string): void | Promise<void>
  /** Beside `good`, which is always there. */
  arrives?: string[]
  says: RegExp
  lost: number
  /** Raw paths of what stays. */
  stays?: string[]
}

const sh = (folder: string, script: string) => execFileSync('sh', ['-c', script], { cwd: folder })

const odd: Odd[] = [
  {
    title: 'a name that is no UTF-8',
    make: folder => void sh(folder, 'touch "$(printf "caf\\351")"'),
    arrives: ['s/caf\\xe9'],
    says: /s\/caf\\xe9: arrived as caf\\xe9/,
    lost: 0
  },
  {
    title: 'a name with a line feed, of a folder',
    make: folder => plant(folder, { 'x\ny/a': 'a' }),
    arrives: ['s/x\\x0ay/a'],
    says: /arrived as x\\x0ay/,
    lost: 0
  },
  {
    title: 'a name whose escaped form is taken',
    make: folder => plant(folder, { 'x\ny': '1', 'x\\x0ay': '2' }),
    arrives: ['s/x\\x0ay'],
    says: /the name x\\x0ay is taken/,
    lost: 1,
    stays: ['s/x\ny']
  },
  { title: 'a named pipe', make: folder => void sh(folder, 'mkfifo p'), says: /s\/p: a named pipe/, lost: 1 },
  {
    title: 'a socket',
    make: folder =>
      new Promise(resolve => {
        const server = createServer().listen(join(folder, 'sock'), () => {
          // a server that closes removes its socket
          execFileSync('mv', [join(folder, 'sock'), join(folder, 'left')])
          server.close(() => resolve())
        })
      }),
    says: /s\/left: a socket/,
    lost: 1
  },
  {
    title: 'a link to what is packed',
    make: folder => symlinkSync('good', join(folder, 'l')),
    says: /s\/l: a link to good/,
    lost: 0
  },
  {
    title: 'a link to the outside',
    make: folder => symlinkSync('../../etc/passwd', join(folder, 'l')),
    says: /s\/l: a link to \.\.\/\.\.\/etc\/passwd/,
    lost: 1
  },
  {
    title: 'a link to nothing',
    make: folder => symlinkSync('gone', join(folder, 'l')),
    says: /a link to gone/,
    lost: 1
  },
  {
    title: 'folders that are deeper than a path may be long',
    make: folder =>
      void sh(folder, 'd=$(printf "d/%.0s" $(seq 100)); for i in $(seq 30); do mkdir -p $d && cd -P $d || break; done'),
    says: /too long: more than 64 folders deep/,
    lost: 1,
    stays: [`s/${Array(64).fill('d').join('/')}`]
  },
  {
    title: 'a file that cannot be read',
    make: folder => plant(folder, { closed: 'x' }).then(() => chmodSync(join(folder, 'closed'), 0)),
    says: /s\/closed: cannot be read: EACCES: permission denied/,
    lost: 1,
    stays: ['s/closed']
  },
  {
    title: 'a large file that cannot be read',
    make: folder =>
      plant(folder, { closed: Buffer.alloc(100_000, 'x') }).then(() => chmodSync(join(folder, 'closed'), 0)),
    says: /s\/closed: cannot be read: EACCES/,
    lost: 1,
    stays: ['s/closed']
  },
  {
    title: 'a folder that cannot be read',
    make: folder => plant(folder, { 'closed/a': 'x' }).then(() => chmodSync(join(folder, 'closed'), 0)),
    says: /s\/closed: cannot be read: EACCES/,
    lost: 1,
    stays: ['s/closed']
  }
]

for (const { title, make, arrives = [], says, lost, stays = [] } of odd) {
  test(`${title} costs at most itself, and is named`, async () => {
    const [from, to] = [scratch(), scratch()]
    chmodSync(from, 0o777)
    const folder = join(from, 's')
    await plant(folder, { good: 'good' })
    await make(folder)
    const { report } = await asNobody(() => pack(from, ['s'], join(from, 'x'), { isBounded: true }))
    const { refused } = await unpack(join(from, 'x'), to, { allow: ['s/'] })
    assert.equal(refused, [], 'the receiver has nothing to refuse')
    assert.equal(await listAll(to), [...arrives, 's/good', 's/missing.txt'].sort())
    assert.match(readFileSync(join(to, 's/missing.txt'), 'utf8'), says)
    assert.match(report.warnings().join('\n'), says)
    assert.is(report.lost, lost)
    assert.equal([...report.kept].sort(), stays)
    if (existsSync(join(folder, 'closed'))) chmodSync(join(folder, 'closed'), 0o755)
  })
}

test('a file of the name missing.txt keeps it', async () => {
  const [from, to] = [scratch(), scratch()]
  await plant(from, { 's/missing.txt': 'mine' })
  symlinkSync('nothing', join(from, 's/l'))
  await pack(from, ['s'], join(from, 'x'))
  await unpack(join(from, 'x'), to, { allow: ['s/'] })
  assert.is(readFileSync(join(to, 's/missing.txt'), 'utf8'), 'mine')
  assert.match(readFileSync(join(to, 's/missing-2.txt'), 'utf8'), /s\/l: a link to nothing/)
})

test('a sparse file stays sparse', async () => {
  const [from, to] = [scratch(), scratch()]
  mkdirSync(join(from, 's'))
  writeFileSync(join(from, 's/sparse'), 'begin')
  truncateSync(join(from, 's/sparse'), 300_000_000)
  const { report } = await pack(from, ['s'], join(from, 'x'), { isBounded: true })
  assert.is(report.data, 4096)
  const { refused, bytes } = await unpack(join(from, 'x'), to, { allow: ['s/'], maxData: 4096 })
  assert.equal([refused, bytes], [[], 300_000_000])
  assert.ok(statSync(join(to, 's/sparse')).blocks * 512 < 100_000)
  assert.is(readFileSync(join(to, 's/sparse')).compare(readFileSync(join(from, 's/sparse'))), 0)
})

test('the list of an archive names what comes out of it, as it comes out', async () => {
  const root = scratch()
  await plant(root, {
    's/x\ny': 'odd name',
    's/back\\slash': '1',
    's/d/empty/': '',
    's/large': Buffer.alloc(300_000, 7),
    's/e/none/': ''
  })
  symlinkSync('large', join(root, 's/link'))
  for (const size of ['small', 'large']) {
    const signer = newSigner()
    if (size === 'small') truncateSync(join(root, 's/large'), 10)
    const packed = await pack(root, ['s'], join(root, `${size}.tar`), { list: { run: RUN, signer } })
    const target = scratch()
    let checked: Uint8Array | undefined
    const check = (sealed: Uint8Array) => {
      checked = sealed
    }
    const list = { maxBytes: 1e6, check }
    const { refused, list: taken } = await unpack(join(root, `${size}.tar`), target, { allow: ['s/'], list })
    assert.equal([refused, taken], [[], checked])
    const { lists, rest } = splitFileLists(taken as Uint8Array)
    assert.equal([lists.length, rest, lists[0]?.digest], [1, 0, packed.files])
    const lines = [...linesOfList(lists[0] as FileList)]
    const { files, others } = await folderDigests(target)
    assert.equal(
      new Map(lines.flatMap(({ path, file }) => (file == null ? [] : [[path, file]]))),
      new Map(Object.entries(files))
    )
    assert.equal(
      lines
        .filter(({ file }) => file == null)
        .map(({ path }) => path)
        .sort(),
      Object.keys(others)
    )
    assert.equal(Object.keys(others), ['s/d/empty', 's/e/none'])
  }
})

test('an archive is not unpacked whose list is refused, or there twice', async () => {
  const root = scratch()
  await plant(root, { 's/a': 'a', 'files.txt': 'x' })
  const target = scratch()
  const tar = join(root, 't.tar')
  await pack(root, ['s'], tar, { list: { run: RUN, signer: newSigner() } })
  const refusing = {
    maxBytes: 1e6,
    check: () => {
      throw new BakError('bad-message', 'no')
    }
  }
  assert.is(await codeOf(unpack(tar, target, { allow: ['s/'], list: refusing })), 'bad-message')
  assert.is(
    await codeOf(unpack(tar, target, { allow: ['s/'], list: { maxBytes: 10, check: () => {} } })),
    'not-allowed'
  )
  await pack(root, ['files.txt', 's'], tar, { list: { run: RUN, signer: newSigner() } })
  assert.is(
    await codeOf(unpack(tar, target, { allow: ['s/'], list: { maxBytes: 1e6, check: () => {} } })),
    'not-allowed'
  )
  assert.equal(await listAll(target), [])
})

test.run()
