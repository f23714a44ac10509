/** Gets the manifest, finds this member's place in it, and fetches what the run brings; later what its jobs have made for its workloads. */
import { decode, encode } from '../../../protocols/codec.ts'
import { digestOf } from '../../../protocols/digest.ts'
import { envelope, open } from '../../../protocols/envelope.ts'
import { BakError } from '../../../protocols/errors.ts'
import { refusalOfLead } from '../../../protocols/lead.ts'
import { manifestSubject } from '../../../protocols/manifest.ts'
import { fetchStaged, stagedFor } from '../staging.ts'
import type { PhaseContext, PhaseHandler } from './phase.ts'

/** For so long the manifest is expected on the run stream, ms; then it is fetched by its digest. */
const MANIFEST_ON_STREAM_MS = 500

export const stage: PhaseHandler = async context => {
  const { command, member, parts, signal, tellStaging } = context
  if (command.when != null) return await stageOutputs(context)
  const { content } = parts
  const { subject } = command
  // the controller sends it before the command; any member that has it can give it
  const sent = await content.expect(subject, MANIFEST_ON_STREAM_MS)
  const bytes = sent ?? (await content.get(subject, [member.controller, ...parts.neighbours()], { signal }))
  const sealed = decode(envelope, bytes)
  const { value, by } = open(manifestSubject, sealed)
  const foreign = refusalOfLead(member.lead, { by, epoch: value.epoch })
  if (foreign != null) throw new BakError(foreign.code, `the manifest is not valid: ${foreign.reason}`)
  if (value.run !== member.run) throw new BakError('wrong-manifest', `the manifest is of run ${value.run}`)
  if (value.offer !== digestOf(encode(member.offerSealed))) {
    throw new BakError('wrong-manifest', 'the manifest is not of the offer that this member answered')
  }
  if (!value.roster.some(entry => entry.peer === member.self)) {
    throw new BakError('not-on-roster', `${member.name} is not on the roster`)
  }
  member.accept(sealed)
  const staged = await fetchStaged(member, parts.swarms, { signal, onProgress: tellStaging })
  member.machine.begin()
  return { staged }
}

async function stageOutputs({ command, member, parts, signal, tellStaging }: PhaseContext) {
  member.outputs = command.staged ?? []
  parts.owner.checkRoom(member.controller, stagedFor(member))
  const staged = await fetchStaged(member, parts.swarms, { signal, onProgress: tellStaging })
  // the state stays as it is: what is kept of it would not say what came
  await member.save()
  return { staged }
}
