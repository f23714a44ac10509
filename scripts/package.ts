/**
 * `npm run package [-- --arch x64|arm64] [--output DIR]`: makes `build/bak-linux-ARCH`, one executable that needs no Node and no packages on
 * the machine. The sources are bundled into one module, which Node puts into a copy of its own executable; for this
 * machine's own architecture with V8's code cache, so that nothing is compiled at start.
 */
import { execFile } from 'node:child_process'
import { hash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { bundle, root } from './bundle.ts'

const run = promisify(execFile)
/** Making an executable takes seconds; fetching the runtime of another architecture takes longer, ms. */
const COMMAND_TIMEOUT_MS = 300_000
const ARCHES = ['x64', 'arm64']

const { arch, output: folder } = parseArgs({
  options: { arch: { type: 'string', default: process.arch }, output: { type: 'string', default: join(root, 'build') } }
}).values
if (!ARCHES.includes(arch)) {
  process.stderr.write(`package: no runtime for ${arch}; there are ${ARCHES.join(' and ')}\n`)
  process.exit(64)
}
const work = await mkdtemp(join(tmpdir(), 'bak-package-'))
try {
  const output = join(folder, `bak-linux-${arch}`)
  await mkdir(folder, { recursive: true })
  await makeExecutable(await runtimeOf(arch, work), output, work)
  const { size } = await stat(output)
  process.stdout.write(
    `${output}\n${(size / 2 ** 20).toFixed(1)} MiB; bak, bak-node and bak-testnet beside it are links to it\n`
  )
} finally {
  await rm(work, { recursive: true, force: true })
}

async function makeExecutable(runtime: string, output: string, temporary: string): Promise<void> {
  const main = join(temporary, 'bak.mjs')
  await bundle({
    ...{ entryPoints: [join(root, 'scripts/entry.ts')], outfile: main, minify: true },
    // nothing is beside the executable
    define: { 'import.meta.url': '"file:///bak"' }
  })
  const made = join(temporary, 'bak')
  const own = arch === process.arch
  const config = {
    ...{ main, mainFormat: 'module', output: made, executable: runtime },
    // the cache is good for the machine code of this architecture only
    ...{ useCodeCache: own, disableExperimentalSEAWarning: true }
  }
  await writeFile(join(temporary, 'sea.json'), JSON.stringify(config))
  await run(process.execPath, ['--build-sea', join(temporary, 'sea.json')], { timeout: COMMAND_TIMEOUT_MS })
  await chmod(made, 0o755)
  await run('cp', [made, `${output}.new`])
  await rename(`${output}.new`, output)
  for (const name of ['bak', 'bak-node', 'bak-testnet']) {
    const link = join(dirname(output), name)
    await rm(link, { force: true })
    await symlink(`bak-linux-${arch}`, link)
  }
}

/** The runtime that the package pins: installed for this machine, fetched by its name for another. */
async function runtimeOf(architecture: string, temporary: string): Promise<string> {
  const name = `node-linux-${architecture}`
  const installed = join(root, 'node_modules', name, 'bin/node')
  if (existsSync(installed)) return installed
  const { optionalDependencies } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
  const fetched = `${name}@${optionalDependencies[name]}`
  await run('npm', ['pack', fetched, '--silent'], { cwd: temporary, timeout: COMMAND_TIMEOUT_MS })
  const tarball = join(temporary, `${name}-${optionalDependencies[name]}.tgz`)
  const { packages } = JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8'))
  const locked = packages[`node_modules/${name}`]?.integrity
  const found = `sha512-${hash('sha512', await readFile(tarball), 'base64')}`
  if (found !== locked) throw new Error(`${fetched} is not what package-lock.json names: ${found}, not ${locked}`)
  await run('tar', ['-xzf', tarball], { cwd: temporary, timeout: COMMAND_TIMEOUT_MS })
  return join(temporary, 'package/bin/node')
}
