/**
 * One content among the peers that exchange it: the streams to them, who has what, and what is told to whom. A peer that has all of it from the
 * beginning shows each neighbour only few chunks at a time, so that neighbours get different ones and pass them on.
 */
import { type Artifact, isChunk, lengthOfChunk, readArtifact } from '../../../protocols/artifact.ts'
import { asBakError, BakError } from '../../../protocols/errors.ts'
import { type Hello, MAX_WHOLE_BYTES, type SwarmMessage } from '../../../protocols/swarm.ts'
import type { Body } from '../body.ts'
import { type Line, Link } from './link.ts'
import { Requests } from './requests.ts'
import { Showing } from './showing.ts'
import type { Uploads } from './uploads.ts'

const LOOK_EVERY_MS = 1_000

export interface SwarmInit {
  content: string
  uploads: Uploads
  /** Counts the peers that this one means to get the content from. */
  peers(): number
  /** The listing is known now. @returns where the chunks go, and which are there @throws why it is not wanted */
  onListing(artifact: Artifact): Promise<{ body: Body; has: number[] }>
  /** A chunk came, and is in its place. */
  onChunk?(chunk: number, bytes: number, peer: string): void
  /** The peer does not give a chunk that it was asked for. */
  onDenied?(chunk: number, peer: string): void
  /** All of it is here. */
  onWhole?(): void
  /** It cannot go on here. */
  onFailed?(why: BakError): void
  onGone?(peer: string, why?: BakError): void
  /** The peer sent what it is not: nothing more is exchanged with it about this content. */
  onFalse?(peer: string, why: string): void
}

export class Swarm {
  readonly content: string
  readonly links = new Map<string, Link>()
  artifact: Artifact | undefined
  #body: Body | undefined
  readonly #init: SwarmInit
  readonly #has = new Set<number>()
  #copies = new Uint16Array(0)
  #requests: Requests | undefined
  #listing: Promise<void> | undefined
  /** Chunks that came and are being written. */
  readonly #writing = new Set<number>()
  /** Where this peer had all of it when it began. */
  #showing: Showing | undefined
  #sent = 0
  readonly #looking: NodeJS.Timeout

  constructor(init: SwarmInit) {
    this.#init = init
    this.content = init.content
    this.#looking = setInterval(() => this.#look(), LOOK_EVERY_MS)
    this.#looking.unref()
  }

  get isWhole(): boolean {
    return this.artifact != null && this.#has.size === this.artifact.chunks
  }

  /** Number of chunks that are not here; undefined while that is not known. */
  get missing(): number | undefined {
    return this.artifact == null ? undefined : this.artifact.chunks - this.#has.size
  }

  isMissing(chunk: number): boolean {
    return !this.#has.has(chunk)
  }

  /** All of it is here. */
  seed(artifact: Artifact, body: Body): void {
    this.#copies = new Uint16Array(artifact.chunks)
    this.#showing = new Showing(artifact.chunks, this.#copies)
    this.#begin(artifact, body, allOf(artifact))
  }

  /** What it is, from a peer or from an exchange that was cut short. Never rejects: `onFailed` says why it cannot go on. */
  learn(artifact: Artifact): Promise<void> {
    this.#listing ??= this.#accept(artifact)
    return this.#listing
  }

  /** What is whole now is read from there. */
  moveTo(body: Body): void {
    this.#body = body
  }

  /** A stream with a peer: the one before it ends. @param hello where the peer opened it and has said it */
  add(peer: string, line: Line, hello?: Hello): Link {
    this.links.get(peer)?.drop(new BakError('interrupted', 'there is another stream'))
    const link = new Link({
      ...{ peer, line, isOwn: hello == null },
      onMessage: (from, message) => this.#onMessage(from, message),
      onServe: (to, chunk, send) => this.#serve(to, chunk, send),
      onGone: (gone, why) => this.#onGone(gone, why)
    })
    this.links.set(peer, link)
    link.say({ type: 'hello', content: this.content, knows: this.artifact != null, peers: this.#init.peers() })
    if (hello != null) this.#onHello(link, hello)
    link.start()
    return link
  }

  end(why: BakError): void {
    clearInterval(this.#looking)
    for (const link of [...this.links.values()]) link.drop(why)
    void this.#body?.close()
  }

  #begin(artifact: Artifact, body: Body, has: number[]): void {
    this.artifact = artifact
    this.#body = body
    if (this.#showing == null) this.#copies = new Uint16Array(artifact.chunks)
    for (const chunk of has) this.#has.add(chunk)
    for (const link of this.links.values()) for (const chunk of link.has) this.#count(chunk, 1)
    const missing = allOf(artifact).filter(each => !this.#has.has(each))
    this.#requests = new Requests(missing, { links: () => this.links.values(), copies: this.#copies })
    for (const link of this.links.values()) this.#greet(link)
    this.#requests.fill()
  }

  async #onMessage(link: Link, message: SwarmMessage): Promise<void> {
    if (message.type === 'hello') return this.#onHello(link, message)
    if (!link.isOpen) throw new BakError('bad-message', 'it did not say hello first')
    if (message.type === 'listing') return await this.#onListing(link, message)
    if (message.type === 'have') return this.#onHave(link, message.chunks)
    if (message.type === 'get') return this.#onGet(link, message.chunk)
    if (message.type === 'chunk') return await this.#onChunk(link, message)
    if (link.has.has(message.chunk)) this.#count(message.chunk, -1)
    this.#requests?.denied(link, message.chunk)
    this.#requests?.fill()
    this.#init.onDenied?.(message.chunk, link.peer)
  }

  #onHello(link: Link, { content, knows, peers }: Hello): void {
    if (content !== this.content) throw new BakError('bad-message', `this stream is about ${this.content}`)
    if (link.isOpen) throw new BakError('bad-message', 'it said hello twice')
    Object.assign(link, { isOpen: true, knows, peers })
    this.#greet(link)
  }

  /** Tells a peer what is here, once it is known. */
  #greet(link: Link): void {
    const { artifact } = this
    if (artifact == null || !link.isOpen || link.isGreeted) return
    link.isGreeted = true
    const isSmall = this.isWhole && artifact.bytes <= MAX_WHOLE_BYTES
    if (!link.knows && isSmall && this.#body != null) {
      this.#sayWhole(link, artifact, this.#body).catch(cause => link.drop(asBakError(cause)))
      return
    }
    if (!link.knows) link.say({ type: 'listing', bytes: artifact.encoded })
    link.knows = true
    if (this.#showing != null) this.#show(link)
    else if (this.#has.size > 0) link.announce([...this.#has])
    if (artifact.chunks === 0) this.#closeIfDone(link)
  }

  async #sayWhole(link: Link, artifact: Artifact, body: Body): Promise<void> {
    const whole = await this.#init.uploads.whole(artifact, body, link.peer)
    link.say({ type: 'listing', bytes: artifact.encoded, whole })
  }

  async #onListing(link: Link, { bytes, whole }: Extract<SwarmMessage, { type: 'listing' }>): Promise<void> {
    link.knows = true
    if (this.artifact == null) {
      let artifact: Artifact
      try {
        artifact = readArtifact(bytes, this.content)
      } catch (cause) {
        return this.#ban(link, asBakError(cause).message)
      }
      await this.learn(artifact)
    }
    if (whole != null) await this.#onAll(link, whole)
  }

  /** Its listing may have come from another peer before: what is all here now needs no stream any more. */
  async #onAll(link: Link, whole: Uint8Array): Promise<void> {
    const { artifact } = this
    if (artifact == null || whole.length !== artifact.bytes) return
    for (const chunk of link.note(allOf(artifact))) this.#count(chunk, 1)
    for (let chunk = 0; chunk < artifact.chunks && !this.isWhole && !link.isGone; chunk++) {
      const at = chunk * artifact.chunkBytes
      link.owed.add(chunk)
      const part = whole.subarray(at, at + lengthOfChunk(artifact, chunk))
      await this.#onChunk(link, { type: 'chunk', chunk, bytes: part })
    }
    this.#closeIfDone(link)
  }

  async #accept(artifact: Artifact): Promise<void> {
    try {
      const { body, has } = await this.#init.onListing(artifact)
      this.#begin(artifact, body, has)
      if (this.isWhole) this.#init.onWhole?.()
    } catch (cause) {
      this.#init.onFailed?.(asBakError(cause))
    }
  }

  #onHave(link: Link, chunks: number[]): void {
    const { artifact } = this
    if (artifact != null && chunks.some(chunk => chunk >= artifact.chunks)) {
      throw new BakError('bad-message', `it has chunks beyond the ${artifact.chunks} that there are`)
    }
    for (const chunk of link.note(chunks)) {
      this.#count(chunk, 1)
      this.#showing?.arrived(link, chunk)
    }
    this.#show(link)
    this.#requests?.fill()
    this.#closeIfDone(link)
  }

  #onGet(link: Link, chunk: number): void {
    if (this.artifact == null || chunk >= this.artifact.chunks) {
      throw new BakError('bad-message', `it asks for chunk ${chunk}, which was not offered`)
    }
    link.serve(chunk)
  }

  async #serve(link: Link, chunk: number, send: (message: SwarmMessage) => Promise<void>): Promise<void> {
    const { artifact } = this
    if (artifact == null || !this.#has.has(chunk)) return send({ type: 'no', chunk })
    const asked = { artifact, peer: link.peer, chunk, bodyNow: () => this.#body }
    if (await this.#init.uploads.chunk(asked, send)) this.#sent++
  }

  async #onChunk(link: Link, { chunk, bytes }: Extract<SwarmMessage, { type: 'chunk' }>): Promise<void> {
    const { artifact } = this
    const requests = this.#requests
    const body = this.#body
    if (!link.owed.delete(chunk) || artifact == null || requests == null || body == null) {
      throw new BakError('bad-message', `it sends chunk ${chunk}, which it was not asked for`)
    }
    requests.answered(link, chunk)
    if (!isChunk(artifact, chunk, bytes)) {
      requests.fill()
      return this.#ban(link, `chunk ${chunk} from it does not have its digest`)
    }
    if (this.#has.has(chunk) || this.#writing.has(chunk)) return requests.fill()
    this.#writing.add(chunk)
    requests.got(chunk)
    requests.fill()
    try {
      await body.write(chunk, bytes)
    } catch (cause) {
      return this.#init.onFailed?.(asBakError(cause))
    } finally {
      this.#writing.delete(chunk)
    }
    this.#has.add(chunk)
    this.#init.onChunk?.(chunk, bytes.length, link.peer)
    for (const each of this.links.values()) if (each.isGreeted) each.announce([chunk])
    if (!this.isWhole) return
    this.#init.onWhole?.()
    // it may have been written when others had told already that they have all of it
    for (const each of [...this.links.values()]) this.#closeIfDone(each)
  }

  #show(link: Link): void {
    if (!link.isGreeted || link.isGone) return
    const fresh = this.#showing?.next(link, this.#sent) ?? []
    if (fresh.length > 0) link.announce(fresh)
  }

  #look(): void {
    this.#requests?.look()
    for (const link of this.links.values()) this.#show(link)
  }

  #closeIfDone(link: Link): void {
    if (this.isWhole && this.artifact != null && link.has.size >= this.artifact.chunks && link.knows) link.close()
  }

  #count(chunk: number, by: 1 | -1): void {
    if (chunk < this.#copies.length) this.#copies[chunk] = (this.#copies[chunk] as number) + by
  }

  #ban(link: Link, why: string): void {
    this.#init.onFalse?.(link.peer, why)
    link.drop(new BakError('mismatch', why))
  }

  #onGone(link: Link, why?: BakError): void {
    if (this.links.get(link.peer) === link) this.links.delete(link.peer)
    for (const chunk of link.has) this.#count(chunk, -1)
    this.#showing?.gone(link)
    this.#requests?.release(link)
    this.#requests?.fill()
    this.#init.onGone?.(link.peer, why)
  }
}

const allOf = ({ chunks }: Artifact) => [...new Array(chunks).keys()]
