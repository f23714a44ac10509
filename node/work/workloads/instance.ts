/**
 * One instance of a workload on this machine, from its folders to its result. What other parts add to an instance has its place here: what
 * is put into its working folder, the calls that it can make, and what its output says, in `#prepare` and `#finish`.
 */
import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { CallOrigin } from '../../../protocols/calls.ts'
import { MAX_TIMER_MS } from '../../../protocols/duration.ts'
import { asBakError, BakError } from '../../../protocols/errors.ts'
import { OUTPUT_FILES } from '../../../protocols/layout.ts'
import type { InstanceResult, Step } from '../../../protocols/phase.ts'
import { namesIn, type ServerAddresses, withAddresses } from '../../../protocols/server-words.ts'
import type { Iteration } from '../../../protocols/spec.ts'
import type { WorkState } from '../../../protocols/work-state.ts'
import { labelOf, type Workload } from '../../../protocols/workload.ts'
import type { Results } from '../../../protocols/workload-results.ts'
import { DEFAULT_PATH } from '../../processes/environment.ts'
import { errorLineIn } from '../../processes/error-line.ts'
import type { Places, Prepared, ProgramOfRun, Programs, RunningProgram } from '../../processes/programs.ts'
import { onAbort } from '../../wait.ts'
import { type CallsInit, type OpenCalls, openCalls, tellEnd } from '../calls/open-calls.ts'
import { argvOf, environmentOf } from '../contract.ts'
import { OutputTimes } from '../output-times.ts'
import { deletedOutput, replacedBy } from '../replaced-folder.ts'
import { statedIn } from '../stated/stated-in.ts'
import { StatedTail } from '../stated/stated-tail.ts'

/** Time between the signal that stops an instance and the one that kills it, ms. */
const STOP_GRACE_MS = 10_000
/** The same for what it left running when it ended by itself. */
const LEFT_GRACE_MS = 3_000
/** Of the reason in a result: those of all instances of a member are one answer. */
const MAX_ERROR = 300

/** What all instances of a sample on this machine have in common. */
export interface Sample {
  run: string
  peer: string
  step: Step
  iteration: Iteration
  programs: Programs
  /** The text of BAK_PEERS. */
  peersFile: string
  servers: ServerAddresses
  /** Whether a run may start here what it brought itself. */
  isFree: boolean
  /** Puts what is staged for a workload into its working folder. */
  place(workload: string, places: Pick<Places, 'cwd' | 'owner'>): Promise<void>
  /** This moment, on the clock of the controller. */
  now(): number
  tell(state: WorkState): void
  calls: CallsInit
}

export interface InstanceInit {
  sample: Sample
  workload: Workload
  /** 1 .. n on this member, and its place among all of the workload. */
  instance: number
  rank: number
  size: number
  /** Seconds; 0 is never. */
  timeout: number
  /** Where the numbers of its benchmark are; undefined to find them by their look. */
  results: Results | undefined
  /** In the home: where its files belong, and where it works. */
  folder: string
  working: string
}

export class Instance {
  readonly #init: InstanceInit
  readonly label: string
  /** Resolves with how it ended. Never rejects. */
  readonly ended: Promise<InstanceResult>
  /** What is odd about its files, once it has ended. */
  readonly remarks: string[] = []
  readonly #ended = Promise.withResolvers<InstanceResult>()
  #running: RunningProgram | undefined
  readonly #stated: StatedTail
  #times: OutputTimes | undefined
  #places: Places | undefined
  #calls: OpenCalls | undefined
  #told: Record<string, string> = {}
  #began: number | undefined
  #ready: number | undefined
  #over = false
  #timedOut = false
  #stopped = false
  #fault: string | undefined

  constructor(init: InstanceInit) {
    this.#init = init
    this.label = labelOf(init.workload, init.instance)
    this.ended = this.#ended.promise
    this.#stated = new StatedTail(join(init.folder, OUTPUT_FILES.stdout), now => this.#tell('stated', now))
  }

  get role(): Workload['role'] {
    return this.#init.workload.role
  }

  get isOver(): boolean {
    return this.#over
  }

  get outputs(): string[] {
    return Object.values(OUTPUT_FILES).map(name => join(this.#init.folder, name))
  }

  /** Never rejects: that it could not be started is its result. */
  async start(): Promise<void> {
    const { sample, timeout } = this.#init
    try {
      const running = await sample.programs.spawn(await this.#program())
      this.#running = running
      this.#began = sample.now()
      this.#tell('started')
      this.#stated.start()
      const timer = timeout > 0 ? setTimeout(() => this.#expire(), Math.min(timeout * 1000, MAX_TIMER_MS)) : undefined
      void running.exited.then(() => clearTimeout(timer))
      void this.#finish(running)
    } catch (cause) {
      await this.#times?.stop()
      await this.#calls?.close()
      this.#conclude({ duration: 0, error: asBakError(cause).message })
    }
  }

  /** It is ready, as far as it was asked to be. */
  onReady(): void {
    this.#ready = Math.max(0, this.#init.sample.now() - (this.#began ?? 0))
    this.#tell('ready')
  }

  /** It is not started at all. */
  refuse(why: string): Promise<InstanceResult> {
    if (!this.#over) this.#conclude({ duration: 0, error: why })
    return this.ended
  }

  /** It is ended, and why is its failure. */
  async fail(why: string): Promise<InstanceResult> {
    this.#fault ??= why
    return this.#end()
  }

  /** It is not needed any more. Never rejects. */
  async stop(graceMs = STOP_GRACE_MS): Promise<InstanceResult> {
    if (!this.#over) this.#stopped = true
    return this.#end(graceMs)
  }

  /** Runs a command where the instance runs, as whom it runs. @returns how it ended, in words; undefined if with status 0 */
  async runBeside(command: string | string[], timeoutMs: number, signal: AbortSignal): Promise<string | undefined> {
    const { sample, workload, folder, working } = this.#init
    if (this.#places == null) return 'the server is not there'
    // beside the folders that the server can write in: it could put a link there
    const output = `${working}.ready.txt`
    await mkdir(dirname(output), { recursive: true })
    const argv = argvOf(command, { args: [] })
    const { env, directory } = workload
    const program = await sample.programs.spawn({
      ...{ name: `ready command of workload ${this.label}`, argv, brought: argv, folder },
      ...{ stdout: output, stderr: output },
      beside: { places: this.#places, told: this.#told, env: withoutPath(env), directory }
    })
    const late = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)])
    const release = onAbort(late, () => void program.stop({ grace: 0 }))
    const { exit, signal: by } = await program.exited
    release()
    await program.stop({ grace: 0 })
    if (exit === 0) return undefined
    const line = await errorLineIn(output)
    return `${by == null ? `exit ${exit}` : `ended by ${by}`}${line === '' ? '' : `: ${line}`}`
  }

  async #program(): Promise<ProgramOfRun> {
    const { sample, workload, folder, working } = this.#init
    await mkdir(folder, { recursive: true })
    this.#times = new OutputTimes(folder, sample.now)
    await this.#times.start()
    const { command, role, env, directory } = workload
    const argv = argvOf(command, role === 'client' ? sample.iteration : { args: [] })
    return {
      ...{ name: `workload ${this.label}`, argv, brought: argv, folder },
      ...{ stdout: join(folder, OUTPUT_FILES.stdout), stderr: join(folder, OUTPUT_FILES.stderr) },
      work: { folder: working, directory, env: withoutPath(env), prepare: places => this.#prepare(places, argv) }
    }
  }

  /** Fills the working folder, which nobody else can enter yet. */
  async #prepare(places: Places, argv: string[]): Promise<Prepared> {
    const { sample, workload, instance, rank, size, folder } = this.#init
    const { run, peer, step, iteration, servers } = sample
    this.#places = places
    const { cwd, owner } = places
    await sample.place(workload.name, { cwd, owner })
    const calls = await openCalls({ ...sample.calls, origin: this.#origin, folder: cwd, out: folder, owner })
    this.#calls = calls
    const peers = join(calls.bin, '../peers.json')
    await writeFile(peers, sample.peersFile, { mode: 0o644 })
    const about = { run, peer, group: workload.group, rank, size, workload: workload.name, instance }
    const { socket, bin } = calls
    const told = environmentOf({ ...about, step, iteration, servers, out: places.out, peers, socket })
    this.#told = { ...told, PATH: `${bin}:${workload.env.PATH || process.env.PATH || DEFAULT_PATH}` }
    const words = argv.map(word => withAddresses(word, servers, rank))
    const unknown = words.flatMap(namesIn)[0]
    if (unknown != null)
      throw new BakError('unreachable', `no address of the machine of server ${unknown} is known here`)
    return { argv: this.#found(words, places), env: this.#told, shown: [socket] }
  }

  /** A program that the run brought is taken before one of that name on the PATH, where the owner names no programs. */
  #found(argv: string[], { cwd, treatment }: Places): string[] {
    const [program = '', ...args] = argv
    if (program.includes('/') || treatment === 'privileged' || !this.#init.sample.isFree) return argv
    const brought = join(cwd, program)
    return existsSync(brought) ? [brought, ...args] : argv
  }

  get #origin(): CallOrigin {
    const { sample, workload, instance } = this.#init
    return { step: sample.step, workload: workload.name, instance }
  }

  #expire(): void {
    if (this.#over) return
    this.#timedOut = true
    void this.#end()
  }

  async #end(grace = STOP_GRACE_MS): Promise<InstanceResult> {
    const running = this.#running
    if (running == null || this.#over) return this.ended
    await running.stop({ signal: `SIG${this.#init.workload.stop_signal}`, grace })
    return this.ended
  }

  async #finish(running: RunningProgram): Promise<void> {
    const { folder } = this.#init
    const exit = await running.exited
    await this.#calls?.close()
    this.#stated.stop()
    const isAsked = this.#stopped || this.#timedOut || this.#fault != null
    // what it left running in its process group ends with it; one that is being stopped has its own grace
    await running.stop({ grace: isAsked ? STOP_GRACE_MS : LEFT_GRACE_MS })
    const untimed = await this.#times?.stop()
    if (untimed != null) this.remarks.push(untimed)
    this.remarks.push(...(await running.collect().catch(cause => [`its files: ${asBakError(cause).message}`])))
    const replaced = await replacedBy(folder)
    const [, stderr = ''] = this.outputs
    // what is in the place of its folder is not its own
    const said = replaced == null ? await statedIn(folder, this.#init.results) : { metrics: [], warnings: [] }
    this.remarks.push(...said.warnings)
    const why = running.reason() ?? this.#fault ?? replaced ?? said.error ?? (await deletedOutput(folder))
    const isWell = isAsked || (this.role === 'client' && exit.exit === 0)
    const isEarly = this.role === 'server' && !isAsked
    const early = isEarly ? `ended before it was ${this.#ready == null ? 'ready' : 'stopped'}` : ''
    const line = isWell || why != null ? '' : await errorLineIn(stderr)
    const error = [early, why ?? '', line].filter(each => each !== '').join(': ')
    const { stop_signal } = this.#init.workload
    const killed = isAsked && exit.signal === 'SIGKILL' && stop_signal !== 'KILL' && running.reason() == null
    const metrics = said.metrics.length === 0 ? {} : { metrics: said.metrics }
    this.#conclude({ ...exit, ...metrics, ...(error === '' ? {} : { error }), ...(killed ? { killed } : {}) })
  }

  #conclude(exit: Pick<InstanceResult, 'exit' | 'signal' | 'duration' | 'error' | 'killed' | 'metrics'>): void {
    const { sample, workload, instance } = this.#init
    this.#over = true
    // nobody waits for one that was not started
    if (this.#calls == null) tellEnd(sample.calls, this.#origin)
    const result: InstanceResult = {
      ...exit,
      ...(exit.error == null ? {} : { error: exit.error.slice(0, MAX_ERROR) }),
      timedOut: this.#timedOut,
      ...{ workload: workload.name, instance, role: workload.role, began: this.#began, ready: this.#ready },
      ...(this.#stopped ? { stopped: true as const } : {})
    }
    const { exit: status, signal, error, timedOut, duration, stopped } = result
    this.#tell('ended', { exit: status, signal, error, timedOut, duration, stopped })
    this.#ended.resolve(result)
  }

  #tell(state: WorkState['state'], more: Partial<WorkState> = {}): void {
    const { sample, workload, instance } = this.#init
    sample.tell({ step: sample.step, workload: workload.name, instance, state, since: sample.now(), ...more })
  }
}

/** It is a part of what the instance is told, behind the client of its calls. */
const withoutPath = ({ PATH: _, ...env }: Record<string, string>) => env
