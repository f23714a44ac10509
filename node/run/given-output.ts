/** What was given out of each file of a run, so that bytes that come from two peers are given out once. */
import { stepFolder } from '../../protocols/layout.ts'
import {
  MAX_SKIPPED,
  type OutputPortion,
  type OutputRequest,
  unwrapOutput,
  wrapOutput
} from '../../protocols/output.ts'
import type { Step } from '../../protocols/phase.ts'

export class GivenOutput {
  readonly #files = new Map<string, number>()

  /** Counts a portion as given out. @returns what of it is news; undefined if nothing is */
  take(portion: OutputPortion): OutputPortion | undefined {
    const { path } = portion
    const given = this.#files.get(path) ?? 0
    const { offset = given } = portion
    const bytes = unwrapOutput(portion)
    const end = offset + bytes.length
    if (end <= given) return undefined
    this.#files.set(path, end)
    if (offset >= given) return portion
    const { text: _, base64: __, ...about } = portion
    return { ...about, offset: given, ...wrapOutput(bytes.subarray(given - offset)) }
  }

  /** @returns how much a peer need not send of a sample, or of the samples of a member */
  skip({ step, member }: { step?: Step; member?: string }): NonNullable<OutputRequest['skip']> {
    const isMeant = (path: string) =>
      (step == null || path.startsWith(`${stepFolder(step)}/`)) &&
      (member == null || path.includes(`/workload/${member}/`))
    const files = [...this.#files].filter(([path]) => isMeant(path)).slice(-MAX_SKIPPED)
    return files.map(([path, bytes]) => ({ path, bytes }))
  }
}
