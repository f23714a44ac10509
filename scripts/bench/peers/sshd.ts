/**
 * An sshd of its own on a port of loopback, with keys of its own. For root it runs in a mount namespace in which the user
 * exists that it wants, so that nothing of the machine is changed.
 */
import { execFile, spawn } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { end, keep } from '../crew.ts'
import { findProgram, type Program } from './programs.ts'
import { freePort } from './redis-server.ts'

const run = promisify(execFile)
/** Longest wait for sshd to listen, and for a copy to end. */
const READY_TIMEOUT_MS = 10_000
const COPY_TIMEOUT_MS = 120_000

export interface Sshd {
  /** Copies a file of this machine to another place on it. */
  scp(from: string, to: string): Promise<void>
  rsync(from: string, to: string): Promise<void>
  stop(): Promise<void>
}

/** @param folder for its keys and settings @throws if it does not get ready */
export async function startSshd(folder: string): Promise<Sshd | { absent: string }> {
  const found = ['sshd', 'sftp-server', 'ssh-keygen', 'scp', 'ssh'].map(findProgram)
  const missing = found.find(program => 'absent' in program)
  if (missing != null) return missing as { absent: string }
  const [sshd, sftp, keygen, scp, ssh] = found as [Program, Program, Program, Program, Program]
  const env = { ...process.env, ...sshd.env }
  const key = (name: string) => join(folder, name)
  const port = await freePort()
  for (const name of ['host', 'user']) await run(keygen.path, ['-q', '-t', 'ed25519', '-N', '', '-f', key(name)])
  await writeFile(key('settings'), settings({ port, key, sftp: sftp.path }))
  const [program, ...words] = await commandOf(folder, [sshd.path, '-D', '-e', '-f', key('settings')])
  const child = keep(spawn(program as string, words, { stdio: ['ignore', 'ignore', 'pipe'], env, detached: true }))
  let stderr = ''
  child.stderr?.on('data', data => (stderr = `${stderr}${data}`.slice(-1_000)))
  child.once('error', error => (stderr = error.message))
  const stop = () => end(child)
  try {
    await answers(port, () => child.exitCode != null)
  } catch (cause) {
    await stop()
    throw new Error(`sshd: ${(cause as Error).message}: ${stderr}`)
  }
  const trust = ['StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null', 'BatchMode=yes', 'LogLevel=ERROR']
  const options = ['-i', key('user'), '-F', 'none', ...trust.flatMap(each => ['-o', each])]
  return {
    stop,
    scp: async (from, to) => {
      await run(scp.path, ['-q', '-S', ssh.path, '-P', String(port), ...options, from, `127.0.0.1:${to}`], {
        timeout: COPY_TIMEOUT_MS
      })
    },
    rsync: async (from, to) => {
      const rsync = findProgram('rsync')
      if ('absent' in rsync) throw new Error(rsync.absent)
      const variables = Object.entries(rsync.env).map(([name, value]) => `${name}=${value}`)
      const there = ['env', ...variables, rsync.path].join(' ')
      const shell = [ssh.path, '-p', String(port), ...options].join(' ')
      await run(rsync.path, ['--whole-file', `--rsync-path=${there}`, '-e', shell, from, `127.0.0.1:${to}`], {
        timeout: COPY_TIMEOUT_MS,
        env: { ...process.env, ...rsync.env }
      })
    }
  }
}

function settings({ port, key, sftp }: { port: number; key(name: string): string; sftp: string }): string {
  return [
    `Port ${port}`,
    'ListenAddress 127.0.0.1',
    `HostKey ${key('host')}`,
    `AuthorizedKeysFile ${key('user.pub')}`,
    `Subsystem sftp ${sftp}`,
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    'UsePAM no',
    'StrictModes no',
    'PidFile none',
    ''
  ].join('\n')
}

/** Root's sshd wants a user `sshd` and a folder /run/sshd: it sees them, and nobody else does. */
async function commandOf(folder: string, sshd: string[]): Promise<string[]> {
  if (process.getuid?.() !== 0) return sshd
  const users = await readFile('/etc/passwd', 'utf8')
  const own = /^sshd:/m.test(users) ? '' : 'sshd:x:65533:65534::/run/sshd:/usr/sbin/nologin\n'
  await writeFile(join(folder, 'passwd'), `${users.trimEnd()}\n${own}`)
  const script = 'mount --bind "$0" /etc/passwd && mount -t tmpfs tmpfs /run && mkdir /run/sshd && exec "$@"'
  return ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', script, join(folder, 'passwd'), ...sshd]
}

async function answers(port: number, isOver: () => boolean): Promise<void> {
  for (const deadline = performance.now() + READY_TIMEOUT_MS; ; ) {
    const open = await new Promise<boolean>(resolve => {
      const socket = connect({ port, host: '127.0.0.1' })
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
      socket.once('connect', () => socket.destroy())
    })
    if (open) return
    if (isOver() || performance.now() > deadline) throw new Error('it does not listen')
    await new Promise(resolve => setTimeout(resolve, 50))
  }
}
