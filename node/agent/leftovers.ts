/** Hands what is left of a run on this member to the peer that has the result, when that one collects it. */
import { encode } from '../../protocols/codec.ts'
import { type Collected, type CollectRequest, collectProtocol } from '../../protocols/collect.ts'
import { holdersOf } from '../../protocols/custody.ts'
import { asBakError, BakError } from '../../protocols/errors.ts'
import { cutText } from '../../protocols/fields.ts'
import { sendTarball } from '../../protocols/tarball.ts'
import { checkPermission, type Roles } from '../mesh/permissions.ts'
import type { Streams } from '../mesh/streams.ts'
import { Part } from '../part.ts'
import type { Agent } from './agent.ts'
import { keptBy } from './phases/deliver.ts'

export interface LeftoversComponents {
  streams: Streams
  agent: Agent
  authority: Roles
}

export class Leftovers extends Part<LeftoversComponents, { signer: { peer: string } }> {
  async start(): Promise<void> {
    await this.components.streams.serve(collectProtocol, (request, { peer, signal }) =>
      this.#answer(request, peer, signal)
    )
  }

  async *#answer({ run, custody = [] }: CollectRequest, peer: string, signal: AbortSignal): AsyncGenerator<Collected> {
    const { agent, streams, authority } = this.components
    if (peer !== this.init.signer.peer) checkPermission(authority, peer, 'collect')
    const member = agent.member(run)
    if (member == null) throw new BakError('no-such-run', `nothing of run ${run} is here`)
    if (!holdersOf(run, member.lead.by, custody).includes(peer))
      throw new BakError('not-the-controller', `${peer} has not the result of run ${run}`)
    const left = await agent.pack(run)
    for (const offer of await member.outbox.list()) {
      const { what, digest, bytes } = offer
      const source = { read: (offset: number, length: number) => member.outbox.read(digest, offset, length) }
      try {
        const { receipt } = await sendTarball(streams.to(peer), offer, source, { signal, to: peer })
        await member.outbox.confirm(digest, encode(receipt))
        yield { what, digest, bytes, outcome: 'arrived' }
      } catch (cause) {
        if (signal.aborted) throw cause
        const { code, message } = asBakError(cause)
        yield { what, digest, bytes, outcome: 'failed', code, reason: message }
      }
    }
    if (keptBy(member).files === 0) return agent.drop(run)
    for (const what of left)
      yield { what: cutText(what), bytes: 0, outcome: 'left', reason: `it is in ${member.data} there` }
  }
}
