/** The output of the workloads of a run, where it is now: in the result, or in the data of a sample that still goes on. */
import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { OUTPUT_FILES, parseResultPath } from '../../protocols/layout.ts'
import type { OutputStream } from '../../protocols/output.ts'
import type { Step } from '../../protocols/phase.ts'
import { unlessMissing } from './disk.ts'
import { GrowingFile } from './growing-file.ts'

const STREAMS = ['stdout', 'stderr'] as const

export interface OutputFile {
  path: string
  step: Step
  member: string
  stream: OutputStream
}

export class RunOutput {
  readonly #folders: string[]

  /** @param folders with the layout of a result, in the order in which they are looked at */
  constructor(folders: string[]) {
    this.#folders = folders
  }

  /** In the order in which they are written. */
  async files(): Promise<OutputFile[]> {
    const found = await Promise.all(this.#folders.map(folder => listOutput(folder)))
    const byPath = new Map(found.flat().map(file => [file.path, file]))
    return [...byPath.values()].sort(
      (a, b) =>
        a.step.number - b.step.number ||
        Number(b.step.warmup ?? false) - Number(a.step.warmup ?? false) ||
        a.step.sample - b.step.sample ||
        a.member.localeCompare(b.member) ||
        b.stream.localeCompare(a.stream)
    )
  }

  /** @returns at most `length` bytes; none at the end, or while the file is nowhere */
  async read(path: string, offset: number, length: number): Promise<Uint8Array> {
    const folder = this.#folders.find(each => existsSync(join(each, path)))
    return folder == null ? new Uint8Array(0) : new GrowingFile(join(folder, path)).read(offset, length)
  }
}

/** Goes into the folders of workloads only: those of tools may have very many files. */
async function listOutput(folder: string): Promise<OutputFile[]> {
  const files: OutputFile[] = []
  for (const iteration of await foldersIn(folder)) {
    for (const sample of await foldersIn(join(folder, iteration))) {
      for (const member of await foldersIn(join(folder, iteration, sample, 'workload'))) {
        for (const stream of STREAMS) {
          const path = join(iteration, sample, 'workload', member, OUTPUT_FILES[stream])
          const parsed = parseResultPath(path)
          if (parsed?.kind !== 'workload' || !existsSync(join(folder, path))) continue
          files.push({ path, step: parsed.step, member, stream })
        }
      }
    }
  }
  return files
}

async function foldersIn(path: string): Promise<string[]> {
  const entries = (await unlessMissing(readdir(path, { withFileTypes: true }))) ?? []
  return entries.filter(entry => entry.isDirectory()).map(({ name }) => name)
}
