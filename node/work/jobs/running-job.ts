/**
 * One attempt of a job on this machine, from its inputs to its outputs: started as workloads are, in a folder of its own, with its whole output in
 * one file that is read along. What it fails at itself is its result; what could not be done for it here is `broken`.
 */
import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { MAX_TIMER_MS } from '../../../protocols/duration.ts'
import { asBakError, BakError, type ErrorCode } from '../../../protocols/errors.ts'
import { cutText } from '../../../protocols/fields.ts'
import type { Job } from '../../../protocols/jobs/job.ts'
import type { AttemptAt } from '../../../protocols/jobs/job-records.ts'
import type { JobOutput, JobResult } from '../../../protocols/jobs/job-result.ts'
import type { JobOffer, LogLine } from '../../../protocols/jobs/job-stream.ts'
import type { ProgramOfRun, RunningProgram } from '../../processes/programs.ts'
import type { Exit } from '../../processes/supervisor.ts'
import type { GraphHostInit, HostParts } from './host-init.ts'
import { fetchInputs, InputNotGiven } from './job-inputs.ts'
import { JobLog } from './job-log.ts'
import { takeOutputs } from './job-outputs.ts'
import { prepareJob } from './job-places.ts'
import { judgedWordsOf } from './job-words.ts'
import { whyFailed } from './why-failed.ts'

/** Between the signal that ends a job and the one that kills it, and what it left running, ms. */
const STOP_GRACE_MS = 2_000

export interface RunningJobInit {
  job: Job
  inputs: JobOffer['inputs']
  /** What bak tells it beside its variables. */
  told: Record<string, string>
  /** Its own, in the home. */
  folder: string
  graph: GraphHostInit
  parts: Pick<HostParts, 'swarms' | 'imports'>
  onProgress(done: number, total: number): void
  onStarted(at: number): void
  onStated(now: { phase?: string; percent?: number }): void
  onLines(lines: LogLine[]): void
}

/** The part of a result that its attempt decides. */
export type JobEnd = Omit<JobResult, keyof AttemptAt | 'key' | 'inputs' | 'platform' | 'image'>

export type AttemptEnd =
  | { type: 'ended'; end: JobEnd }
  | { type: 'broken'; code: ErrorCode; reason: string; lacks?: string }

export class RunningJob {
  readonly #init: RunningJobInit
  readonly #log: JobLog
  readonly #cancelled = new AbortController()
  readonly #gone = Promise.withResolvers<Exit>()
  #running: RunningProgram | undefined
  #began: number | undefined
  #timedOut = false
  #stated: string | undefined

  constructor(init: RunningJobInit) {
    this.#init = init
    this.#log = new JobLog({
      path: this.#logPath,
      onError: why => {
        this.#stated = why
      },
      onStated: init.onStated,
      onLines: init.onLines
    })
  }

  /** Never rejects. @param image the id of that in which it runs @returns when nothing of it runs any more */
  async run(image?: string): Promise<AttemptEnd> {
    try {
      const running = await this.#start(image)
      return await this.#finish(running)
    } catch (cause) {
      const { code, message } = asBakError(cause)
      if (this.#cancelled.signal.aborted) return this.#ended({ outcome: 'cancelled', error: this.#whyCancelled })
      // as a script that names a program which is not here
      if (code === 'tool-unavailable') return this.#ended({ outcome: 'failed', error: message })
      const lacks = cause instanceof InputNotGiven ? { lacks: cause.digest } : {}
      return { type: 'broken', code, reason: cutText(message), ...lacks }
    } finally {
      this.#log.close()
    }
  }

  /** It ends, by force if need be. @param why as its result says it */
  cancel(why: string): void {
    if (this.#cancelled.signal.aborted) return
    this.#cancelled.abort(new BakError('cancelled', why))
    this.#stop()
  }

  async #start(image: string | undefined): Promise<RunningProgram> {
    const { job, inputs, folder, graph, parts, onProgress, onStarted } = this.#init
    const { swarms } = parts
    const { signal } = this.#cancelled
    const needed = `job ${folder}`
    swarms.store.needs.add(
      needed,
      inputs.map(({ digest }) => digest)
    )
    try {
      await fetchInputs(inputs, { swarms, by: graph.controller, signal, onProgress })
      await mkdir(this.#outputs, { recursive: true })
      const running = await graph.programs.spawn(this.#program(image))
      this.#running = running
      this.#began = graph.now()
      await this.#readAlong(running)
      onStarted(this.#began)
      const timer = job.timeout > 0 ? setTimeout(this.#expire, Math.min(job.timeout * 1000, MAX_TIMER_MS)) : undefined
      void running.exited.then(exit => {
        clearTimeout(timer)
        this.#gone.resolve(exit)
      })
      // it may have been cancelled while it was started
      if (signal.aborted) this.#stop()
      return running
    } finally {
      swarms.store.needs.release(needed)
    }
  }

  /** @throws where its output cannot be read: then nothing of it runs any more */
  async #readAlong(running: RunningProgram): Promise<void> {
    try {
      this.#log.start()
    } catch (cause) {
      await running.stop({ grace: 0 })
      await running.collect()
      throw cause
    }
  }

  #program(image: string | undefined): ProgramOfRun {
    const { job, folder, inputs, told, graph, parts } = this.#init
    const { store } = parts.swarms
    const argv = judgedWordsOf(job)
    return {
      ...{ name: `job ${job.name}`, argv, brought: argv, folder: this.#outputs },
      ...{ stdout: this.#logPath, stderr: this.#logPath },
      work: {
        ...{
          folder: join(folder, 'work'),
          env: graph.variablesOf(job),
          counted: folder,
          within: dirname(folder),
          image
        },
        prepare: places => {
          this.#cancelled.signal.throwIfAborted()
          return prepareJob({ job, inputs, told, store, signal: this.#cancelled.signal }, places)
        }
      }
    }
  }

  async #finish(running: RunningProgram): Promise<AttemptEnd> {
    const exit = await this.#gone.promise
    // what it left running in its process group ends with it
    await running.stop({ grace: STOP_GRACE_MS })
    await this.#log.finish()
    await running.collect()
    const { duration } = exit
    if (this.#cancelled.signal.aborted && !this.#timedOut)
      return this.#ended({ ...exit, outcome: 'cancelled', error: this.#whyCancelled })
    const { job } = this.#init
    const facts = { ...exit, timedOut: this.#timedOut, stated: this.#stated, ended: running.reason() }
    const error = whyFailed(facts, job.timeout)
    if (error != null) return this.#ended({ ...exit, outcome: 'failed', error })
    try {
      return this.#ended({ ...exit, outcome: 'done', outputs: await this.#take() })
    } catch (cause) {
      const { code, message } = asBakError(cause)
      if (code !== 'usage') throw cause
      return this.#ended({ ...exit, duration, outcome: 'failed', error: message })
    }
  }

  #take(): Promise<JobOutput[]> {
    const { job, graph, parts } = this.#init
    const { imports, swarms } = parts
    const onTaken = (digest: string) => swarms.store.needs.add(graph.owner, [digest])
    const { signal } = this.#cancelled
    return takeOutputs(this.#outputs, job.outputs, { imports, by: graph.controller, signal, onTaken })
  }

  #ended({
    outcome,
    exit,
    signal,
    error,
    duration = 0,
    outputs = []
  }: Partial<JobEnd> & Pick<JobEnd, 'outcome'>): AttemptEnd {
    const { phase, lines, dropped, metrics, warnings } = this.#log.said
    const isDone = outcome === 'done'
    const end: JobEnd = {
      ...{ outcome, timedOut: this.#timedOut, duration, outputs, lines, dropped },
      ...(exit == null ? {} : { exit }),
      ...(signal == null ? {} : { signal }),
      ...(error == null ? {} : { error: cutText(error) }),
      ...(phase == null || isDone ? {} : { phase }),
      ...(metrics.length === 0 ? {} : { metrics }),
      ...(warnings.length === 0 ? {} : { warnings: warnings.map(cutText) }),
      ...(this.#began == null ? {} : { began: this.#began }),
      // of one that is done nobody asks why
      tail: isDone ? [] : this.#log.tail.map(cutText)
    }
    return { type: 'ended', end }
  }

  readonly #expire = () => {
    // it is being ended, and is given a while for that
    if (this.#cancelled.signal.aborted) return
    this.#timedOut = true
    this.#stop()
  }

  #stop(): void {
    // one that hangs in the kernel is given up
    void this.#running?.stop({ grace: STOP_GRACE_MS }).then(exit => this.#gone.resolve(exit))
  }

  get #whyCancelled(): string {
    return (this.#cancelled.signal.reason as Error).message
  }

  get #outputs(): string {
    return join(this.#init.folder, 'outputs')
  }

  get #logPath(): string {
    return join(this.#init.folder, 'log.txt')
  }
}
