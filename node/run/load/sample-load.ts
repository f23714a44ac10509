/**
 * The load of one sample on its controller: what members bring goes to the tasks of the element that goes on, and each of these becomes a result
 * when its element is over. What is of another sample, or of an element that is over, counts for nothing.
 */
import { BakError } from '../../../protocols/errors.ts'
import type { Step } from '../../../protocols/phase.ts'
import { tasksOfClient } from '../../../protocols/tasks/allocation.ts'
import type { Element, PlannedTask } from '../../../protocols/tasks/elements.ts'
import type { LoadNow } from '../../../protocols/tasks/load-now.ts'
import type { LoadStatus } from '../../../protocols/tasks/load-stream.ts'
import { targetOf } from '../../../protocols/tasks/operation.ts'
import { unpackColumns } from '../../../protocols/tasks/sample-block.ts'
import type { LoadAnswer } from '../../../protocols/tasks/task-answer.ts'
import { type MeasuredTask, taskEntryOf } from '../../../protocols/tasks/task-entry.ts'
import { MAX_SERVERS, type TaskResult, type TasksFile } from '../../../protocols/tasks/tasks-file.ts'
import { clientsIn, type LoadPlan } from '../../../protocols/tasks/workers.ts'
import { taskKey } from '../../../protocols/verify/task-answers.ts'
import type { WorkEntry } from '../../../protocols/work-entry.ts'
import { isSameStep } from '../plan.ts'
import { liveOf, plannedIn } from './live.ts'
import type { LoadMessage } from './load-stream-server.ts'
import { checkHistogram, checkSamples, MAX_AHEAD, whyNotBegun } from './possible-samples.ts'
import { MAX_MEMBER_ROWS, type MemberAnswer, measuredNow, resultOf } from './task-result.ts'
import { type TaskPlan, TaskResults } from './task-results.ts'

export interface JoinPoint {
  step: Step
  element: number
  at: number
  /** How far apart the clients of all members could begin, ms. */
  skew?: number
}

export class SampleLoad {
  readonly step: Step
  readonly #plan: LoadPlan
  readonly #clock: () => number
  /** Of the elements that have begun, by the clock, and are not over. */
  readonly #open = new Map<number, { at(): number | undefined; begun: number; tasks: TaskResults[] }>()
  /** By task and member: the first counts. */
  readonly #answers = new Map<string, Map<string, MemberAnswer>>()
  readonly #statuses = new Map<string, LoadStatus>()
  readonly #gone = new Set<string>()
  readonly joinPoints: JoinPoint[] = []
  readonly results: TaskResult[] = []
  readonly servers: NonNullable<TasksFile['servers']> = []
  #element = 0

  /** @param clock monotonic, ms: that of the controller may be set meanwhile */
  constructor(step: Step, plan: LoadPlan, clock = () => performance.now()) {
    this.step = step
    this.#plan = plan
    this.#clock = clock
  }

  /**
   * An element begins. The same again changes nothing.
   * @param at when its clients begin, on the controller's clock: agreed a moment later, with the command
   */
  begin(number: number, at: () => number | undefined): void {
    const element = this.#plan.elements.find(each => each.number === number)
    if (element == null || this.#open.has(number) || this.joinPoints.some(each => each.element === number)) return
    this.#element = number
    const tasks = element.tasks.map(task => new TaskResults(planOfTask(this.#plan, element, task)))
    this.#open.set(number, { at, begun: this.#clock(), tasks })
    for (const each of tasks) for (const member of this.#gone) each.noteDone(member)
  }

  /** The elements that are not over. */
  get open(): number[] {
    return [...this.#open.keys()]
  }

  /** Of a member nothing more is waited for. */
  leave(member: string): void {
    this.#gone.add(member)
    this.#statuses.delete(member)
    for (const { tasks } of this.#open.values()) for (const each of tasks) each.noteDone(member)
  }

  /** @throws {BakError} `bad-message` for what cannot be counted */
  take(member: string, message: LoadMessage): void {
    if (message.type === 'failed' || !isSameStep(message.step, this.step)) return
    if (message.type === 'status') return this.#note(member, message)
    const open = this.#open.get(message.element)
    const isOver = message.element < this.#element || this.joinPoints.some(each => each.element === message.element)
    if (open == null && !isOver)
      throw new BakError('bad-message', `samples of element ${message.element}, which has not begun`)
    const task = open?.tasks.find(({ plan }) => plan.task === message.task)
    if (open == null || task == null) return
    const passed = this.#clock() - open.begun
    const kind = plannedIn(this.#plan, task.plan)?.operation.type ?? 'module'
    if (message.type === 'histograms') {
      checkHistogram(message, kind, passed)
      return task.addHistogram(member, message, passed + MAX_AHEAD)
    }
    const columns = unpackColumns(message)
    task.addSamples(member, columns, message, checkSamples(columns, message.unit, kind, passed))
  }

  /** @param bound ms within which the clock of the member is known @returns why its answer cannot be true; undefined if it can */
  refusalOf({ tasks }: LoadAnswer, bound: number): string | undefined {
    for (const each of tasks) {
      const open = this.#open.get(each.element)
      const at = open?.at()
      if (open == null || at == null) continue
      const why = whyNotBegun(each, { at, bound, passed: this.#clock() - open.begun })
      if (why != null) return why
    }
    return undefined
  }

  #note(member: string, status: LoadStatus): void {
    if (this.#gone.has(member)) return
    this.#statuses.set(member, status)
    for (const { task, clients } of status.tasks)
      if (clients === 0)
        this.#open
          .get(status.element)
          ?.tasks.find(each => each.plan.task === task)
          ?.noteDone(member)
  }

  /** What a member signed. */
  answer(member: string, { tasks, health, targets }: LoadAnswer): void {
    for (const each of tasks) {
      const known = this.#answers.get(taskKey(each)) ?? new Map<string, MemberAnswer>()
      this.#answers.set(taskKey(each), known)
      if (!known.has(member)) known.set(member, { task: each, ...(health == null ? {} : { health }) })
    }
    for (const { target, server } of targets ?? []) {
      const isKnown = this.servers.some(each => each.target === target && each.server === server)
      if (!isKnown && this.servers.length < MAX_SERVERS)
        this.servers.push({ target, ...(server == null ? {} : { server }), member })
    }
  }

  /** @returns whether all members that have clients in an element have answered for all of these, or are gone */
  isAnswered(number: number): boolean {
    const tasks = this.#open.get(number)?.tasks ?? []
    return tasks.every(({ plan }) => {
      const answers = this.#answers.get(taskKey(plan))
      return [...plan.members.keys()].every(member => this.#gone.has(member) || answers?.has(member))
    })
  }

  /** @returns what members signed about a task */
  answersTo(task: { element: number; task: string }): Map<string, MemberAnswer> {
    return this.#answers.get(taskKey(task)) ?? new Map()
  }

  /** An element is over. @returns what its tasks came to; nothing where nobody began any of them */
  async end(number: number): Promise<{ joinPoint: JoinPoint; results: TaskResult[] } | undefined> {
    const open = this.#open.get(number)
    if (open == null) return undefined
    this.#open.delete(number)
    const isBegun = open.tasks.some(each => each.hasSamples || this.answersTo(each.plan).size > 0)
    if (!isBegun) return undefined
    const skew = skewOf(open.tasks.flatMap(({ plan }) => [...this.answersTo(plan).values()]))
    const at = open.at() ?? Date.now()
    const joinPoint = { step: this.step, element: number, at, ...(skew == null ? {} : { skew }) }
    this.joinPoints.push(joinPoint)
    const results: TaskResult[] = []
    const most = MAX_MEMBER_ROWS / this.#plan.elements.flatMap(({ tasks }) => tasks).length
    for (const each of open.tasks) results.push(await resultOf(each, this.answersTo(each.plan), most))
    this.results.push(...results)
    return { joinPoint, results }
  }

  /** @returns what the tasks that go on would come to if they ended now; percentiles are those of histograms */
  entries(): WorkEntry[] {
    return this.#measured().map(each => taskEntryOf(this.step, each))
  }

  #measured(): MeasuredTask[] {
    return [...this.#open.values()].flatMap(({ tasks }) => tasks.map(measuredNow))
  }

  now(): LoadNow {
    return liveOf({
      element: this.#element,
      plan: this.#plan,
      statuses: this.#statuses,
      tasks: this.#open.get(this.#element)?.tasks ?? []
    })
  }

  /** What `tasks.json` has. */
  get file(): TasksFile {
    const elements = this.joinPoints.map(({ element, at, skew }) => ({
      element,
      tasks: this.results.filter(each => each.element === element).map(({ task }) => task),
      ...{ at, ...(skew == null ? {} : { skew }) }
    }))
    return {
      ...{ format: 1, elements, tasks: this.results },
      ...(this.servers.length === 0 ? {} : { servers: this.servers })
    }
  }
}

/** @returns ms between the first and the last instant at which clients could begin; nothing where none could */
export function skewOf(answers: MemberAnswer[]): number | undefined {
  const began = answers.flatMap(({ task }) => task.began ?? [])
  if (began.length === 0) return undefined
  const [first, last] = began.reduce(
    ([a, z], each) => [Math.min(a, each.first), Math.max(z, each.last)],
    [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  )
  return Math.max(0, last - first)
}

function planOfTask(plan: LoadPlan, element: Element, task: PlannedTask): TaskPlan {
  const hosts = clientsIn(plan, task.name)
  const members = new Map([...hosts].map(([member, its]) => [member, clientsOn(plan, element, task, its)]))
  const about = { task: task.name, element: element.number, operation: task.operationName, clients: task.clients }
  const { operation } = task
  const targets = operation.type === 'http' ? (operation.targets ?? []) : []
  if (targets.length < 2) return { ...about, members }
  const places = new Map(targets.map((target, i) => [target, i]))
  const known = new Map<number, number | undefined>()
  // of a client that has several turns it is not known which one a sample is of
  const find = (client: number) => {
    const its = indexesOf(plan, element, task, client).map(index => targetOf(operation, index))
    return its[0] != null && its.every(each => each === its[0]) ? places.get(its[0]) : undefined
  }
  return {
    ...about,
    ...{ members, targets },
    targetOf(client) {
      if (client >= plan.clients) return undefined
      if (!known.has(client)) known.set(client, find(client))
      return known.get(client)
    }
  }
}

const indexesOf = (plan: LoadPlan, element: Element, task: PlannedTask, client: number): number[] =>
  tasksOfClient(element, plan.clients, client)
    .filter(each => each.task.name === task.name)
    .map(({ index }) => index)

/** @returns clients of the task that some clients of the run are */
const clientsOn = (plan: LoadPlan, element: Element, task: PlannedTask, clients: number[]): number =>
  clients.reduce((sum, client) => sum + indexesOf(plan, element, task, client).length, 0)
