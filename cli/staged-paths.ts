/** Paths that are staged, from a run file or from flags, as they mean the same anywhere. */
import type { RunFile } from '../protocols/run-file.ts'
import { anchored } from '../protocols/staged.ts'

/** @param folder of the run file, or of the caller */
export function anchoredIn<T extends { stage?: string[] | undefined; tool?: RunFile['tool']; workload?: unknown }>(
  from: T,
  folder: string
): T {
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
    ...(workload == null ? {} : { workload })
  }
}

const mapValues = <T>(table: Record<string, T>, change: (value: T) => T): Record<string, T> =>
  Object.fromEntries(Object.entries(table).map(([key, value]) => [key, change(value)]))
