/**
 * The guard outlives the daemon by a moment: a shell in a session of its own that is told through a pipe which process
 * groups are running. When the pipe ends, because the daemon closed it or died in any way, the guard kills the groups
 * that are still listed, and ends.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Socket } from 'node:net'

/** Reads `+GROUP` and `-GROUP`, one a line. Ignores the signals that an init system sends to all of a service. */
const SCRIPT = `
trap '' HUP INT TERM
groups=' '
while read -r line; do
  group=\${line#?}
  case $line in
    +*) groups="$groups$group " ;;
    -*) case $groups in *" $group "*) groups="\${groups%%" $group "*} \${groups#*" $group "}" ;; esac ;;
  esac
done
for group in $groups; do kill -s KILL -- "-$group" 2>/dev/null; done
`

/** Pause before a guard that died is replaced, in ms: one that cannot live is not tried without end at full speed. */
const RESTART = 50

export class Guard {
  readonly #groups = new Set<number>()
  #shell: ChildProcess | undefined
  #closed = false

  get pid(): number | undefined {
    return this.#shell?.pid
  }

  /** From now on the group dies with the daemon. Starts the guard if there is none. */
  watch(group: number): void {
    this.#groups.add(group)
    if (this.#shell == null) this.#start()
    else this.#tell(`+${group}\n`)
  }

  forget(group: number): void {
    if (this.#groups.delete(group)) this.#tell(`-${group}\n`)
  }

  /** Ends the guard, and with it every group that it still watches. */
  async close(): Promise<void> {
    this.#closed = true
    const shell = this.#shell
    if (shell == null) return
    shell.ref()
    const ended = once(shell, 'exit')
    shell.stdin?.end()
    await ended
  }

  #start(): void {
    if (this.#closed) return
    const shell = spawn('/bin/sh', ['-c', SCRIPT, 'bak-guard'], {
      detached: true,
      cwd: '/',
      env: {},
      stdio: ['pipe', 'ignore', 'ignore']
    })
    this.#shell = shell
    // neither may keep a daemon from ending that has nothing else to do
    shell.unref()
    const pipe = shell.stdin as Socket
    pipe.unref()
    pipe.on('error', () => {})
    const lost = () => this.#replace(shell)
    shell.once('exit', lost).once('error', lost)
    this.#tell([...this.#groups].map(group => `+${group}\n`).join(''))
  }

  #replace(lost: ChildProcess): void {
    if (this.#shell !== lost) return
    this.#shell = undefined
    const again = () => {
      if (this.#shell == null && this.#groups.size > 0) this.#start()
    }
    setTimeout(again, RESTART).unref()
  }

  #tell(lines: string): void {
    if (this.#shell?.stdin?.writable) this.#shell.stdin.write(lines)
  }
}
