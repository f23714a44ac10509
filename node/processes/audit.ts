/**
 * What was started here for others: a line of JSON for the start and for the end of each program, in the home, which no program of a run can
 * reach. Bounded: when the file is full it becomes the one before, whose lines are dropped then.
 */
import { appendFileSync, renameSync, statSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import * as v from 'valibot'
import { asBakError } from '../../protocols/errors.ts'
import { ifPossible } from '../if-possible.ts'

/** Two files of this size at most. */
const MAX_BYTES = 8 * 1024 * 1024

export const auditLine = v.object({
  at: v.number(),
  event: v.picklist(['start', 'end']),
  /** Who asked: the peer id of the controller. */
  by: v.string(),
  run: v.string(),
  /** What the program is to the run: the name of its tool. */
  name: v.string(),
  /** The words of the program; of a long line the begin. `digest` is of all of it. */
  argv: v.array(v.string()),
  digest: v.string(),
  /** As whom and how it ran. */
  as: v.optional(v.string()),
  pid: v.optional(v.number()),
  exit: v.optional(v.number()),
  signal: v.optional(v.string()),
  /** Why it was ended here. */
  why: v.optional(v.string())
})
export type AuditLine = v.InferOutput<typeof auditLine>

export class Audit {
  readonly #path: string
  readonly #maxBytes: number
  readonly #onError: (why: string) => void

  constructor({
    path,
    onError,
    maxBytes = MAX_BYTES
  }: { path: string; onError(why: string): void; maxBytes?: number }) {
    this.#path = path
    this.#maxBytes = maxBytes
    this.#onError = onError
  }

  /** @returns false if it could not be written */
  write(line: AuditLine): boolean {
    try {
      const text = `${JSON.stringify(line)}\n`
      if (sizeOf(this.#path) + text.length > this.#maxBytes) renameSync(this.#path, `${this.#path}.1`)
      appendFileSync(this.#path, text, { mode: 0o600 })
      return true
    } catch (cause) {
      this.#onError(asBakError(cause).message)
      return false
    }
  }
}

/** @returns the lines, oldest first; without those that were not written to their end */
export async function readAudit(path: string): Promise<AuditLine[]> {
  const texts = await Promise.all([`${path}.1`, path].map(each => readFile(each, 'utf8').catch(() => '')))
  return texts.flatMap(text => text.split('\n')).flatMap(lineOf)
}

function lineOf(text: string): AuditLine[] {
  return ifPossible(() => [v.parse(auditLine, JSON.parse(text))]) ?? []
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}
