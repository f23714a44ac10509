/** The controller's end of the load stream: order, repeats after a break, who is refused, and what cannot be counted. */
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createLog } from '../../../node/log.ts'
import { type LoadHandlers, type LoadMessage, LoadStreamServer } from '../../../node/run/load/load-stream-server.ts'
import { BakError } from '../../../protocols/errors.ts'
import { call, type Handler, serve } from '../../../protocols/stream.ts'
import { type FromLoader, loadStreamProtocol, type ToLoader } from '../../../protocols/tasks/load-stream.ts'
import { BYTES_A_SAMPLE } from '../../../protocols/tasks/sample-block.ts'
import { linkTo, newSigner, stayAwake, type TestLink } from '../../helpers/streams.ts'

const streams = suite("the controller's end of load streams")
streams.after(stayAwake())

const run = '20261201T010203-abcdef'
const { peer } = newSigner()
const step = { number: 1, name: 'default', sample: 1 }
const block = (seq: number, samples = 1): FromLoader => ({
  ...{ type: 'samples', seq, step, element: 1, task: 't', samples, kinds: [], unit: 'ops' },
  columns: new Uint8Array(samples * BYTES_A_SAMPLE)
})
const open = (session = 1): FromLoader => ({ type: 'open', run, session: String(session).padStart(16, '0') })

interface World {
  link: TestLink
  server: LoadStreamServer
  taken: number[]
  unreadable: string[]
}

async function world(handlers: Partial<LoadHandlers> = {}): Promise<World> {
  let handler: Handler<FromLoader, ToLoader> | undefined
  const server = new LoadStreamServer(
    {
      streams: {
        serve: async (_, given) => {
          handler = given as never
        }
      }
    },
    { log: createLog('error', () => {}) }
  )
  await server.start()
  const made = { taken: [] as number[], unreadable: [] as string[] }
  server.open(run, {
    admits: () => true,
    take: (_, message: LoadMessage) => void ('seq' in message && made.taken.push(message.seq)),
    onUnreadable: (_, why) => void made.unreadable.push(why.message),
    ...handlers
  })
  const link = linkTo(serve(loadStreamProtocol, handler as Handler<FromLoader, ToLoader>), peer)
  return { ...made, server, link }
}

/** Sends messages on a new stream. @returns the numbers that were said to be taken, and why it ended */
async function exchange({ link }: World, messages: FromLoader[]): Promise<{ told: number[]; why?: string }> {
  const told: number[] = []
  try {
    const stream = await call(link.open, loadStreamProtocol)
    for (const each of messages) await stream.send(each)
    await stream.close()
    for await (const { seq } of stream) told.push(seq)
    return { told }
  } catch (error) {
    return { told, why: (error as BakError).code }
  }
}

streams('takes each message once and in order, and says so', async () => {
  const made = await world()
  assert.equal(await exchange(made, [open(), block(1), block(2), block(3)]), { told: [0, 1, 2, 3] })
  assert.equal(made.taken, [1, 2, 3])
})

streams('a message that comes again on the next stream is not counted again', async () => {
  const made = await world()
  await exchange(made, [open(), block(1), block(2)])
  assert.equal(await exchange(made, [open(), block(2), block(3)]), { told: [2, 3] })
  assert.equal(made.taken, [1, 2, 3])
})

streams('numbers begin anew with a new driver, and not with one that was there before', async () => {
  const made = await world()
  await exchange(made, [open(1), block(1), block(2)])
  assert.equal((await exchange(made, [open(2), block(1)])).told, [0, 1])
  assert.equal((await exchange(made, [open(1), block(1), block(3)])).told, [2, 3])
  assert.equal(made.taken, [1, 2, 1, 3])
})

streams('a message that is missing ends the stream, and what comes behind it is not counted', async () => {
  const made = await world()
  assert.equal((await exchange(made, [open(), block(1), block(3)])).why, 'bad-message')
  assert.equal(made.taken, [1])
})

streams('peers without clients, and runs that take no samples, are refused', async () => {
  const stranger = await world({ admits: () => false })
  assert.is((await exchange(stranger, [open(), block(1)])).why, 'not-on-roster')
  const over = await world()
  over.server.close(run)
  assert.is((await exchange(over, [open(), block(1)])).why, 'no-such-run')
  assert.is((await exchange(await world(), [block(1)])).why, 'bad-message')
})

streams('what cannot be counted ends the stream and is told of, and is not taken', async () => {
  const made = await world({
    take: () => {
      throw new BakError('bad-message', 'no times')
    }
  })
  assert.equal(await exchange(made, [open(), block(1)]), { told: [0], why: 'bad-message' })
  assert.equal(made.unreadable, ['no times'])
  assert.equal((await exchange(made, [open()])).told, [0])
})

streams('an older stream of the same member counts no more', async () => {
  const made = await world()
  const first = await call(made.link.open, loadStreamProtocol)
  await first.send(open())
  await first.receive()
  await exchange(made, [open(), block(1)])
  await first.send(block(2))
  assert.is(await first.receive().catch(error => error.code), 'interrupted')
  assert.equal(made.taken, [1])
})

streams('over links that are cut at any time each message counts once', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 30 }),
      fc.array(fc.integer({ min: 0, max: 3_000 }), { maxLength: 6 }),
      async (count, cuts) => {
        const made = await world()
        let left = cuts.shift()
        made.link.onSend = (piece, stream) => {
          if (left == null) return piece
          left -= piece.byteLength
          if (left > 0) return piece
          left = cuts.shift()
          stream.cut()
          return undefined
        }
        let taken = 0
        for (let attempt = 0; taken < count && attempt < 20; attempt++) taken = await bring(made.link, count)
        assert.equal(
          made.taken,
          Array.from({ length: count }, (_, i) => i + 1)
        )
      }
    ),
    { numRuns: 30 }
  )
})

/** As a member does: what is not said to be taken is sent on this stream. @returns what is taken at its end */
async function bring(link: TestLink, count: number): Promise<number> {
  let taken = 0
  try {
    const stream = await call(link.open, loadStreamProtocol)
    await stream.send(open())
    taken = (await stream.receive())?.seq ?? 0
    for (let seq = taken + 1; seq <= count; seq++) await stream.send(block(seq))
    await stream.close()
    for await (const { seq } of stream) taken = seq
  } catch {
    // the next stream goes on
  }
  return taken
}

streams.run()
