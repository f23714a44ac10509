/** The control call that attaches tools to a run that goes on, and detaches them: it asks the controller of the run. */
import { changeToolsProtocol } from '../../protocols/changed-tools.ts'
import type { CallInput, CallResponse, HandlerOptions } from '../../protocols/control.ts'
import { askOne } from '../../protocols/stream.ts'
import { checkOwnPermission } from '../mesh/permissions.ts'
import type { Parts } from '../parts.ts'
import { locateRun, resolveRun } from './find-run.ts'

export async function* changeTools(
  parts: Parts,
  { run: text, on = 'all', group = 'default', options = [], ...asked }: CallInput<'change-tools'>,
  { signal }: HandlerOptions
): AsyncGenerator<CallResponse<'change-tools'>> {
  const run = await resolveRun(parts, text)
  const { peer } = await locateRun(parts, run, signal)
  // its controller would refuse it too; this error says how to get the permission
  checkOwnPermission(parts.authority, parts.identity.peer, 'attach')
  const request = { run, on, group, options, ...asked }
  yield { run, ...(await askOne(parts.streams.to(peer), changeToolsProtocol, request, { signal })) }
}
