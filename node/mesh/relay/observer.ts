/**
 * Tells members what their sockets look like from outside. Two TCP ports, next to the daemon's own where they are free; whoever
 * comes without a token that was given to a member a moment ago is cut off, and so is who stays for long.
 */
import { randomBytes } from 'node:crypto'
import { createServer, type Server, type Socket } from 'node:net'
import { type Envelope, type Signer, seal } from '../../../protocols/envelope.ts'
import { BakError } from '../../../protocols/errors.ts'
import { addressOf, observationSubject, TOKEN_BYTES, writeLine } from '../../../protocols/observe.ts'

/** A token is good for this long, ms, and for one socket at each port. */
const TOKEN_LIFE = 10_000
/** Who has not shown a token after this is cut off, ms. */
const PATIENCE = 3_000
/** A socket holds a router's port open while its owner needs it; longer than that nobody does, ms. */
const STAY = 20_000
const MAX_SOCKETS = 512
const MAX_TOKENS = 1024
const MAX_TOKENS_OF_PEER = 16
const TOKEN_LINE = TOKEN_BYTES * 2 + 1

interface Token {
  peer: string
  /** Ports that it was shown at. */
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
   * @param beside the daemon's own port
   */
  static async open(signer: Signer, hosts: string[], beside: number): Promise<Observer> {
    const servers: Server[] = []
    const ports: number[] = []
    for (const wanted of [beside + 1, beside + 2]) {
      const first = await listen(hosts[0], wanted).catch(() => listen(hosts[0], 0))
      const { port } = first.address() as { port: number }
      ports.push(port)
      servers.push(first, ...(await Promise.all(hosts.slice(1).map(host => listen(host, port).catch(() => [])))).flat())
    }
    return new Observer(signer, servers, ports)
  }

  /** @throws {BakError} `busy` where a peer asks too often */
  admit(peer: string): Uint8Array {
    const ofPeer = [...this.#tokens.values()].filter(token => token.peer === peer).length
    if (ofPeer >= MAX_TOKENS_OF_PEER || this.#tokens.size >= MAX_TOKENS) {
      throw new BakError('busy', 'too many sockets are being observed')
    }
    const token = randomBytes(TOKEN_BYTES)
    const key = token.toString('hex')
    this.#tokens.set(key, { peer, used: new Set() })
    setTimeout(() => this.#tokens.delete(key), TOKEN_LIFE).unref()
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
    let timer = setTimeout(end, PATIENCE)
    socket.on('error', () => {})
    socket.once('close', () => {
      clearTimeout(timer)
      this.#sockets.delete(socket)
    })
    let text = ''
    socket.on('data', data => {
      text += data.toString('latin1')
      if (text.length < TOKEN_LINE && !text.includes('\n')) return
      const line = text.length === TOKEN_LINE ? this.#answer(text.slice(0, -1), socket) : undefined
      if (line == null) return end()
      text = '\0'.repeat(TOKEN_LINE)
      clearTimeout(timer)
      timer = setTimeout(end, STAY)
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

function listen(host: string | undefined, port: number): Promise<Server> {
  const server = createServer()
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    // a port too high for a neighbour is as good as none
    server.listen({ host, port: port > 65_535 ? 0 : port }, () => {
      server.off('error', reject)
      server.on('error', () => {})
      resolve(server)
    })
  })
}
