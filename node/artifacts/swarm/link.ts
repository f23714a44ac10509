/** One stream with one peer about one content: what that peer has, what it was asked for, and what it asks for, in bounded queues. */
import { BakError } from '../../../protocols/errors.ts'
import { MAX_ASKED, MAX_CHUNKS, type SwarmMessage } from '../../../protocols/swarm.ts'

/** Chunks that are told of together: some come at once, ms. */
const TELL_AFTER_MS = 10
/** Of these two kinds, an honest peer says each chunk once. */
const MAX_HAVE = 2 * MAX_CHUNKS

/** Either end of a stream. */
export interface Line {
  send(message: SwarmMessage): Promise<void>
  receive(): Promise<SwarmMessage | undefined>
  close(): void
  abort(error: Error): void
}

interface LinkInit {
  peer: string
  line: Line
  /** This side opened the stream. */
  isOwn: boolean
  /** Handles one message; the next is read when it has. What it throws ends the stream. */
  onMessage(link: Link, message: SwarmMessage): void | Promise<void>
  /** Does `send` with a chunk that the peer asked for, or with `no`. */
  onServe(link: Link, chunk: number, send: (message: SwarmMessage) => Promise<void>): Promise<void>
  /** @param why undefined for an orderly end */
  onGone(link: Link, why?: BakError): void
}

export class Link {
  readonly peer: string
  readonly isOwn: boolean
  /** Chunks that the peer has, as far as it says. */
  readonly has = new Set<number>()
  /** Chunks that it was asked for, and when; ms of a monotonic clock. */
  readonly asked = new Map<number, number>()
  /** Chunks that it was asked for at any time, and has not sent. */
  readonly owed = new Set<number>()
  /** Chunks that it was shown and does not have yet. */
  readonly shown = new Set<number>()
  /** It has the listing. */
  knows = false
  /** It said hello. */
  isOpen = false
  /** The listing and what is here were told. */
  isGreeted = false
  /** It was silent while it was asked for something: it is asked for nothing more until it speaks. */
  isSilent = false
  /** It gets nothing from other peers, as far as can be seen. */
  isAlone = false
  /** Peers that it means to get the content from. */
  peers = 0
  /** When it last said something, and when it last had something new; ms of a monotonic clock. */
  heard = performance.now()
  grew = performance.now()
  isGone = false
  readonly #init: LinkInit
  readonly #messages: SwarmMessage[] = []
  /** Chunks to be told of. */
  #fresh: number[] = []
  #tell: NodeJS.Timeout | undefined
  /** Chunks that the peer asked for. */
  readonly #requests: number[] = []
  #counted = 0
  #wake = Promise.withResolvers<void>()

  constructor(init: LinkInit) {
    this.#init = init
    this.peer = init.peer
    this.isOwn = init.isOwn
  }

  start(): void {
    const fail = (cause: unknown) => this.drop(cause as BakError)
    this.#read().catch(fail)
    this.#write().catch(fail)
  }

  say(message: SwarmMessage): void {
    this.#messages.push(message)
    this.#wake.resolve()
  }

  /** Tells the peer of chunks that it may ask for. */
  announce(chunks: number[]): void {
    this.#fresh.push(...chunks)
    this.#tell ??= setTimeout(() => {
      this.#tell = undefined
      this.#wake.resolve()
    }, TELL_AFTER_MS).unref()
  }

  ask(chunk: number, now: number): void {
    if (this.asked.size === 0) this.heard = now
    this.asked.set(chunk, now)
    this.owed.add(chunk)
    this.say({ type: 'get', chunk })
  }

  /** @throws {BakError} `bad-message` for more than anybody needs to say @returns those that are news */
  note(chunks: number[]): number[] {
    this.#counted += chunks.length
    if (this.#counted > MAX_HAVE) throw new BakError('bad-message', 'it says more often what it has than it has chunks')
    const news = chunks.filter(each => !this.has.has(each))
    for (const each of news) this.has.add(each)
    if (news.length > 0) this.grew = performance.now()
    return news
  }

  /** @throws {BakError} `bad-message` if it asks for more than it may */
  serve(chunk: number): void {
    if (this.#requests.length >= MAX_ASKED)
      throw new BakError('bad-message', `it asks for more than ${MAX_ASKED} chunks`)
    this.#requests.push(chunk)
    this.#wake.resolve()
  }

  /** Nothing more is to be said, and nothing to be heard. */
  close(): void {
    if (this.isGone) return
    this.#end()
    this.#init.line.close()
    this.#init.onGone(this)
  }

  drop(why: BakError): void {
    if (this.isGone) return
    this.#end()
    this.#init.line.abort(why)
    this.#init.onGone(this, why)
  }

  #end(): void {
    this.isGone = true
    clearTimeout(this.#tell)
    this.#wake.resolve()
  }

  async #read(): Promise<void> {
    const { line, onMessage } = this.#init
    for (let next = await line.receive(); next !== undefined; next = await line.receive()) {
      this.heard = performance.now()
      this.isSilent = false
      if (this.isGone) return
      await onMessage(this, next)
    }
    this.close()
  }

  async #write(): Promise<void> {
    const { line, onServe } = this.#init
    while (!this.isGone) {
      this.#wake = Promise.withResolvers()
      const message = this.#messages.shift() ?? this.#news()
      const request = message == null ? this.#requests.shift() : undefined
      if (message != null) await line.send(message)
      else if (request != null) await onServe(this, request, each => line.send(each))
      else await this.#wake.promise
    }
  }

  #news(): SwarmMessage | undefined {
    if (this.#fresh.length === 0 || this.#tell != null) return undefined
    const chunks = this.#fresh
    this.#fresh = []
    return { type: 'have', chunks }
  }
}
