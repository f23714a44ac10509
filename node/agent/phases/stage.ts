import { decode, encode } from '../../../protocols/codec.ts'
import { digestOf } from '../../../protocols/digest.ts'
import { envelope, open } from '../../../protocols/envelope.ts'
import { BakError } from '../../../protocols/errors.ts'
import { manifestSubject } from '../../../protocols/manifest.ts'
import type { PhaseHandler } from './phase.ts'

/** Fetches the manifest by digest, from the controller or from any member that has it, and finds its own place in it. */
export const stage: PhaseHandler = async ({ command, member, parts, signal }) => {
  const from = [member.controller, ...parts.neighbours()]
  const bytes = await parts.content.get(command.subject, from, { signal })
  const sealed = decode(envelope, bytes)
  const { value, by } = open(manifestSubject, sealed)
  if (by !== member.controller || value.run !== member.run) {
    throw new BakError('not-the-controller', `the manifest is signed by ${by}`)
  }
  if (value.epoch !== member.epoch) {
    throw new BakError('old-epoch', `the manifest is of epoch ${value.epoch}, not ${member.epoch}`)
  }
  if (value.offer !== digestOf(encode(member.offerSealed))) {
    throw new BakError('wrong-manifest', 'the manifest is not of the offer that this member answered')
  }
  if (!value.roster.some(entry => entry.peer === member.self)) {
    throw new BakError('not-on-roster', `${member.name} is not on the roster`)
  }
  member.accept(sealed)
  return {}
}
