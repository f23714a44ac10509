/** Paths that are staged, and the folder to which a result goes, from a run file or from flags, as they mean the same anywhere. */
import { anchoredDestination } from '../protocols/destination.ts'
import type { RunFile } from '../protocols/run-file.ts'
import { anchored } from '../protocols/staged.ts'

interface Anchorable {
  stage?: string[] | undefined
  tool?: RunFile['tool']
  workload?: unknown
  operation?: unknown
  task?: unknown
  job?: unknown
  /** In a run file, and as a flag. */
  move_to?: string | undefined
  moveTo?: string | undefined
}

/** @param folder of the run file, or of the caller */
export function anchoredIn<T extends Anchorable>(from: T, folder: string): T {
  const stage = from.stage?.map(path => anchored(path, folder))
  const tool = mapValues(from.tool ?? {}, options => ({
    ...options,
    ...(options.bundle == null ? {} : { bundle: mapValues(options.bundle, path => anchored(path, folder)) })
  }))
  const workload = Array.isArray(from.workload)
    ? (from.workload as NonNullable<RunFile['workload']>).map(each => anchoredIn(each, folder))
    : from.workload
  return {
    ...from,
    ...(stage == null ? {} : { stage }),
    ...(from.tool == null ? {} : { tool }),
    ...(workload == null ? {} : { workload }),
    ...(Array.isArray(from.operation) ? { operation: from.operation.map(each => anchoredFiles(each, folder)) } : {}),
    ...(Array.isArray(from.task) ? { task: from.task.map(each => anchoredTask(each, folder)) } : {}),
    ...(Array.isArray(from.job) ? { job: from.job.map(each => anchoredInputs(each, folder)) } : {}),
    ...(from.move_to == null ? {} : { move_to: anchoredDestination(from.move_to, folder) }),
    ...(from.moveTo == null ? {} : { moveTo: anchoredDestination(from.moveTo, folder) })
  }
}

/** Of an operation: the keys that name files. */
const FILES = ['module', 'body_file'] as const

function anchoredFiles<T extends object>(operation: T, folder: string): T {
  const named = FILES.filter(key => typeof (operation as Record<string, unknown>)[key] === 'string')
  const paths = named.map(key => [key, anchored((operation as Record<string, string>)[key] as string, folder)])
  return { ...operation, ...Object.fromEntries(paths) }
}

function anchoredTask<T extends { operation?: unknown }>(task: T, folder: string): T {
  const { operation } = task
  if (operation == null || typeof operation !== 'object') return task
  return { ...task, operation: anchoredFiles(operation, folder) }
}

/** Of a job: those that are files of the caller. */
function anchoredInputs<T extends { inputs?: unknown }>(job: T, folder: string): T {
  if (!Array.isArray(job.inputs)) return job
  const inputs = job.inputs.map((input: string | { path?: string }) => {
    if (typeof input === 'string') return anchored(input, folder)
    return input.path == null ? input : { ...input, path: anchored(input.path, folder) }
  })
  return { ...job, inputs }
}

const mapValues = <T>(table: Record<string, T>, change: (value: T) => T): Record<string, T> =>
  Object.fromEntries(Object.entries(table).map(([key, value]) => [key, change(value)]))
