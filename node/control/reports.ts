/** The call `report`: serves what Prometheus kept of a run, while the caller stays. */
import type { CallInput, CallResponse, HandlerOptions } from '../../protocols/control.ts'
import { asBakError, BakError } from '../../protocols/errors.ts'
import { serveCopy } from '../collectors/serve-copy.ts'
import type { Parts } from '../parts.ts'
import { within } from '../wait.ts'
import { resolveRun } from './find-run.ts'

const LISTEN = '127.0.0.1:0'

export async function* report(
  parts: Parts,
  { run: text, listen = LISTEN }: CallInput<'report'>,
  { signal }: HandlerOptions
): AsyncGenerator<CallResponse<'report'>> {
  const { coordinator, home, supervisor } = parts
  const run = await resolveRun(parts, text)
  const record = await coordinator.record(run)
  if (record == null) throw new BakError('no-such-run', `the folder of ${run} is not here: bak show ${run} says where`)
  if (coordinator.driver(run) != null) throw new BakError('busy', `run ${run} still goes on`)
  const server = await serveCopy({
    ...{ result: home.runs(run), scratch: home.reports, listen, supervisor, signal },
    during: work => coordinator.inUse.during(run, 'is being copied for a report', work)
  })
  try {
    yield { run, url: server.url, begun: record.created, ended: record.ended }
    const how = await within(server.running.ending(), signal)
    throw new BakError('tool-failed', `prometheus ended with ${how}`)
  } catch (cause) {
    if (!signal.aborted) throw asBakError(cause)
  } finally {
    await server.stop()
  }
}
