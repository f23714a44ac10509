/**
 * The relay's end of an observation (`protocols/observe.ts`): two TCP ports, next to the daemon's own where they are free, that
 * tell a member its public endpoint. A socket without a recent token is closed, and one that stays for too long.
 */
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { type Envelope, type Signer, seal } from '../../../protocols/envelope.ts'
import { BakError } from '../../../protocols/errors.ts'
import { addressOf, observationSubject, TOKEN_BYTES, writeLine } from '../../../protocols/observe.ts'

/** A token is valid for this time, and for one socket at each port. */
const TOKEN_LIFETIME_MS = 10_000
/** Time to send a token. */
const TOKEN_TIMEOUT_MS = 3_000
/** An open socket keeps the mapping of its owner's router; no attempt at a direct connection takes longer than this. */
const MAX_SOCKET_LIFETIME_MS = 20_000
const MAX_SOCKETS = 512
const MAX_TOKENS = 1024
const MAX_TOKENS_OF_PEER = 16
/** A token in hex, and a newline. */
const TOKEN_LINE_LENGTH = TOKEN_BYTES * 2 + 1

interface Token {
  peer: string
  /** Ports at which it was used. */
  used: Set<number>
}

export class Observer {
  readonly #signer: Signer
  readonly #servers: Server[]
  readonly #tokens = new Map<string, Token>()
  readonly #sockets = new Set<Socket>()
  readonly ports: number[]

  private constructor(signer: Signer, servers: Server[], ports: number[]) {
    this.#signer = signer
    this.#servers = servers
    this.ports = ports
    for (const server of servers) {
      server.maxConnections = MAX_SOCKETS
      server.on('connection', socket => this.#serve(socket))
    }
  }

  /**
   * @param hosts where the daemon listens
   * @param port the daemon's own
   */
  static async open(signer: Signer, hosts: string[], port: number): Promise<Observer> {
    const servers: Server[] = []
    const ports: number[] = []
    for (const wanted of [port + 1, port + 2]) {
      const first = await listen(hosts[0], wanted).catch(() => listen(hosts[0], 0))
      const { port: taken } = first.address() as { port: number }
      ports.push(taken)
      servers.push(
        first,
        ...(await Promise.all(hosts.slice(1).map(host => listen(host, taken).catch(() => [])))).flat()
      )
    }
    return new Observer(signer, servers, ports)
  }

  /** @returns a token for the peer; @throws {BakError} `busy` where it asks too often */
  issueToken(peer: string): Uint8Array {
    const ofPeer = [...this.#tokens.values()].filter(token => token.peer === peer).length
    if (ofPeer >= MAX_TOKENS_OF_PEER || this.#tokens.size >= MAX_TOKENS) {
      throw new BakError('busy', 'too many observations at once')
    }
    const token = randomBytes(TOKEN_BYTES)
    const key = token.toString('hex')
    this.#tokens.set(key, { peer, used: new Set() })
    setTimeout(() => this.#tokens.delete(key), TOKEN_LIFETIME_MS).unref()
    return new Uint8Array(token)
  }

  close(): void {
    for (const server of this.#servers) server.close()
    for (const socket of this.#sockets) socket.destroy()
    this.#tokens.clear()
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket)
    const end = () => void socket.destroy()
    let timer = setTimeout(end, TOKEN_TIMEOUT_MS)
    socket.on('error', () => {})
    socket.once('close', () => {
      clearTimeout(timer)
      this.#sockets.delete(socket)
    })
    let text = ''
    socket.on('data', data => {
      text += data.toString('latin1')
      if (text.length < TOKEN_LINE_LENGTH && !text.includes('\n')) return
      const line = text.length === TOKEN_LINE_LENGTH ? this.#answer(text.slice(0, -1), socket) : undefined
      if (line == null) return end()
      text = '\0'.repeat(TOKEN_LINE_LENGTH)
      clearTimeout(timer)
      timer = setTimeout(end, MAX_SOCKET_LIFETIME_MS)
      socket.write(line)
    })
  }

  #answer(key: string, { localPort = 0, remoteAddress = '', remotePort = 0 }: Socket): string | undefined {
    const token = this.#tokens.get(key)
    if (token == null || token.used.has(localPort)) return undefined
    token.used.add(localPort)
    const seen = { host: remoteAddress.replace(/^::ffff:/, ''), port: remotePort }
    const proof: Envelope = seal(observationSubject, { peer: token.peer, address: addressOf(seen) }, this.#signer)
    return writeLine(seen, proof)
  }
}

async function listen(host: string | undefined, port: number): Promise<Server> {
  const server = createServer()
  // above the highest port any other does
  server.listen({ host, port: port > 65_535 ? 0 : port })
  await once(server, 'listening')
  return server.on('error', () => {})
}
