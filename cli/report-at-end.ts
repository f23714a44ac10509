/** `--report` of the commands that follow a run: its report is written when it has ended and its result is where it is to be. */
import { asBakError, BakError } from '../protocols/errors.ts'
import type { Context } from './command.ts'
import type { FollowFlags } from './follow-flags.ts'

/** @returns what makes the report, and says why there is none; nothing where none was asked for */
export function reportAtEnd(context: Pick<Context, 'home' | 'ask'>, { report = false }: FollowFlags) {
  if (!report) return undefined
  return async (run: string): Promise<string | undefined> => {
    try {
      const { reportRun } = await import('./report/report-run.ts')
      await reportRun(context, run)
      return undefined
    } catch (cause) {
      return `no report: ${asBakError(cause).message}`
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
