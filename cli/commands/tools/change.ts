/** Asks peers to change what is registered on them, and prints a line for what each has done. */
import type { CallRequest, CallResponse } from '../../../protocols/control.ts'
import { callDaemon } from '../../../protocols/control-http.ts'
import { asBakError, BakError, type ErrorCode, exitStatus } from '../../../protocols/errors.ts'
import type { Context } from '../../command.ts'
import type { Target } from './targets.ts'

type Change = Omit<CallRequest<'register'>, 'on'>
export type Answer = CallResponse<'register'>

export interface Told {
  lines: string[]
  /** What failed, though the peer has answered. */
  failed?: ErrorCode | undefined
}

/**
 * @param describe what an answer that is no error means
 * @returns the exit status: of the first failure, 0 for none
 */
export async function changeOn(
  { socket, json, print }: Context,
  targets: Target[],
  changeOf: (target: Target) => Change,
  describe: (answer: Answer, target: Target) => Told
): Promise<number> {
  let failed: ErrorCode | undefined
  let all = 0
  for (const target of targets) {
    try {
      for await (const answer of callDaemon(socket, 'register', { on: target.on, ...changeOf(target) })) {
        all++
        const told = answer.error == null ? describe(answer, target) : refusalOf(answer)
        failed ??= told.failed
        if (json) await print(JSON.stringify(answer))
        else for (const line of told.lines) await print(line)
      }
    } catch (cause) {
      const { code, message } = asBakError(cause)
      // a host that is not here keeps no other from its tools
      if (targets.length === 1 || code !== 'no-such-peer') throw cause
      all++
      failed ??= code
      await print(json ? JSON.stringify({ on: target.on, error: message, code }) : `${target.on}: ${message}`)
    }
  }
  if (all === 0) throw new BakError('no-such-peer', 'the selector selects no member')
  return failed == null ? 0 : exitStatus[failed]
}

const refusalOf = ({ name, error, code }: Answer): Told => ({
  lines: [`${name}: ${error}`],
  failed: code ?? 'tool-unavailable'
})
