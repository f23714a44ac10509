/** A server on loopback that answers requests with the bytes that a test says, however wrong they are. */
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'

export interface OddServer {
  origin: string
  port: number
  /** Connections so far. */
  connections(): number
  close(): Promise<void>
}

/** @param answer called for each request without a body, when its headers are here; `request` counts those of all connections, from 0 */
export async function oddServer(
  answer: (socket: Socket, request: number, head: string) => void,
  at = 0
): Promise<OddServer> {
  const sockets = new Set<Socket>()
  let connections = 0
  let requests = 0
  const server = createServer(socket => {
    connections++
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket)).on('error', () => {})
    let head = ''
    socket.on('data', bytes => {
      head += bytes.toString('latin1')
      if (!head.includes('\r\n\r\n')) return
      const whole = head
      head = ''
      answer(socket, requests++, whole)
    })
  }).listen(at, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const close = async () => {
    for (const socket of sockets) socket.destroy()
    server.close()
    await once(server, 'close')
  }
  return { origin: `http://127.0.0.1:${port}`, port, connections: () => connections, close }
}

export const GOOD = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
