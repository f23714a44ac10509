import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, posix } from 'node:path'
import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type InspectPath, isInside, realPath } from '../../../node/agent/allow/real-path.ts'

const test = suite('real path')

/** A disk of folders, files and links; `hidden` cannot be read. */
const disk: Record<string, string | undefined> = {
  '/opt': undefined,
  '/opt/bench': undefined,
  '/opt/bench/run': undefined,
  '/opt/bench/shell': '/bin/sh',
  '/opt/bench/up': '..',
  '/opt/bench/round': 'round',
  '/opt/bench/far': '/opt/bench/not-there-yet',
  '/opt/link': 'bench',
  '/bin': 'usr/bin',
  '/usr': undefined,
  '/usr/bin': undefined,
  '/usr/bin/sh': undefined,
  '/hidden': undefined
}
const inspect: InspectPath = async path => {
  if (path.startsWith('/hidden/')) throw new Error('not allowed')
  if (!Object.hasOwn(disk, path)) return 'missing'
  return disk[path] == null ? 'exists' : { link: disk[path] }
}

const cases: Array<[path: string, real: string | undefined]> = [
  ['/', '/'],
  ['//opt///bench/', '/opt/bench'],
  ['/opt/./bench/../bench/run', '/opt/bench/run'],
  ['/../../opt', '/opt'],
  ['/bin/sh', '/usr/bin/sh'],
  ['/opt/bench/shell', '/usr/bin/sh'],
  ['/opt/link/run', '/opt/bench/run'],
  // the parent of the link's target, not of the link
  ['/opt/link/..', '/opt'],
  ['/bin/..', '/usr'],
  ['/opt/bench/up/bench', '/opt/bench'],
  ['/opt/bench/new', '/opt/bench/new'],
  ['/opt/bench/new/deep/file', '/opt/bench/new/deep/file'],
  ['/opt/bench/far/file', '/opt/bench/not-there-yet/file'],
  ['/opt/bench/new/../run', undefined],
  ['/opt/bench/new/../../../etc/passwd', undefined],
  ['/opt/bench/round', undefined],
  ['/hidden/file', undefined],
  ['opt/bench', undefined],
  ['./run', undefined],
  ['', undefined]
]
for (const [path, real] of cases) {
  test(`${path} resolves to ${real ?? 'nothing'}`, async () => {
    assert.is(await realPath(path, inspect), real)
  })
}

const within: Array<[path: string, folders: string[], inside: boolean]> = [
  ['/opt/bench/run', ['/opt/bench'], true],
  ['/opt/bench', ['/opt/bench'], true],
  ['/opt/bench/run', ['/srv', '/opt/link/'], true],
  ['/opt/link/run', ['/opt/bench'], true],
  ['/opt/bench/new', ['/opt/bench'], true],
  ['/usr/bin/sh', ['/'], true],
  ['/opt/bench/shell', ['/opt/bench'], false],
  ['/opt/bench/../secret', ['/opt/bench'], false],
  ['/opt/bench/up/secret', ['/opt/bench'], false],
  ['/opt/benchmark', ['/opt/bench'], false],
  ['/opt', ['/opt/bench'], false],
  ['/opt/bench/run', [], false],
  ['/opt/bench/run', ['/nowhere'], false],
  ['bench/run', ['/'], false]
]
for (const [path, folders, inside] of within) {
  test(`${path} is ${inside ? '' : 'not '}inside of ${folders.join(' or ') || 'nothing'}`, async () => {
    assert.is(await isInside(path, folders, inspect), inside)
  })
}

/** A tree with links of all kinds on a real disk. */
function tree(): string {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'bak-paths-')))
  mkdirSync(join(root, 'a/b/c'), { recursive: true })
  writeFileSync(join(root, 'a/f'), '')
  symlinkSync('a/b', join(root, 'x'))
  symlinkSync('../..', join(root, 'a/b/y'))
  symlinkSync(join(root, 'a'), join(root, 'a/b/c/z'))
  symlinkSync('nowhere', join(root, 'dead'))
  symlinkSync('loop', join(root, 'loop'))
  return root
}

test('any path through a tree resolves as the kernel resolves it', async () => {
  const root = tree()
  const part = fc.constantFrom('a', 'b', 'c', 'f', 'x', 'y', 'z', 'dead', 'loop', 'new', '.', '..', '')
  try {
    await fc.assert(
      fc.asyncProperty(fc.array(part, { maxLength: 8 }), async parts => {
        const path = [root, ...parts].join('/')
        const real = await realPath(path)
        if (existsSync(path)) assert.is(real, realpathSync.native(path))
        // a file could be written, and would be there
        else if (real !== undefined && !/(^|\/)\.*$/.test(path) && existsSync(dirname(path)))
          assert.is(dirname(real), realpathSync.native(dirname(path)))
      }),
      { numRuns: 500 }
    )
  } finally {
    rmSync(root, { recursive: true })
  }
})

test('the real path of everything inside of a folder begins with that folder', async () => {
  const known = fc.constantFrom(...Object.keys(disk), '/etc/passwd')
  const path = fc.tuple(known, fc.array(fc.constantFrom('..', '.', 'bench', 'up', 'far', 'shell', 'new')))
  await fc.assert(
    fc.asyncProperty(path, fc.array(known, { maxLength: 3 }), async ([from, parts], folders) => {
      const candidate = posix.join(from, '.') + parts.map(part => `/${part}`).join('')
      const real = await realPath(candidate, inspect)
      const roots = await Promise.all(folders.map(folder => realPath(folder, inspect)))
      const expected =
        real != null && roots.some(root => root != null && `${real}/`.startsWith(`${root}/`.replace('//', '/')))
      assert.is(await isInside(candidate, folders, inspect), expected)
    }),
    { numRuns: 500 }
  )
})

test.run()
