/**
 * Programs that bak is compared with: those of this machine, else those that `npm run bench -- --install` put below
 * `build/bench`: packages of Debian, unpacked and not installed, so that nothing of the machine is changed and no service
 * is started; and packages of npm.
 */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { root } from '../../bundle.ts'

const run = promisify(execFile)

const FOLDER = join(root, 'build/bench')
const DEBIAN = join(FOLDER, 'debian')
const NPM = join(FOLDER, 'npm')
const DEBIAN_PACKAGES = ['redis-server', 'openssh-server', 'openssh-client', 'rsync', 'iperf3', 'serf', 'xz-utils']
const NPM_PACKAGES = ['@number0/iroh@1.1.0']
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

/** @throws where a package cannot be had */
export async function install(say: (line: string) => void): Promise<void> {
  await rm(FOLDER, { recursive: true, force: true })
  await Promise.all([fetchDebian(say), fetchNpm(say)])
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
