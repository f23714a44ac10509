/**
 * The guard outlives the daemon for a moment: a shell in its own session that reads from a pipe which process groups are
 * running, and which cgroups they are in. When the pipe ends, because the daemon closed it or died in any way, the guard kills those
 * still listed, and ends.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Socket } from 'node:net'

/**
 * Reads `+GROUP` and `-GROUP`, one per line; a group is a number, or the folder of a cgroup. Ignores the signals that an init system sends
 * to all of a service. A kernel before 5.14 has no cgroup.kill: there a few rounds catch what forks meanwhile.
 */
const SCRIPT = `
trap '' HUP INT TERM
set -f
groups=' '
while read -r line; do
  group=\${line#?}
  case $line in
    +*) groups="$groups$group " ;;
    -*) case $groups in *" $group "*) groups="\${groups%%" $group "*} \${groups#*" $group "}" ;; esac ;;
  esac
done
for group in $groups; do
  case $group in
    /*)
      if test -e "$group/cgroup.kill"; then echo 1 > "$group/cgroup.kill"
      else for round in 1 2 3 4 5; do while read -r pid; do kill -s KILL "$pid"; done < "$group/cgroup.procs"; done
      fi ;;
    *) kill -s KILL -- "-$group" ;;
  esac 2>/dev/null
done
`

/** Before a dead guard is replaced: a guard that cannot live must not be restarted in a busy loop. */
const RESTART_DELAY_MS = 50

/** A process group, or the folder of a cgroup: one without white space, which no line could hold. */
export type Watched = number | `/${string}`

export class Guard {
  readonly #groups = new Set<Watched>()
  #shell: ChildProcess | undefined
  #closed = false

  get pid(): number | undefined {
    return this.#shell?.pid
  }

  /** From now on the group is killed if the daemon dies. Starts the guard if there is none. */
  watch(group: Watched): void {
    this.#groups.add(group)
    if (this.#shell == null) this.#start()
    else this.#write(`+${group}\n`)
  }

  forget(group: Watched): void {
    if (this.#groups.delete(group)) this.#write(`-${group}\n`)
  }

  /** Ends the guard, which kills every group that it still watches. */
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
    // neither the shell nor the pipe may keep an idle daemon from ending
    shell.unref()
    const pipe = shell.stdin as Socket
    pipe.unref()
    pipe.on('error', () => {})
    const onLost = () => this.#replace(shell)
    shell.once('exit', onLost).once('error', onLost)
    this.#write([...this.#groups].map(group => `+${group}\n`).join(''))
  }

  #replace(lost: ChildProcess): void {
    if (this.#shell !== lost) return
    this.#shell = undefined
    const restart = () => {
      if (this.#shell == null && this.#groups.size > 0) this.#start()
    }
    setTimeout(restart, RESTART_DELAY_MS).unref()
  }

  #write(lines: string): void {
    if (this.#shell?.stdin?.writable) this.#shell.stdin.write(lines)
  }
}
