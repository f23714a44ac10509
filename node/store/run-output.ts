/** The output of the workloads of a run, where it is now: in the result, or in the data of a sample that still goes on. */
import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { InstanceLabels, InstanceName } from '../../protocols/instances.ts'
import { OUTPUT_FILES, parseResultPath, stepFolder } from '../../protocols/layout.ts'
import type { Step } from '../../protocols/phase.ts'
import { unlessMissing } from './disk.ts'
import { GrowingFile } from './growing-file.ts'

/** One program that writes output. */
export interface OutputInstance extends InstanceName {
  /** In the result. */
  folder: string
}

export class RunOutput {
  readonly #folders: string[]
  readonly #labels: InstanceLabels

  /**
   * @param folders with the layout of a result, in the order in which they are looked at
   * @param labels of the workloads in the spec: a lone command may make folders of other names in its own
   */
  constructor(folders: string[], labels: InstanceLabels = new Map()) {
    this.#folders = folders
    this.#labels = labels
  }

  /** @returns the samples of which something is here, in their order */
  async steps(): Promise<Step[]> {
    const found = new Map<string, Step>()
    for (const root of this.#folders) {
      for (const iteration of await foldersIn(root)) {
        for (const sample of await foldersIn(join(root, iteration))) {
          const parsed = parseResultPath(`${iteration}/${sample}/workload/a`)
          if (parsed?.kind === 'workload') found.set(stepFolder(parsed.step), parsed.step)
        }
      }
    }
    return [...found.values()].sort(inOrder)
  }

  /** @returns the instances of a sample of which something is here, in the order of their names */
  async instances(step: Step): Promise<OutputInstance[]> {
    const found = new Map<string, OutputInstance>()
    const folder = `${stepFolder(step)}/workload`
    for (const root of this.#folders) {
      for (const member of await foldersIn(join(root, folder))) {
        const own = `${folder}/${member}`
        if (hasOutput(join(root, own))) found.set(own, { folder: own, member })
        for (const below of this.#labels.size === 0 ? [] : await foldersIn(join(root, own))) {
          const instance = this.#labels.get(below)
          if (instance != null && hasOutput(join(root, own, below)))
            found.set(`${own}/${below}`, { folder: `${own}/${below}`, member, ...instance })
        }
      }
    }
    return [...found.values()].sort(byName)
  }

  /** @returns its size, and when it was last written by the clock of the system; 0 while the file is nowhere */
  look(path: string): { size: number; mtimeMs: number } {
    return this.#file(path)?.look() ?? { size: 0, mtimeMs: 0 }
  }

  /** @returns at most `length` bytes; none at the end, or while the file is nowhere */
  async read(path: string, offset: number, length: number): Promise<Uint8Array> {
    return this.#file(path)?.read(offset, length) ?? new Uint8Array(0)
  }

  #file(path: string): GrowingFile | undefined {
    const root = this.#folders.find(each => existsSync(join(each, path)))
    return root == null ? undefined : new GrowingFile(join(root, path))
  }
}

const hasOutput = (folder: string) => Object.values(OUTPUT_FILES).some(file => existsSync(join(folder, file)))

const byName = (a: OutputInstance, b: OutputInstance) =>
  a.member.localeCompare(b.member) ||
  (a.workload ?? '').localeCompare(b.workload ?? '') ||
  (a.instance ?? 0) - (b.instance ?? 0)

async function foldersIn(path: string): Promise<string[]> {
  const entries = (await unlessMissing(readdir(path, { withFileTypes: true }))) ?? []
  return entries.filter(entry => entry.isDirectory()).map(({ name }) => name)
}

/** Samples are taken in this order, but where the order of a run is another. */
const inOrder = (a: Step, b: Step) =>
  a.number - b.number || Number(b.warmup ?? false) - Number(a.warmup ?? false) || a.sample - b.sample
