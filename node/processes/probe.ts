/** Finds out once, at the start of a daemon, by which way programs of others can be kept apart on this machine. */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, isAbsolute, join } from 'node:path'
import { ownFolder } from '../../protocols/default-home.ts'
import { chosenEnvironment } from './environment.ts'
import { type Found, type Isolation, isolationOf, wrap } from './isolation.ts'
import { writableMountsFor } from './mounts.ts'
import { findRunAs } from './run-as.ts'

const PROGRAMS = ['setpriv', 'unshare', 'mount', 'bwrap'] as const
type Program = (typeof PROGRAMS)[number]

const PROBE_TIMEOUT_MS = 5_000
/** Where resolv.conf leads to, below a folder that is hidden. */
const RESOLVERS = ['/run/systemd/resolve', '/run/resolvconf', '/run/NetworkManager/resolv.conf']

export interface ProbeInit {
  /** The home of the daemon. */
  home: string
  uid: number | undefined
  runAs?: string
  mayRunAsOwner: boolean
  network: boolean
  /** Folders that programs of runs may name. */
  shown: string[]
}

/** @throws {BakError} `bad-config` for a user that does not exist */
export async function probeIsolation(init: ProbeInit): Promise<Isolation | { why: string }> {
  const { home, uid, mayRunAsOwner, network, shown } = init
  const isRoot = uid === 0
  const runAs = isRoot ? findRunAs(init.runAs) : undefined
  const facts = { isRoot, mayRunAsOwner, network, runAs, shown: [...RESOLVERS, ...shown], hidden: hiddenBy(home) }
  const programs = Object.fromEntries(PROGRAMS.map(name => [name, findInPath(name)])) as Record<Program, Found>
  const doubted: Program[] = isRoot ? ['mount', 'setpriv'] : ['bwrap']
  // without the namespaces that do not work here a program still runs as another user
  for (const program of doubted) {
    const found = isolationOf({ ...facts, ...programs })
    const why = 'why' in found ? undefined : await failureOf(found, home)
    if (why == null) return found
    if ('path' in programs[program]) programs[program] = { why: `does not work here: ${why}` }
  }
  return isolationOf({ ...facts, ...programs })
}

/** What is its owner's, and where programs of the owner and of the system listen: a socket can be connected to, read-only or not. */
function hiddenBy(home: string): string[] {
  const folders = [process.env.HOME, ownFolder(), home, '/tmp', '/var/tmp', '/run']
  const there = folders.filter(
    folder => folder != null && isAbsolute(folder) && folder !== '/' && existsSync(folder)
  ) as string[]
  // a folder before those in it
  return [...new Set(there)].sort((a, b) => a.length - b.length)
}

export function findInPath(name: string): Found {
  const { PATH = '' } = chosenEnvironment({ home: '/' })
  const path = PATH.split(delimiter)
    .map(folder => join(folder, name))
    .find(existsSync)
  return path == null ? { why: 'is not on the PATH' } : { path }
}

/** @returns why not even a program that does nothing can be started so */
function failureOf(isolation: Isolation, home: string): Promise<string | undefined> {
  if (isolation.how === 'owner') return Promise.resolve(undefined)
  const [program = '', ...words] = wrap({
    argv: ['/bin/sh', '-c', ':'],
    isolation,
    folder: home,
    mounts: isolation.how === 'user' ? writableMountsFor(isolation) : [],
    rlimits: {},
    enter: []
  })
  return new Promise(resolve => {
    const env = chosenEnvironment({ home: '/' })
    execFile(
      program,
      words,
      { timeout: PROBE_TIMEOUT_MS, killSignal: 'SIGKILL', env, cwd: '/' },
      (error, _, stderr) => {
        if (error == null) return resolve(undefined)
        // the message of the error would be the whole command line
        const how = error.signal == null ? `exit status ${error.code}` : `signal ${error.signal}`
        resolve((String(stderr).trim().split('\n')[0] || `it ends with ${how}`).slice(0, 300))
      }
    )
  })
}
