/**
 * Tasks: measured load with a schedule. `[[task]]` in the order in which they run; those that name the same `[[parallel]]` run at the same
 * time and follow each other in the file. Between two elements of this schedule is a join point: nobody begins the next before all have ended.
 */
import * as v from 'valibot'
import { count, list, name } from '../fields.ts'
import { seconds, selector } from '../spec-fields.ts'
import { namedOperation, operationKind } from './operation.ts'

export const MAX_TASKS = 256
/** The name that a member's driver has among its workloads: of its folder. */
export const DRIVER = 'load'
/** In that folder: a line for each request, where they are kept. */
export const RAW_SAMPLES_FILE = 'samples.csv'
/** Clients of one run. */
export const MAX_CLIENTS = 100_000
const clients = v.pipe(count, v.minValue(1), v.maxValue(MAX_CLIENTS))

/** A request in eleven days, and more than any machine sends: intervals and counts of what is due stay numbers. */
const RATES = { least: 1e-6, most: 1e9 }
const isRate = (perSecond: number) => perSecond >= RATES.least && perSecond <= RATES.most
const A_RATE = 'a rate is a number from 0.000001 to 1000000000, or one with its unit such as "500 docs/s"'

/** Operations a second: a number, or with the unit that an operation states: `500`, `"500 docs/s"`. */
export const rate = v.union(
  [
    v.pipe(v.number(), v.check(isRate, A_RATE)),
    v.pipe(
      v.string(),
      v.regex(/^\d+(\.\d+)? \S{1,30}\/s$/, A_RATE),
      v.check(text => isRate(Number.parseFloat(text)), A_RATE)
    )
  ],
  A_RATE
)

/** Of a task, or for all tasks of a parallel that do not say it themselves. */
const lengths = {
  /** Of each client. */
  warmup_iterations: v.optional(count),
  iterations: v.optional(v.pipe(count, v.minValue(1))),
  /** Seconds. */
  warmup_time_period: v.optional(seconds),
  time_period: v.optional(seconds),
  /** Seconds over which the clients begin, one after the other. */
  ramp_up_time_period: v.optional(seconds)
}
/** Their keys. */
export const LENGTHS = Object.keys(lengths) as (keyof typeof lengths)[]

const operationName = v.pipe(v.string('an operation is the name of an [[operation]], or a table with its type'), name)

export const task = v.strictObject({
  /** By default that of its operation. */
  name: v.optional(name),
  /** The name of an `[[operation]]`, or the operation itself. */
  operation: v.lazy(given => (given != null && typeof given === 'object' ? operationKind : operationName)),
  /** The `[[parallel]]` that it belongs to. */
  parallel: v.optional(name),
  clients: v.optional(clients, 1),
  ...lengths,
  schedule: v.optional(v.picklist(['deterministic', 'poisson']), 'deterministic'),
  /** Of all its clients together; neither of the two is as fast as they can. */
  target_throughput: v.optional(rate),
  /** Seconds between two requests of all its clients. */
  target_interval: v.optional(v.pipe(seconds, v.minValue(1 / RATES.most))),
  /** Its errors end nothing, whatever `load.on_error` is. */
  ignore_errors: v.optional(v.boolean(), false)
})
export type Task = v.InferOutput<typeof task>

export const parallel = v.strictObject({
  name,
  /** Clients of all its tasks together; what is beyond takes turns. */
  clients: v.optional(clients),
  /** The name of its task with whose end all others end, or `any`. */
  completed_by: v.optional(name),
  ...lengths
})
export type Parallel = v.InferOutput<typeof parallel>

const operationNames = list(name, 64)

/** `[load]`: what holds for all tasks. */
export const load = v.strictObject({
  /** Which members have clients; all by default. */
  on: v.optional(selector),
  /** Worker threads of each member at most; by default one a core. */
  cores: v.optional(v.pipe(count, v.minValue(1), v.maxValue(1024))),
  /** Operations that each member does before the first task, each once, one after the other by workers that are free. */
  prepare: v.optional(operationNames, []),
  /** Operations that one member does once in a sample, before the first task and behind the last. */
  setup: v.optional(operationNames, []),
  teardown: v.optional(operationNames, []),
  /** Seconds for which it is tried to reach the targets before the first task. */
  probe_timeout: v.optional(seconds, 40),
  /** Of errors of requests: go on unless a target cannot be reached; end at any; go on also where no target can be reached. */
  on_error: v.optional(v.picklist(['continue', 'abort', 'continue-on-network']), 'continue'),
  /** Whether each request is kept as it was measured: `raw` is a file and series on each member. */
  samples: v.optional(v.picklist(['summary', 'raw']), 'summary'),
  /** One iteration of everything, without warm-up and without a rate. */
  test_mode: v.optional(v.boolean(), false)
})
export type Load = v.InferOutput<typeof load>

/** `[search]`: raises one key of a task until a threshold breaks. Each value is an iteration of the run. */
export const search = v.strictObject({
  /** The task, where there is more than one. */
  task: v.optional(name),
  vary: v.optional(v.picklist(['target_throughput', 'clients']), 'target_throughput'),
  from: v.pipe(v.number(), v.finite(), v.gtValue(0)),
  to: v.pipe(v.number(), v.finite(), v.gtValue(0)),
  /** Distance of two values; the knee is known as well as that. By default a hundredth of the way. */
  step: v.optional(v.pipe(v.number(), v.finite(), v.gtValue(0))),
  /** Samples that the two values around the knee get in all before it is believed. */
  confirm: v.optional(v.pipe(count, v.minValue(1), v.maxValue(100)), 3)
})
export type Search = v.InferOutput<typeof search>

/** The keys of a spec that are about tasks. */
export const taskKeys = {
  task: v.optional(list(task, MAX_TASKS), []),
  parallel: v.optional(list(parallel, 64), []),
  operation: v.optional(list(namedOperation, MAX_TASKS), []),
  load: v.optional(load),
  search: v.optional(search)
}

const keys = v.object(taskKeys)
/** With their defaults. */
export type TaskKeys = v.InferOutput<typeof keys>

/** @param given keys that the schema of a spec accepts */
export const readTaskKeys = ({ task: tasks, parallel, operation, load, search }: v.InferInput<typeof keys>): TaskKeys =>
  v.parse(keys, { task: tasks, parallel, operation, load, search })

/** @returns what holds for all tasks, with every default */
export const loadOf = ({ load: given }: { load?: Load | undefined }): Load => given ?? v.parse(load, {})
