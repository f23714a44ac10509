/** What Redis speaks, as much as is needed: commands go out, answers and messages come in. */
import { connect, type Socket } from 'node:net'

export type Reply = string | number | null | Reply[]

export class Redis {
  readonly #socket: Socket
  readonly #waiting: Array<{ resolve(reply: Reply): void; reject(error: Error): void }> = []
  readonly #onMessage: (text: string) => void
  #rest: Buffer = Buffer.alloc(0)

  private constructor(socket: Socket, onMessage: (text: string) => void) {
    this.#socket = socket
    this.#onMessage = onMessage
    socket.on('data', (data: Buffer) => this.#read(data))
    socket.on('error', error => {
      for (const { reject } of this.#waiting.splice(0)) reject(error)
    })
  }

  /** @param onMessage gets what is published on the channels that `SUBSCRIBE` names */
  static async connect(port: number, onMessage: (text: string) => void = () => {}): Promise<Redis> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject))
    return new Redis(socket, onMessage)
  }

  /** @throws {Error} what Redis says of it */
  command(...words: Array<string | number>): Promise<Reply> {
    this.#socket.write(encode(words))
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }))
  }

  close(): void {
    this.#socket.destroy()
  }

  #read(data: Buffer): void {
    this.#rest = this.#rest.length === 0 ? data : Buffer.concat([this.#rest, data])
    let at = 0
    for (let found = parse(this.#rest, 0); found != null; found = parse(this.#rest, at)) {
      at = found.next
      this.#settle(found.reply)
    }
    this.#rest = this.#rest.subarray(at)
  }

  #settle(reply: Reply | Error): void {
    if (Array.isArray(reply) && reply[0] === 'message') return this.#onMessage(String(reply[2]))
    const waiting = this.#waiting.shift()
    if (reply instanceof Error) waiting?.reject(reply)
    else waiting?.resolve(reply)
  }
}

export function encode(words: Array<string | number>): string {
  const bulks = words.map(word => `$${Buffer.byteLength(String(word))}\r\n${word}\r\n`)
  return `*${words.length}\r\n${bulks.join('')}`
}

/** @returns one reply and where the next begins; undefined where it is not whole yet */
export function parse(bytes: Buffer, at: number): { reply: Reply | Error; next: number } | undefined {
  const end = bytes.indexOf('\r\n', at)
  if (end < 0) return undefined
  const type = String.fromCharCode(bytes[at] as number)
  const head = bytes.toString('utf8', at + 1, end)
  const next = end + 2
  if (type === '+') return { reply: head, next }
  if (type === ':') return { reply: Number(head), next }
  if (type === '-') return { reply: new Error(`redis: ${head}`), next }
  const length = Number(head)
  if (length < 0) return { reply: null, next }
  if (type === '$') {
    if (bytes.length < next + length + 2) return undefined
    return { reply: bytes.toString('utf8', next, next + length), next: next + length + 2 }
  }
  return parseArray(bytes, next, length)
}

function parseArray(bytes: Buffer, from: number, length: number): { reply: Reply; next: number } | undefined {
  const reply: Reply[] = []
  let next = from
  while (reply.length < length) {
    const found = parse(bytes, next)
    if (found == null) return undefined
    reply.push(found.reply as Reply)
    next = found.next
  }
  return { reply, next }
}
