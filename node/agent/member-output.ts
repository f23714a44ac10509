/** Gives out what the instances of this member write, while it still has that: to controllers, and to those who take part in the run. */
import { BakError } from '../../protocols/errors.ts'
import { labelsIn } from '../../protocols/instances.ts'
import { memberOutputProtocol, type OutputRequest } from '../../protocols/output.ts'
import { answerOutput } from '../../protocols/output-exchange.ts'
import { checkPermission, type Roles } from '../mesh/permissions.ts'
import type { Streams } from '../mesh/streams.ts'
import { now } from '../now.ts'
import { Part } from '../part.ts'
import { readOutput } from '../run/output.ts'
import { RunOutput } from '../store/run-output.ts'
import type { Agent } from './agent.ts'
import { isOver } from './states.ts'

interface Components {
  streams: Streams
  authority: Roles
  agent: Pick<Agent, 'member'>
}

export class MemberOutput extends Part<Components, { self: string }> {
  async start(): Promise<void> {
    const give = answerOutput((request, { peer, signal }) =>
      this.#give(request, peer, AbortSignal.any([signal, this.stopped]))
    )
    await this.components.streams.serve(memberOutputProtocol, give)
  }

  async *#give({ run, ...asked }: OutputRequest, peer: string, signal: AbortSignal) {
    const { agent, authority } = this.components
    const member = agent.member(run)
    if (peer !== this.init.self && !member?.candidates.has(peer)) checkPermission(authority, peer, 'follow')
    if (member == null)
      throw new BakError('no-such-run', `this peer takes no part in ${run}, or has none of it any more`)
    yield* readOutput(new RunOutput([member.data], labelsIn(member.offer.spec)), asked, {
      // it writes nothing more after `end`
      isOver: () => member.state === 'ended' || isOver(member.state),
      clock: () => now() - member.clock.offset,
      signal
    })
  }
}
