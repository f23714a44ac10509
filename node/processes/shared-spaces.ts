/**
 * Namespaces that the jobs of one graph share on a machine where programs of others run as another user: to make some for each of a thousand short
 * programs would take longer than these do. A process of the daemon's keeps them, and each program enters them before it becomes its user's.
 */
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { BakError } from '../../protocols/errors.ts'
import { chosenEnvironment } from './environment.ts'
import type { Isolation } from './isolation.ts'
import { writableMountsFor } from './mounts.ts'
import { spacesOf } from './spaces.ts'
import type { Supervised, Supervisor } from './supervisor.ts'
import type { WorkFolders } from './work-folders.ts'

/** Until they are there, ms: a few mounts. */
const READY_MS = 10_000
const LOOK_MS = 5
const READY = 'ready'

interface SharedSpacesInit {
  isolation: Isolation & { how: 'user' }
  supervisor: Pick<Supervisor, 'spawn'>
  workFolders: Pick<WorkFolders, 'passage' | 'remove'>
  /** In the home: in its counterpart all of these programs work. */
  folder: string
  /** Bytes of each folder in memory. */
  tmpfs: number
}

export class SharedSpaces {
  readonly #init: SharedSpacesInit
  #keeper: Promise<{ keeper: Supervised; words: string[] }> | undefined

  /** Where their programs work, also where what kept them is gone. */
  #base: string | undefined

  constructor(init: SharedSpacesInit) {
    this.#init = init
  }

  /** Whether programs of others have namespaces on this machine, and can enter some. */
  static areHere(isolation: Isolation & { how: 'user' }): boolean {
    return isolation.spaces.mount != null && existsSync(nsenterOf(isolation))
  }

  /** @returns the words before a program by which it enters them @throws {BakError} `io` if they cannot be made */
  async enter(): Promise<string[]> {
    // one that was killed may be gone before its end is known here
    if (await this.#isGone()) this.#keeper = undefined
    this.#keeper ??= this.#make()
    try {
      return (await this.#keeper).words
    } catch (cause) {
      this.#keeper = undefined
      throw cause
    }
  }

  async #isGone(): Promise<boolean> {
    const made = await this.#keeper?.catch(() => undefined)
    return made != null && !existsSync(`/proc/${made.keeper.pid}/ns/mnt`)
  }

  /** Nothing is in them any more. Never rejects. */
  async end(): Promise<void> {
    const made = await this.#keeper?.catch(() => undefined)
    this.#keeper = undefined
    await made?.keeper.stop({ grace: 0 })
    if (this.#base != null) this.#init.workFolders.remove(this.#base)
    await rm(this.#output, { force: true }).catch(() => {})
  }

  async #make() {
    const { isolation, supervisor, workFolders, folder, tmpfs } = this.#init
    mkdirSync(folder, { recursive: true })
    const base = workFolders.passage(folder)
    this.#base = base
    const { spaces, network } = isolation
    const mounts = writableMountsFor(isolation)
    const argv = [
      ...spacesOf({ spaces, network, folders: [base], program: '/bin/sh', mounts, tmpfs }),
      ...['/bin/sh', '-c', `echo ${READY} && exec sleep 2147483647`]
    ]
    const output = this.#output
    await rm(output, { force: true })
    const env = chosenEnvironment({ home: '/' })
    const keeper = await supervisor.spawn({ argv, cwd: '/', env, stdout: output, stderr: output })
    // they are made anew for the program that comes next
    void keeper.exited.then(() => {
      this.#keeper = undefined
    })
    await this.#untilReady(keeper)
    const net = network ? [] : ['--net']
    return { keeper, words: [nsenterOf(isolation), '--target', `${keeper.pid}`, '--mount', '--ipc', ...net, '--'] }
  }

  async #untilReady({ exited, stop }: Supervised): Promise<void> {
    let isOver = false
    void exited.then(() => {
      isOver = true
    })
    const said = () => readFileSync(this.#output, 'utf8').trim()
    for (const began = performance.now(); !said().endsWith(READY); await sleep(LOOK_MS)) {
      if (!isOver && performance.now() - began < READY_MS) continue
      await stop({ grace: 0 })
      throw new BakError('io', `namespaces for jobs cannot be made: ${said().split('\n')[0] || 'it takes too long'}`)
    }
  }

  get #output(): string {
    return join(this.#init.folder, '.spaces.txt')
  }
}

/** It comes with `unshare`. */
const nsenterOf = ({ spaces: { unshare = '' } }: Isolation & { how: 'user' }) => join(dirname(unshare), 'nsenter')
