import { execFileSync, spawn } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Finished, finished } from '../testnets/testnet.ts'

const test = suite('the package')
const root = dirname(dirname(fileURLToPath(import.meta.url)))
let dir = ''
let unpacked = ''

test.before(() => {
  dir = mkdtempSync(join(tmpdir(), 'bak-package-'))
  execFileSync('npm', ['pack', '--silent', '--pack-destination', dir], { cwd: root, stdio: 'pipe' })
  const [tarball] = readdirSync(dir)
  execFileSync('tar', ['-xzf', join(dir, tarball as string), '-C', dir])
  unpacked = join(dir, 'package')
  symlinkSync(join(root, 'node_modules'), join(unpacked, 'node_modules'))
})
test.after(() => rmSync(dir, { recursive: true, force: true }))

const clean = Object.fromEntries(Object.entries(process.env).filter(([key]) => !key.startsWith('BAK_')))
const run = (program: string, words: string[], env = {}): Promise<Finished> =>
  finished(spawn(program, words, { env: { ...clean, ...env }, stdio: ['ignore', 'pipe', 'pipe'], timeout: 60_000 }))

test('it holds the programs, what was built, and nothing else', () => {
  const allowed = ['LICENSE', 'README.md', 'bin', 'dist', 'node_modules', 'package.json']
  assert.equal(
    readdirSync(unpacked).filter(name => !allowed.includes(name)),
    []
  )
  assert.equal(readdirSync(join(unpacked, 'bin')), ['bak', 'bak-node'])
  assert.equal(readdirSync(join(unpacked, 'dist')).sort(), ['cli', 'node', 'parts'])
  const built = readdirSync(join(unpacked, 'dist'), { recursive: true, withFileTypes: true }).filter(each =>
    each.isFile()
  )
  assert.equal(
    built.filter(({ name }) => !name.endsWith('.js')),
    []
  )
})

test('what was built runs: a daemon, and the program that asks it', async () => {
  const [bak, bakNode] = [join(unpacked, 'bin/bak'), join(unpacked, 'bin/bak-node')]
  const home = join(dir, 'home')
  assert.match((await run(bak, ['--version'])).stdout, /^\d+\.\d+\.\d+\n$/)
  assert.is((await run(bakNode, ['--home', home, 'init'])).status, 0)
  const daemon = spawn(bakNode, ['--home', home, 'daemon', '--name', 'built', '--listen', '/ip4/127.0.0.1/tcp/0'], {
    env: clean,
    stdio: ['ignore', 'pipe', 'pipe']
  })
  const ended = finished(daemon)
  try {
    await new Promise<void>((resolve, reject) => {
      daemon.stdout.on('data', data => String(data).endsWith('ready\n') && resolve())
      ended.then(({ stderr }) => reject(new Error(stderr)))
    })
    const { stdout } = await run(bak, ['--home', home, 'status'])
    assert.match(stdout, /^name: +built\nstate: +standby\n/)
    assert.is((await run(bak, ['--home', home, 'run', '--quiet', '--', 'true'])).status, 0)
  } finally {
    daemon.kill()
  }
  assert.is((await ended).status, 0)
})

test('a link to the program finds its files', async () => {
  symlinkSync(join(unpacked, 'bin/bak-node'), join(dir, 'linked'))
  assert.match((await run(join(dir, 'linked'), ['--help'])).stdout, /^Usage: bak-node /)
})

test('the runtime beside the package is found where npm has put it', async () => {
  const modules = join(dir, 'modules/node_modules')
  mkdirSync(modules, { recursive: true })
  cpSync(unpacked, join(modules, 'bench-army-knife'), {
    recursive: true,
    filter: path => !path.endsWith('/node_modules')
  })
  for (const name of readdirSync(join(root, 'node_modules')))
    symlinkSync(join(root, 'node_modules', name), join(modules, name))
  const { status, stderr } = await run(join(modules, 'bench-army-knife/bin/bak'), ['--version'], {
    PATH: withNode('v20.0.0')
  })
  assert.is(status, 0, stderr)
})

for (const [what, version] of [
  ['an old Node', 'v20.0.0'],
  ['no Node', undefined]
]) {
  test(`with ${what} and no pinned one it says in one line what to do`, async () => {
    const alone = join(dir, `alone ${version}`)
    cpSync(unpacked, alone, { recursive: true, filter: path => !path.endsWith('/node_modules') })
    for (const program of ['bak', 'bak-node']) {
      const { status, stdout, stderr } = await run(join(alone, 'bin', program), ['status'], { PATH: withNode(version) })
      assert.equal([status, stdout], [78, ''])
      assert.match(
        stderr,
        new RegExp(`^${program}: needs Node 24 or later, and found ${version ?? 'none'}; [^\\n]*npm ci[^\\n]*\\n$`)
      )
    }
  })
}

/** @returns a PATH with what a shell script needs and, it may be, a node that only tells its version */
function withNode(version: string | undefined): string {
  const path = join(dir, `path ${version}`)
  mkdirSync(path, { recursive: true })
  for (const name of ['sh', 'readlink', 'uname']) {
    const found = execFileSync('sh', ['-c', `command -v ${name}`])
      .toString()
      .trim()
    if (!readdirSync(path).includes(name)) symlinkSync(found, join(path, name))
  }
  if (version != null) {
    writeFileSync(join(path, 'node'), `#!/bin/sh\necho ${version}\n`)
    chmodSync(join(path, 'node'), 0o755)
  }
  return path
}

test.run()
