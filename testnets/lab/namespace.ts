/**
 * Network namespaces of this process: made, entered, and removed when it ends. Those of a process that was killed are removed by
 * the next one. Linux and root only.
 */
import { type ChildProcess, type SpawnOptions, spawn, spawnSync } from 'node:child_process'
import { constants } from 'node:os'
import type { Placed } from './topology.ts'

/** Names are `baklab<process id>-<number>-<label>`, so that two laboratories can exist at once, and leftovers are recognized. */
const PREFIX = 'baklab'
const ours = new Set<Namespace>()
let made = 0

/** A host or a router, and its network. */
export interface Host extends Placed {
  namespace: Namespace
}

export class Namespace {
  readonly name: string

  private constructor(name: string) {
    this.name = name
  }

  /** @returns an empty network of its own: loopback up, IPv6 off, no route */
  static make(label: string): Namespace {
    if (made === 0) removeAtExit()
    const namespace = new Namespace(`${PREFIX}${process.pid}-${made++}-${label}`)
    command(['ip', 'netns', 'add', namespace.name])
    ours.add(namespace)
    namespace.write('ipv6/conf/all/disable_ipv6', '1')
    namespace.write('ipv6/conf/default/disable_ipv6', '1')
    namespace.ip('link set lo up')
    return namespace
  }

  /** The begin of a command line that runs in here; the process keeps its id. */
  get enter(): string[] {
    return ['nsenter', `--net=/run/netns/${this.name}`, '--']
  }

  /** Runs a program to its end. @returns its stdout. @throws its stderr */
  run(words: string[], input = ''): string {
    return command([...this.enter, ...words], input)
  }

  /** Lines for `ip`, such as `link set lo up`, in one go. */
  ip(...lines: string[]): void {
    command(['ip', '-n', this.name, '-batch', '-'], `${lines.join('\n')}\n`)
  }

  /** Sets a value below `/proc/sys/net`. */
  write(path: string, value: string): void {
    this.run(['tee', `/proc/sys/net/${path}`], value)
  }

  spawn(words: string[], options: SpawnOptions = {}): ChildProcess {
    const [program, ...args] = [...this.enter, ...words] as [string, ...string[]]
    return spawn(program, args, options)
  }

  /** Ends the processes in here, and removes the namespace. A second call does nothing. */
  remove(): void {
    if (ours.delete(this)) removeByName(this.name)
  }
}

/** Names of the namespaces that a process made and that still exist. */
export function namespacesOf(pid: number): string[] {
  return existing().filter(name => name.startsWith(`${PREFIX}${pid}-`))
}

function removeAtExit(): void {
  process.once('exit', () => {
    for (const namespace of ours) namespace.remove()
  })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    // without a handler a signal ends the process without an `exit` event
    process.once(signal, () => process.exit(128 + constants.signals[signal]))
  }
  removeLeftovers()
}

function removeLeftovers(): void {
  for (const name of existing()) {
    const pid = new RegExp(`^${PREFIX}(\\d+)-`).exec(name)?.[1]
    if (pid != null && !isAlive(Number(pid))) removeByName(name)
  }
}

/** Best effort: processes and namespaces that have just ended are no error. */
function removeByName(name: string): void {
  const { stdout } = spawnSync('ip', ['netns', 'pids', name], { encoding: 'utf8' })
  for (const pid of (stdout ?? '').split('\n').filter(Boolean).map(Number)) {
    if (pid === process.pid) continue
    try {
      process.kill(pid, 'SIGKILL')
    } catch {}
  }
  spawnSync('ip', ['netns', 'del', name])
}

function existing(): string[] {
  return command(['ip', 'netns', 'list'])
    .split('\n')
    .map(line => line.split(' ')[0] as string)
    .filter(Boolean)
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}

function command(words: string[], input = ''): string {
  const [program, ...args] = words as [string, ...string[]]
  const { status, stdout, stderr, error } = spawnSync(program, args, { input, encoding: 'utf8', timeout: 10_000 })
  if (error != null) throw error
  if (status !== 0) throw new Error(`${words.join(' ')} ended with ${status}: ${stderr.trim()}`)
  return stdout
}
