/**
 * The floor of Node: a hub and its members over plain TCP, without encryption, framing or gossip. Each command is signed by
 * the hub and verified by every member, each answer is signed by its member and verified by the hub, as in bak.
 *
 *   star.ts hub MEMBERS | star.ts member PORT
 */
import { createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { now, serve, within } from './role.ts'

/** Bytes of a command and of an answer, about those of bak, each followed by its signature. */
const COMMAND = 264
const ANSWER = 180
const SIGNATURE = 64
/** Longest that a phase may take. */
const PHASE_TIMEOUT_MS = 60_000

const [role = '', argument = ''] = process.argv.slice(2)
if (role === 'hub') await hub(Number(argument))
else await member(Number(argument))

interface Line {
  socket: Socket
  key: KeyObject
}

interface Open {
  seq: number
  began: number[]
  closed(): void
}

async function hub(members: number): Promise<void> {
  const { privateKey, publicKey } = pair()
  const lines: Line[] = []
  const all = Promise.withResolvers<void>()
  let open: Open | undefined
  const server = createServer({ noDelay: true }, socket => {
    socket.on('error', () => {})
    socket.write(padded(publicKey.export({ type: 'spki', format: 'der' }), COMMAND + SIGNATURE))
    let line: Line | undefined
    frames(socket, ANSWER + SIGNATURE, frame => {
      // the first frame is the member's key
      if (line == null) {
        line = { socket, key: keyOf(frame) }
        if (lines.push(line) === members) all.resolve()
        return
      }
      const body = frame.subarray(0, ANSWER)
      if (open == null || body.readUInt32LE(0) !== open.seq) return
      if (!verify(null, body, line.key, frame.subarray(ANSWER))) throw new Error('a bad signature')
      open.began.push(body.readDoubleLE(4))
      if (open.began.length === members) open.closed()
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  let seq = 0
  const phase = async () => {
    const began = performance.now()
    const over = Promise.withResolvers<void>()
    open = { seq: ++seq, began: [], closed: over.resolve }
    const body = Buffer.alloc(COMMAND)
    body.writeUInt32LE(seq)
    const frame = Buffer.concat([body, sign(null, body, privateKey)])
    for (const { socket } of lines) socket.write(frame)
    await over.promise
    return { took: performance.now() - began, began: open.began }
  }
  serve((server.address() as AddressInfo).port, async ({ phases, pause }: { phases: number; pause: number }) => {
    const seen = []
    // a member is ready when it has said its key, not when the hub has read it
    await within(all.promise, PHASE_TIMEOUT_MS, 'members of the star')
    for (let i = 0; i < phases; i++) {
      seen.push(await within(phase(), PHASE_TIMEOUT_MS, 'a phase of the star'))
      await new Promise(resolve => setTimeout(resolve, pause))
    }
    return seen
  })
}

async function member(port: number): Promise<void> {
  const { privateKey, publicKey } = pair()
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject))
  socket.write(padded(publicKey.export({ type: 'spki', format: 'der' }), ANSWER + SIGNATURE))
  let hubKey: KeyObject | undefined
  frames(socket, COMMAND + SIGNATURE, frame => {
    if (hubKey == null) {
      hubKey = keyOf(frame)
      return
    }
    const body = frame.subarray(0, COMMAND)
    if (!verify(null, body, hubKey, frame.subarray(COMMAND))) throw new Error('a bad signature')
    const answer = Buffer.alloc(ANSWER)
    answer.writeUInt32LE(body.readUInt32LE(0))
    answer.writeDoubleLE(now(), 4)
    socket.write(Buffer.concat([answer, sign(null, answer, privateKey)]))
  })
  serve(undefined, async () => undefined)
}

function pair() {
  return generateKeyPairSync('ed25519')
}

/** Calls back for each `length` bytes. */
function frames(socket: Socket, length: number, onFrame: (frame: Buffer) => void): void {
  let rest: Buffer = Buffer.alloc(0)
  socket.on('data', (data: Buffer) => {
    rest = rest.length === 0 ? data : Buffer.concat([rest, data])
    for (; rest.length >= length; rest = rest.subarray(length)) onFrame(rest.subarray(0, length))
  })
}

function padded(bytes: Buffer, length: number): Buffer {
  return Buffer.concat([Buffer.from([bytes.length]), bytes, Buffer.alloc(length - 1 - bytes.length)])
}

function keyOf(frame: Buffer): KeyObject {
  const key = frame.subarray(1, 1 + (frame[0] as number))
  return createPublicKey({ key: Buffer.from(key), type: 'spki', format: 'der' })
}
