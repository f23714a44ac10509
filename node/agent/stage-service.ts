/** What other peers have stored here, list and remove: controllers only, within what the owner of this machine allows. */
import { asBakError, BakError } from '../../protocols/errors.ts'
import { STAGE_PULSE_MS, type StageRequest, type StageResponse, stageProtocol } from '../../protocols/stage.ts'
import type { Fetched } from '../../protocols/staged.ts'
import type { Exchange } from '../../protocols/stream.ts'
import type { Swarms } from '../artifacts/swarm/swarms.ts'
import { checkPermission, type Roles } from '../mesh/permissions.ts'
import type { Streams } from '../mesh/streams.ts'
import { Part } from '../part.ts'
import { pause } from '../wait.ts'
import type { Allowance } from './allow/allowance.ts'

interface StageServiceComponents {
  streams: Pick<Streams, 'serve'>
  authority: Roles
  allowance: Pick<Allowance, 'check' | 'checkStage'>
  swarms: Pick<Swarms, 'fetch' | 'store'>
}

type Asked<T extends StageRequest['type']> = Extract<StageRequest, { type: T }>

export class StageService extends Part<StageServiceComponents, { self: string }> {
  async start(): Promise<void> {
    await this.components.streams.serve(stageProtocol, (request, exchange) => this.#serve(request, exchange))
  }

  async *#serve(request: StageRequest, { peer, signal }: Exchange<StageRequest>): AsyncGenerator<StageResponse> {
    const { authority, allowance } = this.components
    if (peer !== this.init.self) {
      checkPermission(authority, peer, 'stage')
      if (request.type !== 'fetch') await allowance.check(peer, [])
    }
    if (request.type === 'list') yield { type: 'artifacts', artifacts: this.#list() }
    else if (request.type === 'remove') yield await this.#remove(request, peer)
    else yield* this.#fetch(request, peer, signal)
  }

  #list() {
    const { store } = this.components.swarms
    return store.list().map(({ digest, ...known }) => ({ ...known, digest, needed: store.needs.has(digest) }))
  }

  /** @throws {BakError} `not-allowed` for what the owner stored, `unknown-digest`, `busy` */
  async #remove({ what }: Asked<'remove'>, peer: string): Promise<StageResponse> {
    const { store } = this.components.swarms
    const { self } = this.init
    const { digest, name, by } = store.find(what)
    if (peer !== self && by === self) {
      throw new BakError('not-allowed', `${what} was stored by the owner of this machine: bak stage rm there`)
    }
    await store.remove(digest)
    return { type: 'removed', digest, name }
  }

  async *#fetch(request: Asked<'fetch'>, peer: string, signal: AbortSignal): AsyncGenerator<StageResponse> {
    const { swarms, allowance } = this.components
    const { digest, bytes, path, name, pinned, from } = request
    await allowance.checkStage(peer, [{ path, bytes }])
    let done = 0
    const onProgress = (had: number) => {
      done = had
    }
    const gone = AbortSignal.any([signal, this.stopped])
    const coming = swarms.fetch(digest, { bytes, from, source: peer, by: peer, name, pinned, signal: gone, onProgress })
    const over = coming.then(
      fetched => ({ fetched }),
      cause => ({ cause })
    )
    for (;;) {
      const settled = new AbortController()
      const next: { fetched: Fetched } | { cause: unknown } | undefined = await Promise.race([
        over,
        pause(STAGE_PULSE_MS, settled.signal).then(() => undefined)
      ])
      settled.abort()
      if (next == null) yield { type: 'progress', done: Math.min(done, bytes), total: bytes }
      else if ('fetched' in next) return yield { type: 'done', ...next.fetched }
      else throw asBakError(next.cause)
    }
  }
}
