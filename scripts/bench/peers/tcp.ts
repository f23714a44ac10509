/**
 * Bytes over a plain TCP connection between two processes of Node: what no transfer of Node can be faster than. They come
 * from memory and go nowhere.
 *
 *   tcp.ts give [HOST] | tcp.ts take PORT [HOST]
 */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { serve } from './role.ts'

const MIB = 2 ** 20
const [role = '', ...words] = process.argv.slice(2)
const LOOPBACK = '127.0.0.1'

if (role === 'give') {
  let mib = 0
  const server = createServer({ noDelay: true }, async socket => {
    const piece = Buffer.alloc(MIB, 7)
    for (let i = 0; i < mib; i++) if (!socket.write(piece)) await once(socket, 'drain')
    socket.end()
  })
  server.listen(0, words[0] ?? LOOPBACK)
  await once(server, 'listening')
  serve((server.address() as AddressInfo).port, async (question: { mib: number }) => {
    mib = question.mib
  })
} else {
  const [port, host = LOOPBACK] = words
  /** @returns ms from the connection to the last byte */
  serve(undefined, async ({ mib }: { mib: number }) => {
    const began = performance.now()
    const socket = connect({ port: Number(port), host })
    let bytes = 0
    for await (const data of socket) bytes += (data as Buffer).length
    if (bytes !== mib * MIB) throw new Error(`${bytes} bytes came, not ${mib} MiB`)
    return performance.now() - began
  })
}
