/** Whether a member obeys a command: it is legal in its state, about its manifest, and within what it agreed to. */
import { BakError } from '../../protocols/errors.ts'
import type { Command } from '../../protocols/phase.ts'
import { exceedsOffer } from './allow/offer-check.ts'
import type { MemberState } from './member-state.ts'
import { isLegal, type State } from './states.ts'

/** @throws {BakError} `state`, `wrong-manifest` or `not-allowed`; nothing has changed then */
export function checkCommand(
  command: Command,
  { manifestDigest, offer, self }: Pick<MemberState, 'manifestDigest' | 'offer' | 'self'>,
  state: State
): void {
  const { phase, subject, when } = command
  if (!isLegal(command, state)) throw new BakError('state', `${phase} is not legal in state ${state}`)
  const bearsManifest = phase !== 'join' && (phase !== 'stage' || when != null)
  if (bearsManifest && manifestDigest != null && subject !== manifestDigest) {
    throw new BakError('wrong-manifest', 'the command is of another manifest')
  }
  const excess = exceedsOffer(command, offer, self)
  if (excess != null) throw new BakError('not-allowed', `${phase} is not what this member agreed to: ${excess}`)
}
