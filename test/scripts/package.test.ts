import { execFileSync, spawn } from 'node:child_process'
import { copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Finished, finished } from '../../testnets/testnet.ts'
import { needs, skipWhere } from '../helpers/skip.ts'

const MIB = 2 ** 20
/** Making it, and a whole demo with it, take seconds, ms. */
const LIMIT = 120_000

const one = suite('npm run package: all programs in one file')
const folder = mkdtempSync(join(tmpdir(), 'bak-package-'))
const notRoot = process.getuid?.() === 0 ? undefined : 'only root may change the root folder'

one.before(() => {
  execFileSync(process.execPath, ['scripts/package.ts', '--output', folder], { stdio: 'pipe', timeout: LIMIT })
})

one.after(() => rmSync(folder, { recursive: true, force: true }))

one('the name that it is called by chooses the program', async () => {
  const names = await Promise.all(['bak', 'bak-node'].map(name => runOf(join(folder, name), ['--help'])))
  assert.match(names[0]?.stdout ?? '', /^Usage: bak \[options\]/)
  assert.match(names[1]?.stdout ?? '', /^Usage: bak-node \[options\]/)
  const version = await runOf(join(folder, 'bak'), ['--version'])
  assert.match(version.stdout, /^\d+\.\d+\.\d+\n$/)
})

one('it is one executable, hardly larger than the runtime in it', () => {
  const { size } = statSync(join(folder, `bak-linux-${process.arch}`))
  assert.ok(size - statSync(process.execPath).size < 16 * MIB, `${size} bytes`)
})

one('it runs the file of the driver of load, which can load others and start threads', async () => {
  const file = join(folder, 'driver.mjs')
  writeFileSync(join(folder, 'other.mjs'), 'export default 42')
  writeFileSync(
    file,
    `import { Worker, workerData } from 'node:worker_threads'
     if (workerData == null) new Worker(new URL(import.meta.url), { workerData: 1 }).once('exit', () => process.exit(7))
     else console.log((await import(new URL('other.mjs', import.meta.url).href)).default)`
  )
  const ran = await runOf(join(folder, `bak-linux-${process.arch}`), ['--load-driver', file])
  assert.equal([ran.stdout, ran.status], ['42\n', 7], ran.stderr)
})

one('an architecture that there is no runtime for is named', async () => {
  const refused = await runOf(process.execPath, ['scripts/package.ts', '--arch', 'mips', '--output', folder])
  assert.is(refused.status, 64)
  assert.match(refused.stderr, /no runtime for mips; there are x64 and arm64/)
})

skipWhere(notRoot ?? needs('unshare') ?? needs('vmstat'), one)(
  'the demo passes with it on a root folder that has no Node, no packages and no sources',
  async () => {
    const root = join(folder, 'root')
    const vmstat = execFileSync('sh', ['-c', 'command -v vmstat'], { encoding: 'utf8' }).trim()
    for (const name of ['proc', 'dev', 'tmp', 'opt']) mkdirSync(join(root, name), { recursive: true })
    for (const name of [`bak-linux-${process.arch}`, 'bak', 'bak-node', 'bak-testnet']) {
      cpSync(join(folder, name), join(root, 'opt', name), { verbatimSymlinks: true })
    }
    for (const program of ['/bin/sh', vmstat]) copy(program, join(root, 'bin', program.split('/').at(-1) as string))
    for (const program of ['/bin/sh', vmstat, process.execPath]) {
      for (const library of librariesOf(program)) copy(library, join(root, library))
    }
    const mounted =
      'mount -t proc proc "$1/proc" && mount --rbind /dev "$1/dev" && exec chroot "$1" /opt/bak-testnet demo'
    const demo = await runOf('unshare', ['--mount', '--propagation', 'private', 'sh', '-c', mounted, 'sh', root])
    assert.is(demo.status, 0, demo.stderr)
    assert.match(demo.stdout, /as it was signed; \d+ files, 11 certificates/)
    assert.not(existsSync(join(root, 'usr/bin/node')))
  }
)

one.run()

function runOf(program: string, args: string[]): Promise<Finished> {
  return finished(spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], timeout: LIMIT }))
}

/** @returns absolute paths of the shared libraries of a program, and of its loader */
function librariesOf(program: string): string[] {
  return execFileSync('ldd', [program], { encoding: 'utf8' }).match(/\/\S+/g) ?? []
}

function copy(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true })
  copyFileSync(from, to)
}
