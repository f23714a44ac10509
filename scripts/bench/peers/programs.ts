/**
 * Programs that bak is compared with: those of this machine, else those that `npm run bench -- --install` put below
 * `build/bench`: packages of Debian, unpacked and not installed, so that nothing of the machine is changed and no service
 * is started; packages of npm; and the scripts of pbench's agent, which is in no registry, from where it is developed.
 */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { extract } from 'tar'
import { root } from '../../bundle.ts'

const run = promisify(execFile)

const FOLDER = join(root, 'build/bench')
const DEBIAN = join(FOLDER, 'debian')
const NPM = join(FOLDER, 'npm')
const DEBIAN_PACKAGES = [
  'redis-server',
  'openssh-server',
  'openssh-client',
  'rsync',
  'iperf3',
  'nginx',
  'wrk',
  'serf',
  'parallel',
  'xz-utils',
  'sysstat',
  'procps'
]
const NPM_PACKAGES = ['@number0/iroh@1.1.0']
const PBENCH = join(FOLDER, 'pbench')
/** Its latest, of 2024-09-25. */
const PBENCH_COMMIT = '013bccbd0a31ceee2e62f8939c3b518130fc14ac'
const PBENCH_TARBALL = `https://codeload.github.com/distributed-system-analysis/pbench/tar.gz/${PBENCH_COMMIT}`
/** A tarball of it on this machine, for one that does not reach the other. */
const PBENCH_VARIABLE = 'BAK_BENCH_PBENCH'
const MAX_TARBALL_BYTES = 512 * 1024 * 1024
/** Longest that fetching packages may take. */
const FETCH_TIMEOUT_MS = 300_000

export interface Program {
  path: string
  /** Where its libraries are, if they came with it. */
  env: Record<string, string>
}

/** @returns a program of this machine or one that was fetched; or why there is none */
export function findProgram(name: string): Program | { absent: string } {
  const fetched = ['usr/bin', 'usr/sbin', 'usr/lib/openssh'].map(folder => join(DEBIAN, folder, name))
  const own = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/lib/openssh'].map(folder =>
    join(folder, name)
  )
  const path = [...own, ...fetched].find(each => existsSync(each))
  if (path == null) return { absent: `no ${name} on this machine; npm run bench -- --install fetches it` }
  return { path, env: path.startsWith(DEBIAN) ? libraries() : {} }
}

/** @returns the folder of an npm package, or why there is none */
export function findPackage(name: string): { path: string } | { absent: string } {
  const path = join(NPM, 'node_modules', name)
  return existsSync(path) ? { path } : { absent: `no ${name}; npm run bench -- --install fetches it` }
}

/** @returns the folder of pbench's agent, or why there is none */
export function findPbench(): { path: string } | { absent: string } {
  const path = join(PBENCH, 'agent')
  const hint = `npm run bench -- --install fetches them, or takes the tarball that ${PBENCH_VARIABLE} names`
  return existsSync(join(path, 'tool-scripts/base-tool')) ? { path } : { absent: `no scripts of pbench; ${hint}` }
}

/** @throws where a package cannot be had; without pbench, which is in no registry, its figures are absent */
export async function install(say: (line: string) => void): Promise<void> {
  await rm(FOLDER, { recursive: true, force: true })
  const pbench = fetchPbench(say).catch(cause => say(`pbench cannot be had: ${(cause as Error).message}`))
  await Promise.all([fetchDebian(say), fetchNpm(say), pbench])
}

/** Its scripts as they are, links too. @throws where they cannot be had */
export async function fetchPbench(
  say: (line: string) => void,
  { from = process.env[PBENCH_VARIABLE], to = PBENCH }: { from?: string; to?: string } = {}
): Promise<void> {
  const bytes = from == null ? await download(PBENCH_TARBALL) : await readFile(from)
  await mkdir(to, { recursive: true })
  const file = join(to, 'pbench.tar.gz')
  await writeFile(file, bytes)
  try {
    const isWanted = (path: string) => /^[^/]+\/agent\/(tool-scripts|lib)\/(?!.*\/(samples|tests|gold)\/)/.test(path)
    await extract({ file, cwd: to, strip: 1, filter: isWanted })
  } finally {
    await rm(file)
  }
  if (!existsSync(join(to, 'agent/tool-scripts/base-tool'))) throw new Error(`${from ?? PBENCH_TARBALL} has no scripts`)
  say(`pbench ${PBENCH_COMMIT.slice(0, 10)}`)
}

async function download(url: string): Promise<Uint8Array> {
  const response = await fetch(url, { signal: AbortSignal.timeout(FETCH_TIMEOUT_MS) }).catch(cause => {
    throw new Error(`${url}: ${(cause.cause ?? cause).message}`)
  })
  if (!response.ok) throw new Error(`${url}: ${response.status} ${response.statusText}`)
  const bytes = new Uint8Array(await response.arrayBuffer())
  if (bytes.length > MAX_TARBALL_BYTES) throw new Error(`${url}: more than ${MAX_TARBALL_BYTES} bytes`)
  return bytes
}

async function fetchDebian(say: (line: string) => void): Promise<void> {
  const archives = join(FOLDER, 'archives')
  await mkdir(join(archives, 'partial'), { recursive: true })
  await mkdir(DEBIAN, { recursive: true })
  // the packages themselves even where they are installed, and of what they need whatever is missing
  const options = ['-y', '-q', '--no-install-recommends', '--download-only', '--reinstall']
  const to = ['-o', `Dir::Cache::archives=${archives}`, '-o', 'Debug::NoLocking=1']
  const download = () =>
    run('apt-get', ['install', ...options, ...to, ...DEBIAN_PACKAGES], { timeout: FETCH_TIMEOUT_MS })
  await download().catch(async () => {
    await run('apt-get', ['update', '-q'], { timeout: FETCH_TIMEOUT_MS })
    await download()
  })
  for (const archive of (await readdir(archives)).filter(name => name.endsWith('.deb'))) {
    await run('dpkg', ['-x', join(archives, archive), DEBIAN], { timeout: FETCH_TIMEOUT_MS })
    say(archive)
  }
  await rm(archives, { recursive: true, force: true })
}

async function fetchNpm(say: (line: string) => void): Promise<void> {
  await mkdir(NPM, { recursive: true })
  await writeFile(join(NPM, 'package.json'), '{"private":true}')
  const options = ['--ignore-scripts', '--no-audit', '--no-fund', '--silent']
  await run('npm', ['install', ...options, ...NPM_PACKAGES], { cwd: NPM, timeout: FETCH_TIMEOUT_MS })
  for (const each of NPM_PACKAGES) say(each)
}

function libraries(): Record<string, string> {
  const machine = process.arch === 'arm64' ? 'aarch64' : 'x86_64'
  return { LD_LIBRARY_PATH: join(DEBIAN, `usr/lib/${machine}-linux-gnu`) }
}
