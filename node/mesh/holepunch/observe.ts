/** Opens a port, and asks relays for its public endpoint. The sockets stay open, so that the router keeps its mapping. */
import type { Socket } from 'node:net'
import type { Envelope } from '../../../protocols/envelope.ts'
import { asBakError, BakError } from '../../../protocols/errors.ts'
import { type Endpoint, MAX_LINE_BYTES, observeProtocol, openProof, readProof } from '../../../protocols/observe.ts'
import { askOne, type Opener } from '../../../protocols/stream.ts'
import { connectFrom, randomPorts } from './local-port.ts'

/** A random port may be in use. */
const MAX_TRIES = 3

/** A relay, and the host at which this peer is connected with it. */
export interface ObservingRelay {
  host: string
  open: Opener
}

export interface ObservedPort {
  localPort: number
  proofs: Envelope[]
  endpoints: Endpoint[]
  /** Closes the sockets. */
  release(): void
}

/**
 * Observes a port twice: by two relays, or by two ports of one.
 * @throws {BakError} `unreachable` without a relay that observes
 */
export async function observePort(self: string, relays: ObservingRelay[], signal: AbortSignal): Promise<ObservedPort> {
  const asked = await Promise.all(relays.slice(0, 2).map(relay => targetsOf(relay, signal)))
  const targets = asked.every(each => each.length > 0)
    ? asked.map((each, i) => each[i % 2]).filter(each => each != null)
    : asked.flat()
  const both = targets.length === 1 ? asked.flat() : targets
  if (both.length === 0) throw new BakError('unreachable', 'no relay observes ports')
  for (let i = 1; ; i++) {
    try {
      return await observeFrom(self, both, signal)
    } catch (cause) {
      if (i >= MAX_TRIES || signal.aborted) throw asBakError(cause)
    }
  }
}

interface Target extends Endpoint {
  token: Uint8Array
}

/** @returns two, or none where the relay does not answer */
async function targetsOf({ host, open }: ObservingRelay, signal: AbortSignal): Promise<Target[]> {
  try {
    const { token, ports } = await askOne(open, observeProtocol, {}, { signal })
    return ports.map(port => ({ host, port, token }))
  } catch {
    return []
  }
}

async function observeFrom(self: string, targets: Target[], signal: AbortSignal): Promise<ObservedPort> {
  const [localPort] = randomPorts(1) as [number]
  const sockets: Socket[] = []
  const release = () => {
    for (const socket of sockets) socket.destroy()
  }
  try {
    const proofs = await Promise.all(
      targets.map(async target => {
        const socket = connectFrom(localPort, target)
        sockets.push(socket)
        return readProof(await ask(socket, target.token, signal))
      })
    )
    return { localPort, proofs, endpoints: proofs.map(proof => openProof(proof, self).endpoint), release }
  } catch (error) {
    release()
    throw error
  }
}

/** @returns the observer's line, without its newline */
function ask(socket: Socket, token: Uint8Array, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const fail = (error?: Error) => reject(error ?? new BakError('unreachable', 'the observer closed the connection'))
    const onAbort = () => fail(asBakError(signal.reason))
    signal.addEventListener('abort', onAbort, { once: true })
    if (signal.aborted) onAbort()
    let text = ''
    socket.on('error', fail)
    socket.once('close', () => {
      signal.removeEventListener('abort', onAbort)
      fail()
    })
    socket.on('data', data => {
      text += data.toString('latin1')
      if (text.endsWith('\n')) resolve(text.trimEnd())
      else if (text.length > MAX_LINE_BYTES) fail(new BakError('bad-message', 'the line of an observer is too long'))
    })
    socket.write(`${Buffer.from(token).toString('hex')}\n`)
  })
}
