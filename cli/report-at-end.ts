/** `--report` of the commands that follow a run: its report is written when it has ended and its result is where it is to be. */
import { asBakError, BakError } from '../protocols/errors.ts'
import type { Context } from './command.ts'
import type { FollowFlags } from './follow-flags.ts'

export interface AtEnd {
  /** For the screen: where that is which was made, or why it is not, a line each. */
  texts: string[]
  isDone: boolean
}

/** @returns what makes the report; nothing where none was asked for */
export function reportAtEnd(context: Pick<Context, 'home' | 'ask'>, { report = false }: FollowFlags) {
  if (!report) return undefined
  return async (run: string): Promise<AtEnd> => {
    try {
      const { reportRun } = await import('./report/report-run.ts')
      const { file } = await reportRun(context, run)
      return { texts: [`report: ${file}`], isDone: true }
    } catch (cause) {
      return { texts: [`no report: ${asBakError(cause).message}`], isDone: false }
    }
  }
}

/** @throws {BakError} `usage` where nobody waits for the end of the run */
export function checkReport({ report = false, detach = false }: FollowFlags & { detach?: boolean }): void {
  if (report && detach)
    throw new BakError(
      'usage',
      'with --detach nobody waits for the end of the run, when the report is made: bak report RUN then'
    )
}
