/** The call `logs`: the output of a run, from the peer that has it, as it was written. */
import type { CallInput, CallResponse, HandlerOptions } from '../../protocols/control.ts'
import { newDigest } from '../../protocols/digest.ts'
import { BakError } from '../../protocols/errors.ts'
import { type OutputPortion, outputProtocol, unwrapOutput } from '../../protocols/output.ts'
import { type RunRecord, readRecord } from '../../protocols/record.ts'
import { ask } from '../../protocols/stream.ts'
import { isController } from '../mesh/permissions.ts'
import type { Parts } from '../parts.ts'
import { locateRun, resolveRun } from './find-run.ts'

export async function* logs(
  parts: Parts,
  { run: text }: CallInput<'logs'>,
  { signal }: HandlerOptions
): AsyncGenerator<CallResponse<'logs'>> {
  const run = await resolveRun(parts, text)
  const { peer, found } = await locateRun(parts, run, signal)
  if (found?.record == null) return yield* parts.coordinator.output(run, signal)
  const record = readRecord(found.record)
  const portions = ask(parts.streams.to(peer), outputProtocol, { run }, { signal })
  if (record.files != null) return yield* proven(portions, record)
  if (!isController(parts.authority.roleOf(peer)))
    throw new BakError(
      'not-allowed',
      `run ${run} is not sealed and on an agent, whose word is not trusted: bak show ${run}`
    )
  yield* portions
}

/** Output that another peer sends is what was sealed. @throws {BakError} `damaged` once a file is known not to be */
export async function* proven(
  portions: AsyncIterable<OutputPortion>,
  { run, files = {} }: Pick<RunRecord, 'run' | 'files'>
): AsyncGenerator<OutputPortion> {
  let path: string | undefined
  let hash = newDigest()
  const check = () => {
    if (path == null) return
    const sealed = Object.hasOwn(files, path) ? files[path]?.sha256 : undefined
    if (sealed !== hash.digest('hex')) throw new BakError('damaged', `${path} of ${run} is not as it was sealed`)
  }
  for await (const portion of portions) {
    if (portion.path !== path) {
      check()
      path = portion.path
      hash = newDigest()
    }
    hash.update(unwrapOutput(portion))
    yield portion
  }
  check()
}
