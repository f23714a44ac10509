/** Which files of a sample's workloads are read into series: what they printed at intervals, their logs, and their samples. */
import { lstatSync } from 'node:fs'
import { join, posix } from 'node:path'
import { instanceFolder, METRICS_FILE, OUTPUT_FILES, workloadFolder } from '../../../protocols/layout.ts'
import type { Step } from '../../../protocols/phase.ts'
import type { Remark } from '../../../protocols/series/series-file.ts'
import type { Spec } from '../../../protocols/spec.ts'
import { DRIVER, RAW_SAMPLES_FILE } from '../../../protocols/tasks/task.ts'
import { labelOf, resultsOf } from '../../../protocols/workload.ts'
import { namesIn } from '../../if-possible.ts'
import { intervalReaders } from '../../work/intervals/index.ts'
import { isNamed } from './find-files.ts'
import type { FileToRead } from './job.ts'

/** Bytes of a file: what a workload prints beyond is hardly a report of intervals. */
const MAX_BYTES = 256 * 1024 * 1024
const TOO_LARGE = `is larger than ${MAX_BYTES / 2 ** 20} MiB: it stays as it is, and no series are made of it`
/** Files of one instance. */
const MAX_FILES = 1_000
/** Of the command of a run, which has no name. */
const COMMAND = 'command'

export interface WorkloadData {
  /** The folder with the layout of a result. */
  data: string
  member: string
  step: Step
  spec: Pick<Spec, 'workload' | 'results' | 'interval'> & Partial<Pick<Spec, 'task'>>
}

/**
 * @returns those that have readers and are not empty, in an order that is the same each time; its samples alone where no results are read. A
 * remark on the samples of a driver that are too large, which a run has asked for
 */
export function findWorkloadFiles({ data, member, step, spec }: WorkloadData): {
  files: FileToRead[]
  remarks: Remark[]
} {
  const remarks: Remark[] = []
  const instances = spec.workload.flatMap(({ name, instances: size, ...workload }) =>
    Array.from({ length: size }, (_, i) => ({
      tool: labelOf({ name, instances: size }, i + 1),
      results: resultsOf(workload, spec),
      folder: instanceFolder(step, member, name, size === 1 ? undefined : i + 1)
    }))
  )
  const command = { tool: COMMAND, results: spec.results, folder: workloadFolder(step, member) }
  const hasTasks = (spec.task ?? []).length > 0
  const driver = { tool: DRIVER, results: undefined, folder: instanceFolder(step, member, DRIVER) }
  const found = [command, ...instances, ...(hasTasks ? [driver] : [])].flatMap(({ tool, results, folder }) => {
    const began = lstatSync(join(data, folder, OUTPUT_FILES.stdout), { throwIfNoEntry: false })?.birthtimeMs
    if (began == null) return []
    const names = namesIn(join(data, folder)).sort().slice(0, MAX_FILES)
    const files = names.filter(file => results !== 'none' || file === METRICS_FILE)
    return files.flatMap(file => {
      const at = intervalReaders.findIndex(({ files }) => files.some(each => isNamed(file, each)))
      const path = join(data, folder, file)
      const stats = lstatSync(path, { throwIfNoEntry: false })
      if (at < 0 || !stats?.isFile() || stats.size === 0) return []
      const shown = posix.join('workload', tool, file)
      if (stats.size > MAX_BYTES) {
        if (file === RAW_SAMPLES_FILE) remarks.push({ file: shown, why: TOO_LARGE })
        return []
      }
      const about = { tool, file, options: {}, interval: spec.interval, began }
      return [{ path, shown, about, reader: { workload: at } }]
    })
  })
  return { files: found, remarks }
}
