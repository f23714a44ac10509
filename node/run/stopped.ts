/** Ends the phases of a run that are left out after a failure; those that always happen follow. */
import type { Verdict } from '../../protocols/verdict.ts'

export class Stopped extends Error {
  readonly verdict: Verdict

  constructor(verdict: Verdict, reason: string) {
    super(reason)
    this.verdict = verdict
  }
}
