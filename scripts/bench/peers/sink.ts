/**
 * A central sink as pbench has it: commands are published on a Redis channel, every member answers on another, and the sink
 * counts the answers; tarballs come to it by HTTP PUT, are hashed on the way and written to files. Nothing is signed.
 *
 *   sink.ts sink REDIS-PORT MEMBERS FOLDER | sink.ts member REDIS-PORT NUMBER
 */
import { createHash, randomBytes } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { Redis } from './resp.ts'
import { now, serve, within } from './role.ts'

/** Longest that a phase may take. */
const PHASE_TIMEOUT_MS = 60_000
/** Pieces in which a tarball is sent, bytes. */
const PIECE = 1024 * 1024
const COMMANDS = 'to-members'
const ANSWERS = 'from-members'

interface Command {
  seq: number
  action: 'phase' | 'send'
  /** For send: where to, and how many bytes. */
  port: number
  bytes: number
  /** Makes it as long as a command of bak. */
  directory: string
}

const piece = randomBytes(PIECE)
const [role = '', port = '', ...rest] = process.argv.slice(2)
if (role === 'sink') await sink(Number(rest[0]), rest[1] as string)
else await member(rest[0] as string)

async function sink(members: number, folder: string): Promise<void> {
  let open: { seq: number; began: number[]; closed(): void } | undefined
  const answers = await Redis.connect(Number(port), text => {
    const { seq, began } = JSON.parse(text)
    if (open?.seq !== seq) return
    open?.began.push(began)
    if (open?.began.length === members) open.closed()
  })
  await answers.command('SUBSCRIBE', ANSWERS)
  const publisher = await Redis.connect(Number(port))
  const server = createServer((incoming, response) => void take(folder, incoming, response))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  let seq = 0
  const phase = async (action: Command['action'], bytes: number) => {
    const began = performance.now()
    const over = Promise.withResolvers<void>()
    open = { seq: ++seq, began: [], closed: over.resolve }
    const command: Command = {
      seq,
      action,
      bytes,
      port: (server.address() as AddressInfo).port,
      directory: 'x'.repeat(128)
    }
    const receivers = await publisher.command('PUBLISH', COMMANDS, JSON.stringify(command))
    if (receivers !== members) throw new Error(`${receivers} of ${members} members listen`)
    await over.promise
    return { took: performance.now() - began, began: open.began }
  }
  type Question = { phases: number; action: Command['action']; bytes?: number; pause: number }
  serve(undefined, async ({ phases, action, bytes = 0, pause }: Question) => {
    const seen = []
    for (let i = 0; i < phases; i++) {
      seen.push(await within(phase(action, bytes), PHASE_TIMEOUT_MS, `${action} of the sink`))
      await new Promise(resolve => setTimeout(resolve, pause))
    }
    return seen
  })
}

async function take(folder: string, incoming: IncomingMessage, response: ServerResponse): Promise<void> {
  const hash = createHash('md5')
  incoming.on('data', data => hash.update(data))
  await pipeline(incoming, createWriteStream(join(folder, (incoming.url as string).slice(1))))
  response.end(hash.digest('hex'))
}

async function member(number: string): Promise<void> {
  const publisher = await Redis.connect(Number(port))
  const commands = await Redis.connect(Number(port), text => {
    const began = now()
    const { seq, action, bytes, port: to } = JSON.parse(text) as Command
    const answer = { seq, began, kind: 'tm', hostname: number, status: 'success', padding: 'x'.repeat(80) }
    const done = action === 'send' ? put(to, number, bytes) : Promise.resolve()
    done.then(() => publisher.command('PUBLISH', ANSWERS, JSON.stringify(answer)))
  })
  await commands.command('SUBSCRIBE', COMMANDS)
  serve(undefined, async () => undefined)
}

async function put(to: number, name: string, bytes: number): Promise<void> {
  const headers = { 'content-length': bytes, md5sum: 'x'.repeat(32) }
  const outgoing = request({ port: to, host: '127.0.0.1', path: `/${name}`, method: 'PUT', headers })
  const answered = new Promise<IncomingMessage>((resolve, reject) =>
    outgoing.once('response', resolve).once('error', reject)
  )
  await pipeline(Readable.from(pieces(bytes)), outgoing)
  await (await answered).resume().toArray()
}

function* pieces(bytes: number): Generator<Buffer> {
  for (let left = bytes; left > 0; left -= PIECE) yield left < PIECE ? piece.subarray(0, left) : piece
}
