/** Notices two daemons with one key, as after a home was copied: at a peer that is connected with both, and at both when that peer tells. */
import { randomBytes } from 'node:crypto'
import type { Connection, Libp2pEvents, TypedEventTarget } from '@libp2p/interface'
import type { ConnectionManager } from '@libp2p/interface-internal'
import { open, type Signer, seal } from '../../../protocols/envelope.ts'
import { BakError } from '../../../protocols/errors.ts'
import { askOne, type Opener } from '../../../protocols/stream.ts'
import { lifeSubject, type TwinRequest, type TwinResponse, twinProtocol } from '../../../protocols/twin.ts'
import { BoundedMap } from '../../bounded-map.ts'
import { listen } from '../../listen.ts'
import type { Log } from '../../log.ts'
import { Part } from '../../part.ts'
import { Timers } from '../../timers.ts'
import type { Streams } from '../streams.ts'
import type { Members } from './members.ts'

/** A second connection is often another path to the same daemon, and one of the two is closed within this time. */
const SETTLE_MS = 1_000
/** Challenges that may wait for an answer. */
const MAX_CHALLENGES = 64

export interface TwinsComponents {
  events: TypedEventTarget<Libp2pEvents>
  connectionManager: Pick<ConnectionManager, 'getConnections'>
  streams: Pick<Streams, 'serve'>
  members: Pick<Members, 'self' | 'update'>
}

export class Twins extends Part<TwinsComponents, { log: Log; signer: Signer }> {
  readonly #log = this.init.log.with({}, 'twins')
  /** Those that nobody has answered yet. */
  readonly #challenges = new BoundedMap<string, undefined>(MAX_CHALLENGES)
  readonly #life = new Uint8Array(randomBytes(16))
  readonly #timers = new Timers()
  #trouble: string | undefined

  /** What is wrong, if another daemon has the key of this one. */
  get trouble(): string | undefined {
    return this.#trouble
  }

  async start(): Promise<void> {
    await this.components.streams.serve(twinProtocol, request => this.#answer(request))
    listen<Libp2pEvents>(this.components.events, this.stopped, {
      'connection:open': ({ detail }: CustomEvent<Connection>) =>
        this.#timers.after(SETTLE_MS, () => void this.#compare(detail).catch(() => {}))
    })
  }

  override stop(): void {
    super.stop()
    this.#timers.clear()
  }

  async #compare(fresh: Connection): Promise<void> {
    const { connectionManager } = this.components
    const others = connectionManager.getConnections(fresh.remotePeer).filter(({ id }) => id !== fresh.id)
    if (fresh.status !== 'open' || others.length === 0) return
    const here = await askOne(on(fresh), twinProtocol, {})
    for (const other of others) {
      // a connection to a daemon that was killed gives no answer
      const there = await askOne(on(other), twinProtocol, {}).catch(() => here)
      if (!isSame(there.life, here.life)) await this.#tell([fresh, here], [other, there])
    }
  }

  async #tell(one: [Connection, TwinResponse], other: [Connection, TwinResponse]): Promise<void> {
    const [here, there] = [one, other].map(([{ remoteAddr }]) => remoteAddr.toString())
    this.#log.error('two daemons have the same key', { peer: one[0].remotePeer.toString(), one: here, other: there })
    for (const [[to], [from]] of [
      [one, other],
      [other, one]
    ] as const) {
      const { challenge } = await askOne(on(to), twinProtocol, {})
      const { proof } = await askOne(on(from), twinProtocol, { challenge })
      if (proof == null) continue
      await askOne(on(to), twinProtocol, { twin: { proof, address: from.remoteAddr.toString() } })
    }
  }

  async *#answer({ challenge: asked, twin }: TwinRequest): AsyncGenerator<TwinResponse> {
    if (twin != null) this.#onTwin(twin)
    const challenge = new Uint8Array(randomBytes(16))
    this.#challenges.set(hex(challenge), undefined)
    const life = this.#life
    const proof = asked && seal(lifeSubject, { life, challenge: asked }, this.init.signer)
    yield { life, challenge, proof }
  }

  /** @throws {BakError} `bad-signature` unless a daemon with this key has just signed a challenge of this one */
  #onTwin({ proof, address }: NonNullable<TwinRequest['twin']>): void {
    const { by, value } = open(lifeSubject, proof)
    const isNew = this.#challenges.delete(hex(value.challenge))
    if (by !== this.init.signer.peer || !isNew || isSame(value.life, this.#life))
      throw new BakError('bad-signature', 'no proof of a second daemon with this key')
    const place = address.replace(/\/p2p\/.*/, '')
    this.#trouble = `another daemon, seen at ${place}, has the key of this peer, as one of the two homes is a copy: stop one daemon, delete key and mesh.json in its home and join again, then restart the other`
    this.#log.error('another daemon has the key of this peer', { at: place })
    if (this.components.members.self.twin !== true) this.components.members.update({ twin: true })
  }
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
const isSame = (one: Uint8Array, other: Uint8Array) => Buffer.compare(one, other) === 0

/** Opens streams on one connection, whatever others there are. */
const on =
  (connection: Connection): Opener =>
  (protocol, { signal } = {}) =>
    connection.newStream(protocol, { signal, runOnLimitedConnection: true })
