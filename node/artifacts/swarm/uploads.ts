/** What is sent of contents to those that ask: few chunks are read and sent at once, and each peer has its budget. */
import { type Artifact, isChunk, lengthOfChunk } from '../../../protocols/artifact.ts'
import { BakError } from '../../../protocols/errors.ts'
import type { SwarmMessage } from '../../../protocols/swarm.ts'
import { Limit } from '../../limit.ts'
import { pause } from '../../wait.ts'
import type { Body } from '../body.ts'
import { ServeBudget } from './serve-budget.ts'

/** Chunks at once, each of 1 MiB at most, and of one peer. */
const UPLOADS = { total: 32, perKey: 4 }

interface Asked {
  artifact: Artifact
  peer: string
  chunk: number
  /** Where it can be read now: a content that becomes whole moves to another place. */
  bodyNow(): Body | undefined
}

/** Such a move takes no longer, ms. */
const MOVE_MS = 100

export class Uploads {
  readonly #limit = new Limit(UPLOADS)
  readonly #budget = new ServeBudget()
  readonly #onDamaged: (digest: string) => void

  /** @param onDamaged what was stored under this digest is something else by now: a disk failed, or somebody changed it */
  constructor(onDamaged: (digest: string) => void) {
    this.#onDamaged = onDamaged
  }

  /** Does `send` with the chunk, or with `no`. @returns whether the chunk was sent */
  async chunk(
    { artifact, bodyNow, peer, chunk }: Asked,
    send: (message: SwarmMessage) => Promise<void>
  ): Promise<boolean> {
    return await this.#limit.run(peer, async () => {
      const length = lengthOfChunk(artifact, chunk)
      const isGiven = this.#budget.take(peer, artifact.digest, length, artifact.bytes)
      const read = isGiven ? await readFrom(bodyNow, chunk) : undefined
      // who sent something false would not be asked for anything any more, though the rest is as it should be
      const isDamaged = read != null && !isChunk(artifact, chunk, read)
      if (isDamaged) this.#onDamaged(artifact.digest)
      const bytes = isDamaged ? undefined : read
      await send(bytes == null ? { type: 'no', chunk } : { type: 'chunk', chunk, bytes })
      return bytes != null
    })
  }

  /** @returns all of a small content. @throws {BakError} `io` if it cannot be read, `busy` if the peer was sent it too often */
  async whole(artifact: Artifact, body: Body, peer: string): Promise<Uint8Array> {
    const parts: Uint8Array[] = []
    for (let chunk = 0; chunk < artifact.chunks; chunk++) {
      const bytes = (await body.read(chunk)) ?? new Uint8Array(0)
      if (bytes.length === lengthOfChunk(artifact, chunk) && !isChunk(artifact, chunk, bytes)) {
        this.#onDamaged(artifact.digest)
        throw new BakError('damaged', `${artifact.digest.slice(0, 12)} is damaged on that peer`)
      }
      parts.push(bytes)
    }
    const whole = new Uint8Array(Buffer.concat(parts))
    if (whole.length !== artifact.bytes) throw new BakError('io', `${artifact.digest} cannot be read here`)
    if (this.#budget.take(peer, artifact.digest, whole.length, artifact.bytes)) return whole
    throw new BakError('busy', 'it was sent this content a few times already')
  }
}

async function readFrom(bodyNow: Asked['bodyNow'], chunk: number): Promise<Uint8Array | undefined> {
  const read = () => bodyNow()?.read(chunk)
  const bytes = await read()?.catch(() => undefined)
  if (bytes != null) return bytes
  await pause(MOVE_MS)
  return await read()?.catch(() => undefined)
}
