/**
 * Bytes over a connection of iroh, as its package for Node gives it: by arrays of numbers. Without relays and discovery, so
 * that nothing leaves the machine.
 *
 *   iroh.ts PACKAGE give | iroh.ts PACKAGE take
 */
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { serve } from './role.ts'

const PROTOCOL = [...Buffer.from('bak-bench/0')]
const PIECE = 256 * 1024
const [folder = '', role = ''] = process.argv.slice(2)
const { Endpoint, EndpointAddr, EndpointId, RelayMode, presetMinimal } = (
  await import(pathToFileURL(join(folder, 'index.js')).href)
).default

const builder = Endpoint.builder()
presetMinimal(builder)
builder.alpns([PROTOCOL])
builder.relayMode(RelayMode.disabled())
// without the second it would listen on every address of the machine
for (const address of ['127.0.0.1:0', '[::1]:0']) builder.bindAddr(address)
const endpoint = await builder.bind()

if (role === 'give') give()
else take()

/** Gives to who connects what was last asked for. */
function give(): void {
  let bytes = 0
  const loop = async () => {
    for (;;) {
      const connection = await (await (await endpoint.acceptNext()).accept()).connect()
      const stream = await connection.openUni()
      const piece = Array.from({ length: PIECE }, (_, i) => i % 256)
      for (let left = bytes; left > 0; left -= PIECE) await stream.writeAll(piece)
      await stream.finish()
      await connection.closed()
    }
  }
  loop().catch(error => {
    process.stderr.write(`${error.stack}\n`)
    process.exit(1)
  })
  const address = endpoint.boundSockets().find((each: string) => each.startsWith('127.0.0.1'))
  serve({ id: endpoint.id().toString(), address }, async (question: { bytes: number }) => {
    bytes = question.bytes
  })
}

/** Answers with the ms from dialling to the last byte. */
function take(): void {
  serve(undefined, async ({ id, address, bytes }: { id: string; address: string; bytes: number }) => {
    const began = performance.now()
    const to = new EndpointAddr(EndpointId.fromString(id), null, [address])
    const connection = await endpoint.connect(to, PROTOCOL)
    const stream = await connection.acceptUni()
    for (let come = 0; come < bytes; ) come += (await stream.read(PIECE)).length
    const took = performance.now() - began
    connection.close(0n, [])
    return took
  })
}
