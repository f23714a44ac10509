/**
 * The clients of one sample on one member, as the phases see them: its driver is started, told what to do, and listened to; what it measures goes
 * to the controller, and what the controller has of that is what the member answers.
 */
import { MAX_TIMER_MS } from '../../../protocols/duration.ts'
import { BakError } from '../../../protocols/errors.ts'
import { cutText } from '../../../protocols/fields.ts'
import { stepFolder } from '../../../protocols/layout.ts'
import type { Missing } from '../../../protocols/shortfall.ts'
import type { Spec } from '../../../protocols/spec.ts'
import type { LoadStatus } from '../../../protocols/tasks/load-stream.ts'
import { tallyHistograms, tallySamples } from '../../../protocols/tasks/tally.ts'
import { DRIVER } from '../../../protocols/tasks/task.ts'
import type { LoadAnswer, TaskAnswer } from '../../../protocols/tasks/task-answer.ts'
import { now } from '../../now.ts'
import { inTime, within } from '../../wait.ts'
import { type Driver, DriverDialog, type Said } from './driver-dialog.ts'
import { ElementGoing } from './element-going.ts'
import { type Counted, LoadCounts } from './load-counts.ts'
import type { ElementOfMember, MemberClients } from './member-clients.ts'
import { MAX_KEPT_BYTES, SamplesUplink, type SamplesUplinkInit } from './samples-uplink.ts'
import { sharedOffset } from './shared-clock.ts'

/** Clients that are cut short are at the join point within this, ms: their requests are given up. */
const CUT_GRACE_MS = 10_000
/** At the end of a sample the controller has so long to take what is left, ms: a stream that broke is opened again in that. */
const DRAIN_MS = 20_000
const STOP_GRACE_MS = 3_000

export interface MemberLoadInit {
  spec: Spec
  /** Settings of the iteration. */
  params: Record<string, string>
  clients: MemberClients
  /** @throws {BakError} why it does not run */
  start(signal: AbortSignal): Promise<Driver>
  uplink: Omit<SamplesUplinkInit<Counted>, 'onTaken' | 'onRefused'>
  /** What this machine's clock is ahead of the controller's, ms. */
  offset(): number
}

export interface LoadEnd {
  load: LoadAnswer
  missing: Missing[]
  warnings: string[]
}

export class MemberLoad {
  readonly #init: MemberLoadInit
  readonly #uplink: SamplesUplink<Counted>
  readonly #counts = new LoadCounts()
  readonly #begun = new Map<number, ElementGoing>()
  readonly #over = new AbortController()
  readonly #driver = new DriverDialog({
    onSaid: message => this.#onSaid(message),
    onFailed: why => this.#onFailed(why),
    onGone: () => this.#leave()
  })
  #isPrepared = false
  #going: ElementGoing | undefined
  /** The answer of a task says why the driver does not go on. */
  #isNamed = false
  #ending: Promise<LoadEnd> | undefined
  #status: LoadStatus | undefined

  constructor(init: MemberLoadInit) {
    this.#init = init
    const onRefused = (why: BakError) =>
      this.#driver.fail(`the controller takes no samples of this member: ${why.message}`)
    this.#uplink = new SamplesUplink({ ...init.uplink, onRefused, onTaken: this.#counts.onTaken })
  }

  /** Clients that have not ended, by task, as the driver said last; of no element before the first and between two. */
  get now(): { element: number; clients: Record<string, number> } {
    const { element = 0, tasks = [] } = this.#status ?? {}
    return { element, clients: Object.fromEntries(tasks.map(({ task, clients }) => [task, clients])) }
  }

  /** Starts the driver, which does what is to be prepared. @throws {BakError} why it could not, `state` if it was started before */
  async prepare(signal: AbortSignal): Promise<LoadAnswer> {
    if (this.#isPrepared || this.#over.signal.aborted) throw new BakError('state', 'the clients were prepared before')
    this.#isPrepared = true
    const { spec, params, clients, start } = this.#init
    const until = AbortSignal.any([signal, this.#over.signal])
    this.#uplink.start()
    const exact = Object.entries(clients.exact).map(([task, samples]) => ({ task, samples }))
    const sample = stepFolder(this.#init.uplink.step)
    const begin = { type: 'begin' as const, spec, params, sample, workers: clients.workers, exact }
    await this.#driver.begin(start(until), begin, until)
    const { targets } = await this.#driver.do('prepare', signal)
    return { tasks: [], ...(targets == null ? {} : { targets }) }
  }

  /** Does what is done once in a sample. What still goes on of an element ends before. @throws {BakError} why it failed */
  async doOnce(what: 'setup' | 'teardown', signal: AbortSignal): Promise<void> {
    await this.#settle(signal)
    await this.#driver.do(what, signal)
  }

  /**
   * Begins an element. @param at when, by this machine's clock, ms
   * @returns what its tasks came to, when its clients have ended and the controller has all; of one that a task completes nothing, when the
   * clients of this member that complete it have ended
   * @throws what aborts the signal: clients go on then; {BakError} `state` if it is not the next
   */
  async tasks(number: number, at: number, signal: AbortSignal): Promise<LoadAnswer> {
    const element = this.#elementOf(number)
    const last = [...this.#begun.keys()].at(-1) ?? -1
    if (number <= last) throw new BakError('state', `element ${number} of the schedule was begun before`)
    // the wall clock may be set while others end
    const begin = performance.now() + at - now()
    await this.#settle(signal)
    this.#driver.check()
    const left = begin - performance.now()
    const going = new ElementGoing(element)
    this.#begun.set(number, going)
    this.#going = going
    this.#driver.say({ type: 'element', element: number, at, begin: begin + sharedOffset() })
    this.#limitTime(going, left)
    if (element.completedBy == null) return this.#joined(going, signal)
    // where any client may complete it, and none is here, others do
    if (!element.isCompleting && element.completedBy !== 'any') return { tasks: [] }
    await within(going.completing, signal)
    return { tasks: [] }
  }

  /** Others have completed the element. @throws as `tasks` does */
  async complete(number: number, signal: AbortSignal): Promise<LoadAnswer> {
    const { completedBy } = this.#elementOf(number)
    if (completedBy == null) throw new BakError('state', `no task completes element ${number}`)
    const going = this.#begun.get(number)
    // whoever has no clients in it was not asked to begin it
    if (going == null) return { tasks: [] }
    if (going === this.#going) this.#driver.say({ type: 'complete', element: number })
    return this.#joined(going, signal)
  }

  /** A command was heard that is newer than what goes on: an element that it is not about is over. */
  hear({ phase, element }: { phase: string; element?: number | undefined }): void {
    const going = this.#going
    if (going != null && (phase !== 'work' || element !== going.number)) this.#cut(going)
  }

  /** Ends all. Never rejects. @param graceMs for clients, and then for the controller to take what is left; their own where it is left out */
  end(graceMs?: number): Promise<LoadEnd> {
    this.#ending ??= this.#end(graceMs)
    return this.#ending
  }

  async #end(graceMs?: number): Promise<LoadEnd> {
    this.#over.abort(new BakError('interrupted', 'the sample is over'))
    await this.#settle(AbortSignal.timeout(graceMs ?? CUT_GRACE_MS)).catch(() => this.#driver.fail(whyKilled(graceMs)))
    const late = AbortSignal.timeout(graceMs ?? DRAIN_MS)
    const why = await this.#uplink.drain(late).then(
      () => undefined,
      cause =>
        late.aborted ? `the controller did not take them within ${(graceMs ?? DRAIN_MS) / 1000} s` : cause.message
    )
    const odd = await this.#driver.stop(graceMs ?? STOP_GRACE_MS)
    await this.#uplink.stop()
    const left = this.#counts.untaken
    const missing: Missing[] = []
    if (left > 0)
      missing.push(lacking(`of ${left} samples nobody knows whether they arrived: ${why ?? 'the run is over'}`))
    const { failure } = this.#driver
    if (failure != null && !this.#isNamed) missing.push(lacking(failure.message))
    const tasks = [...this.#begun.values()].flatMap(each => this.#answersOf(each))
    return { load: { tasks }, missing, warnings: odd.map(each => `${DRIVER}: ${each}`) }
  }

  #elementOf(number: number): ElementOfMember {
    const found = this.#init.clients.elements.find(each => each.number === number)
    if (found == null) throw new BakError('state', `the schedule has no element ${number}`)
    return found
  }

  async #joined(going: ElementGoing, signal: AbortSignal): Promise<LoadAnswer> {
    await within(going.joined, signal)
    await this.#uplink.drain(signal)
    const { health } = going
    return { tasks: this.#answersOf(going), ...(health == null ? {} : { health }) }
  }

  #answersOf(going: ElementGoing): TaskAnswer[] {
    const offset = this.#init.offset()
    return going.tasks.map(task => this.#counts.answerOf(going.number, task, going.endOf(task, offset)))
  }

  /** What goes on of an element ends: cut short, and then waited for. @throws what aborts the signal */
  async #settle(signal: AbortSignal): Promise<void> {
    const going = this.#going
    if (going == null) return
    this.#cut(going)
    await within(going.joined, signal)
  }

  #cut(going: ElementGoing): void {
    if (!going.cut()) return
    this.#driver.say({ type: 'cut' })
    this.#act(going, CUT_GRACE_MS, () => this.#driver.fail(whyKilled()))
  }

  /** Acts if an element still goes on after so many ms. */
  #act(going: ElementGoing, ms: number, act: () => void): void {
    const late = () => new BakError('timeout', 'it goes on')
    inTime(going.joined, { ms: Math.min(ms, MAX_TIMER_MS), late }).catch(() => going.isOver || act())
  }

  /** The run has a longest time for its work. @param left ms until the element begins */
  #limitTime(going: ElementGoing, left: number): void {
    const seconds = this.#init.spec.policy.timeout
    if (seconds === 0) return
    this.#act(going, Math.max(0, left) + seconds * 1000, () => {
      if (!going.isCut) going.fail(`ended at its deadline of ${seconds} s`)
      this.#cut(going)
    })
  }

  #onSaid(message: Said): void {
    const { type } = message
    if (type === 'samples' || type === 'histograms') this.#bring(message)
    else if (type === 'status') this.#tell(message)
    else if (type === 'completing') this.#going?.complete(message.element)
    else if (type === 'failed') this.#refuse(message)
    else if (this.#going?.number === message.element) {
      this.#going.join(message, this.#counts)
      this.#going = undefined
    }
  }

  #tell({ type: _, ...status }: Extract<Said, { type: 'status' }>): void {
    this.#status = status
    this.#uplink.tell(status)
  }

  /** @throws {BakError} `bad-message` for what no client of this member can have measured now */
  #bring(block: Extract<Said, { type: 'samples' | 'histograms' }>): void {
    const { element, task } = block
    const going = this.#going
    if (going?.number !== element || !going.tasks.includes(task))
      throw new BakError('bad-message', `samples of ${task} in element ${element}, which does not go on`)
    if (this.#driver.failure != null) return
    const tally = block.type === 'samples' ? tallySamples(block) : tallyHistograms(block)
    const counted = { element, task, tally }
    this.#counts.onBrought(counted)
    if (this.#uplink.put(block, counted)) return
    this.#driver.fail(
      `${MAX_KEPT_BYTES / 1024 / 1024} MiB of samples wait for the controller, which takes them more slowly than they are measured`
    )
  }

  /** An error of a request ends the run, or the driver cannot do what it was told; what was measured follows. */
  #refuse({ element, reason }: Extract<Said, { type: 'failed' }>): void {
    const going = this.#going
    if (going?.number !== element) return this.#driver.fail(reason)
    this.#uplink.fail(element, cutText(reason))
    going.fail(reason)
  }

  /** Where nothing goes on the next answer says it. */
  #onFailed(why: string): void {
    const going = this.#going
    if (going == null) return
    this.#uplink.fail(going.number, cutText(why))
    this.#isNamed = going.tasks.length > 0
    going.fail(why)
    this.#leave()
  }

  /** Of what goes on nothing more comes. */
  #leave(): void {
    this.#going?.end()
    this.#going = undefined
  }
}

const whyKilled = (graceMs = CUT_GRACE_MS) =>
  `the load driver did not end its clients within ${graceMs / 1000} s, and was killed`
const lacking = (reason: string): Missing => ({ kind: 'workload', what: DRIVER, reason: cutText(reason) })
