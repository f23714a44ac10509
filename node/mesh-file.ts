/**
 * `mesh.json`: the mesh that this home belongs to, the secrets of its founding and of tickets, and this peer's proof. Readable by
 * its owner only; a damaged file is never replaced by a new one.
 */
import * as v from 'valibot'
import { BakError } from '../protocols/errors.ts'
import { count, list, multiaddress, peerId } from '../protocols/fields.ts'
import { checkProof, endOfProof, type Proof } from '../protocols/proof.ts'
import { acceptTicket, MAX_TICKET_ADDRESSES, type Ticket } from '../protocols/ticket.ts'
import type { Identity } from './key-file.ts'
import { type MeshSecret, newSecret } from './mesh/trust/mesh-secret.ts'
import type { Home } from './store/home.ts'
import { readPrivateJson, writePrivateJson } from './store/private.ts'

/** Secrets that are kept. */
const MAX_SECRETS = 4
const base64 = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]*$/))

const content = v.object({
  mesh: peerId,
  /** Newest first. */
  secrets: v.pipe(
    list(v.object({ generation: count, value: v.pipe(base64, v.length(43)) }), MAX_SECRETS),
    v.minLength(1)
  ),
  /** None for the founder. */
  proof: v.optional(base64),
  /** Whether another peer ever admitted this one, or it has run as the founder: until then a ticket of another mesh is accepted. */
  admitted: v.boolean(),
  ticketAddresses: list(multiaddress, MAX_TICKET_ADDRESSES),
  /** The TCP port of the last start, listened on again so that tickets stay valid. */
  port: v.optional(count)
})
type Content = v.InferOutput<typeof content>

export class MeshFile {
  readonly #home: Home
  #content: Content
  #written: Promise<void> = Promise.resolve()

  private constructor(home: Home, content: Content) {
    this.#home = home
    this.#content = content
  }

  /** @returns undefined where the home is in no mesh yet; @throws {BakError} `bad-config` for a damaged file */
  static async read(home: Home): Promise<MeshFile | undefined> {
    // only a missing file may lead to a new mesh
    return readPrivateJson(home.mesh, value => new MeshFile(home, v.parse(content, value)))
  }

  static async write(home: Home, content: Content): Promise<MeshFile> {
    const made = new MeshFile(home, content)
    await made.#write()
    return made
  }

  get mesh(): string {
    return this.#content.mesh
  }

  get secrets(): MeshSecret[] {
    return this.#content.secrets.map(({ generation, value }) => ({ generation, value: fromBase64(value) }))
  }

  get proof(): Uint8Array | undefined {
    return this.#content.proof == null ? undefined : fromBase64(this.#content.proof)
  }

  get admitted(): boolean {
    return this.#content.admitted
  }

  get ticketAddresses(): string[] {
    return this.#content.ticketAddresses
  }

  get port(): number | undefined {
    return this.#content.port
  }

  /** Changes are written in their order; without a change nothing is written. */
  async update(change: { proof?: Uint8Array; admitted?: true; port?: number }): Promise<void> {
    const { proof, ...rest } = change
    const next = { ...this.#content, ...rest, ...(proof == null ? {} : { proof: toBase64(proof) }) }
    if (JSON.stringify(next) === JSON.stringify(this.#content)) return
    this.#content = next
    await this.#write()
  }

  #write(): Promise<void> {
    const write = () => writePrivateJson(this.#home.mesh, this.#content)
    this.#written = this.#written.then(write, write)
    return this.#written
  }

  /** @returns the contents after joining with a ticket of the same mesh */
  withTicket(ticket: Ticket, identity: Identity): Content {
    const { generation, secret } = ticket
    const known = this.#content.secrets
    // a secret by which this peer was admitted is right; otherwise that of the ticket is more likely to be
    const kept = this.admitted ? known : known.filter(each => each.generation !== generation)
    const added = kept.some(each => each.generation === generation) ? [] : [{ generation, value: toBase64(secret) }]
    const secrets = [...kept, ...added].sort((a, b) => b.generation - a.generation).slice(0, MAX_SECRETS)
    const fresh = fromTicket(ticket, identity)
    const proof = this.#isBetterThan(fresh.proof) ? this.#content.proof : fresh.proof
    return { ...fresh, secrets, proof, admitted: this.admitted, port: this.port }
  }

  /** A start with the same ticket as before must not undo a renewal of the proof. */
  #isBetterThan(fresh: string | undefined): boolean {
    if (this.proof == null || fresh == null) return this.proof != null
    const [known, other] = [this.proof, fromBase64(fresh)].map(bytes => checkProof(this.mesh, bytes)) as [Proof, Proof]
    if (known.invitation === other.invitation) return known.expires >= other.expires
    return endOfProof(other) <= Date.now() && endOfProof(known) > Date.now()
  }
}

/**
 * @returns the mesh that the home is in, that of the ticket, or a new one
 * @throws {BakError} `not-allowed` if the home is in another mesh than the ticket's, `usage` for a ticket that no admin of its mesh signed
 */
export async function loadMesh(home: Home, identity: Identity, ticket?: Ticket): Promise<MeshFile> {
  const known = await MeshFile.read(home)
  if (ticket == null) return known ?? (await MeshFile.write(home, newMesh(identity)))
  if (known == null) return await MeshFile.write(home, fromTicket(ticket, identity))
  if (known.mesh === ticket.mesh) return await MeshFile.write(home, known.withTicket(ticket, identity))
  if (!known.admitted) return await MeshFile.write(home, { ...fromTicket(ticket, identity), port: known.port })
  throw new BakError(
    'not-allowed',
    `this home is in mesh ${known.mesh}; the ticket is of ${ticket.mesh}: leave the first with bak-node leave, or use another --home`
  )
}

function newMesh(identity: Identity): Content {
  const { generation, value } = newSecret()
  return {
    mesh: identity.peer,
    secrets: [{ generation, value: toBase64(value) }],
    admitted: false,
    ticketAddresses: []
  }
}

function fromTicket(ticket: Ticket, identity: Identity): Content {
  const { mesh, generation, secret, addresses, from } = ticket
  const ticketAddresses = addresses.map(address => (address.includes('/p2p/') ? address : `${address}/p2p/${from}`))
  const proof = mesh === identity.peer ? undefined : toBase64(acceptTicket(ticket, identity.peer, Date.now()).bytes)
  return { mesh, secrets: [{ generation, value: toBase64(secret) }], proof, admitted: false, ticketAddresses }
}

const toBase64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url')
const fromBase64 = (text: string) => new Uint8Array(Buffer.from(text, 'base64url'))
