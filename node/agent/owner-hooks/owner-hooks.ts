/**
 * Runs the hooks of the owner of this machine, one after the other, as the user of the daemon: at `join`, when nothing else keeps this
 * member from taking part, and before the end of the run wherever this member took part.
 */
import { mkdir, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { cleanLine } from '../../../protocols/clean-line.ts'
import type { HooksSettings } from '../../../protocols/config-file.ts'
import { readDuration } from '../../../protocols/duration.ts'
import { asBakError, BakError } from '../../../protocols/errors.ts'
import { cutText } from '../../../protocols/fields.ts'
import { describeExit } from '../../../protocols/phase.ts'
import type { Verdict } from '../../../protocols/verdict.ts'
import type { Log } from '../../log.ts'
import { chosenEnvironment } from '../../processes/environment.ts'
import { errorLineIn } from '../../processes/error-line.ts'
import type { Supervisor } from '../../processes/supervisor.ts'
import { GrowingFile } from '../../store/growing-file.ts'
import { onAbort } from '../../wait.ts'
import type { State } from '../states.ts'
import { findHooks, type HookFile, type HookMoment } from './hook-files.ts'

/** Time between the signal that asks a hook to stop and the one that kills it, ms. */
const STOP_GRACE_MS = 2_000
/** Bytes of the output of a hook that the log gets. */
const MAX_LOGGED = 2_048

export interface OwnerHooksInit {
  /** `<home>/hooks.d` */
  folder: string
  settings: Required<HooksSettings>
  log: Log
  supervisor: Pick<Supervisor, 'spawn'>
}

/** What a hook gets to know of the run. */
export interface HookedRun {
  run: string
  controller: string
  self: string
  state: State
  /** Of this member in the run; the data is in it. */
  folder: string
  data: string
}

interface Moment {
  phase: HookMoment
  verdict?: Verdict
  signal: AbortSignal
}

/** What the phases of a run use of them. */
export interface RunHooks {
  /**
   * @param signal aborts when the phase is over
   * @returns what went wrong, in words
   * @throws {BakError} `not-allowed` for the first hook that fails, where the owner wants the machine left out then
   */
  join(member: HookedRun, signal: AbortSignal): Promise<string[]>
  /** Once for a run, and only where this member joined it. @returns what went wrong, in words; never rejects */
  end(member: HookedRun, verdict?: Verdict): Promise<string[]>
}

export class OwnerHooks {
  readonly #init: OwnerHooksInit
  /** Whose hooks of the end have begun: a run may end here in more than one way. */
  readonly #ended = new WeakSet<HookedRun>()

  constructor(init: OwnerHooksInit) {
    this.#init = init
  }

  /** @param stopped aborts when the daemon stops: what runs then is ended, and the hooks of the end run when it takes the run up again */
  until(stopped: AbortSignal): RunHooks {
    return {
      join: (member, signal) => this.#join(member, AbortSignal.any([stopped, signal])),
      end: (member, verdict) => this.#end(member, { phase: 'terminate', verdict, signal: stopped })
    }
  }

  async #join(member: HookedRun, signal: AbortSignal): Promise<string[]> {
    const failures: string[] = []
    for (const hook of await findHooks(this.#init.folder, 'join')) {
      // its answer comes too late, but it has joined: what has run is undone when the run is over
      if (signal.aborted) break
      const failure = await this.#run(hook, member, { phase: 'join', signal })
      if (failure == null) continue
      if (this.#init.settings.on_failure === 'exclude') throw new BakError('not-allowed', failure)
      failures.push(failure)
    }
    return failures
  }

  /** The end of a phase does not cut them short: what they undo would stay as it is. */
  async #end(member: HookedRun, about: Moment): Promise<string[]> {
    if (member.state === 'new' || member.state === 'orphaned' || this.#ended.has(member)) return []
    this.#ended.add(member)
    const failures: string[] = []
    for (const hook of await findHooks(this.#init.folder, 'terminate')) {
      if (about.signal.aborted) break
      const failure = await this.#run(hook, member, about)
      if (failure != null) failures.push(failure)
    }
    return failures
  }

  /** @returns why it failed, in words */
  async #run(hook: HookFile, member: HookedRun, about: Moment): Promise<string | undefined> {
    const { log } = this.#init
    const { run } = member
    const began = performance.now()
    const outcome = await (hook.refused == null
      ? this.#start(hook, member, about)
      : { failure: `was not started: ${hook.refused}` })
    const took = Math.round(performance.now() - began)
    const facts = { run, hook: hook.name, took, ...('output' in outcome ? { output: outcome.output } : {}) }
    if (outcome.failure == null) log.info('hook', facts)
    else log.warn('hook failed', { ...facts, why: outcome.failure })
    return outcome.failure == null ? undefined : cutText(`the hook ${hook.name} of this machine ${outcome.failure}`)
  }

  async #start(hook: HookFile, member: HookedRun, about: Moment): Promise<{ failure?: string; output?: string }> {
    const folder = join(member.folder, 'hooks')
    const output = join(folder, `${hook.name}.txt`)
    const timeout = readDuration(this.#init.settings.timeout)
    const tooLong = AbortSignal.timeout(timeout)
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 })
      const child = await this.#init.supervisor.spawn({
        argv: [hook.path],
        cwd: folder,
        env: environmentOf(hook, member, about),
        ...{ stdout: output, stderr: output }
      })
      const stop = () => void child.stop({ grace: STOP_GRACE_MS })
      const release = onAbort(AbortSignal.any([tooLong, about.signal]), stop)
      const exit = await child.exited
      release()
      // what it left running in its process group ends with it
      await child.stop({ grace: STOP_GRACE_MS })
      const said = await saidIn(output)
      const how = await howItFailed(exit, output, tooLong.aborted ? timeout : undefined, about.signal.aborted)
      return { ...(how == null ? {} : { failure: how }), ...(said === '' ? {} : { output: said }) }
    } catch (cause) {
      return { failure: `could not be started: ${asBakError(cause).message}` }
    } finally {
      await rm(folder, { recursive: true, force: true }).catch(() => {})
    }
  }
}

async function howItFailed(
  exit: { exit?: number; signal?: string },
  output: string,
  timeout: number | undefined,
  isCut: boolean
): Promise<string | undefined> {
  if (exit.exit === 0) return undefined
  const line = await errorLineIn(output)
  const said = line === '' ? '' : `: ${cleanLine(line)}`
  if (timeout != null) return `did not end within ${timeout / 1000} s, and was ended${said}`
  return isCut ? 'was ended: the phase was over, or the daemon stopped' : `failed: ${describeExit(exit)}${said}`
}

/** @returns the begin of its output, in one line */
async function saidIn(path: string): Promise<string> {
  const bytes = await new GrowingFile(path).read(0, MAX_LOGGED).catch(() => new Uint8Array(0))
  return cleanLine(Buffer.from(bytes).toString('utf8').trim())
}

function environmentOf(
  { name }: HookFile,
  { run, controller, self, data }: HookedRun,
  { phase, verdict }: Moment
): Record<string, string> {
  return {
    ...chosenEnvironment({ home: homedir() }),
    ...{ BAK_RUN: run, BAK_CONTROLLER: controller, BAK_PEER: self, BAK_HOOK: name, BAK_PHASE: phase, BAK_DATA: data },
    ...(verdict == null ? {} : { BAK_VERDICT: verdict })
  }
}
