import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  directProtocol,
  type Following,
  type FromLeader,
  followDirect,
  type Leading,
  leadDirect,
  NONCE_BYTES,
  type Offer
} from '../../protocols/direct.ts'
import { BakError } from '../../protocols/errors.ts'
import { call, serve } from '../../protocols/stream.ts'
import { linkTo, newSigner, stayAwake, type TestLink } from '../helpers/streams.ts'

const test = suite('the protocol of direct connections')
const sleepAgain = stayAwake()
test.after(sleepAgain)

const nonce = new Uint8Array(NONCE_BYTES).fill(7)
const offerOf = (port: number) => ({ addresses: [`/ip4/192.0.2.7/tcp/${port}`], proofs: [] })

interface Talk {
  /** What happened, on both sides, in the order of this process. */
  log: string[]
  road: TestLink
  errors: BakError[]
  lead(more?: Partial<Leading>, signal?: AbortSignal): Promise<void>
}

function talk(more: Partial<Following> = {}, timeout = directProtocol.timeout): Talk {
  const log: string[] = []
  const errors: BakError[] = []
  const following: Following = {
    answer: async ({ addresses }) => {
      log.push(`answers ${addresses}`)
      return offerOf(2)
    },
    prepare: async () => void log.push('prepares'),
    go: async bytes => void log.push(`follower goes ${bytes[0]}`),
    ...more
  }
  const protocol = { ...directProtocol, timeout }
  const made = linkTo(
    serve(
      protocol,
      (first: FromLeader, exchange) => followDirect(first, exchange, following),
      error => errors.push(error)
    ),
    newSigner().peer
  )
  return {
    log,
    errors,
    road: made,
    lead: (act = {}, signal = AbortSignal.timeout(20_000)) =>
      leadDirect(
        made.open,
        Promise.resolve(offerOf(1)),
        nonce,
        {
          weigh: ({ addresses }: Offer) => {
            log.push(`weighs ${addresses}`)
            return true
          },
          go: async bytes => void log.push(`leader goes ${bytes[0]}`),
          ...act
        },
        { signal }
      )
  }
}

async function failure(work: Promise<unknown>): Promise<BakError> {
  try {
    await work
  } catch (error) {
    return error as BakError
  }
  throw new Error('nothing was thrown')
}

async function until(fits: () => boolean): Promise<void> {
  for (const late = Date.now() + 10_000; !fits(); await new Promise(resolve => setTimeout(resolve, 5))) {
    if (Date.now() > late) throw new Error('it did not happen within 10 s')
  }
}

test('both get the other’s offer, and punch when both are ready', async () => {
  const { lead, log } = talk()
  await lead()
  await until(() => log.length === 5)
  assert.equal(log.slice(0, 3), ['answers /ip4/192.0.2.7/tcp/1', 'weighs /ip4/192.0.2.7/tcp/2', 'prepares'])
  assert.equal(log.slice(3).sort(), ['follower goes 7', 'leader goes 7'])
})

test('a leader with a direct connection ends it before either punches', async () => {
  const { lead, log, errors } = talk()
  await lead({ weigh: () => false })
  await new Promise(resolve => setTimeout(resolve, 100))
  assert.equal(log, ['answers /ip4/192.0.2.7/tcp/1'])
  assert.equal(errors, [])
})

test('an error of the follower reaches the leader with its code', async () => {
  const why = new BakError('unreachable', 'both routers give each destination a port of its own')
  const { lead } = talk({
    prepare: async () => {
      throw why
    }
  })
  const { code, message } = await failure(lead())
  assert.equal([code, message], [why.code, why.message])
})

const bad: Array<[title: string, messages: object[], code: string, message: RegExp]> = [
  ['a leader that does not begin with an offer', [{ type: 'go' }], 'bad-message', /expected offer, got go/],
  [
    'an offer in place of ready',
    [
      { type: 'offer', ...offerOf(1) },
      { type: 'offer', ...offerOf(1) }
    ],
    'bad-message',
    /expected ready/
  ],
  [
    'a nonce that is too short',
    [
      { type: 'offer', ...offerOf(1) },
      { type: 'ready', nonce: new Uint8Array(3) }
    ],
    'bad-message',
    /nonce/
  ],
  [
    'more addresses than a peer can have',
    [{ type: 'offer', addresses: Array.from({ length: 17 }, () => '/ip4/192.0.2.7/tcp/1'), proofs: [] }],
    'bad-message',
    /addresses/
  ]
]
for (const [title, messages, code, message] of bad) {
  test(`${title} is refused by name`, async () => {
    const { road } = talk()
    const exchange = await call(road.open, { ...directProtocol, request: directProtocol.request })
    const error = await failure(
      (async () => {
        for (const each of messages) await exchange.send(each as FromLeader)
        for (;;) if ((await exchange.receive()) === undefined) throw new Error('it ended in order')
      })()
    )
    assert.is(error.code, code)
    assert.match(error.message, message)
  })
}

test('an answer of another type is refused by the leader, which does not punch', async () => {
  const log: string[] = []
  const made = linkTo(
    serve(directProtocol, async function* () {
      yield { type: 'ready' as const }
    }),
    newSigner().peer
  )
  const act = { weigh: () => true, go: async () => void log.push('goes') }
  const options = { signal: AbortSignal.timeout(10_000) }
  const error = await failure(leadDirect(made.open, Promise.resolve(offerOf(1)), nonce, act, options))
  assert.is(error.code, 'bad-message')
  assert.equal(log, [])
})

test('a silent leader is given up after the timeout of the protocol', async () => {
  const { road, errors } = talk({}, 200)
  const exchange = await call(road.open, directProtocol)
  await exchange.send({ type: 'offer', ...offerOf(1) })
  assert.is((await exchange.receive())?.type, 'offer')
  await until(() => errors.length > 0)
  assert.is(errors[0]?.code, 'timeout')
})

test('a leader that gives up ends the follower’s work, too', async () => {
  let aborted = false
  const { lead, road } = talk({
    answer: () =>
      new Promise((_, reject) => {
        road.streams[0]?.cut()
        aborted = true
        reject(new BakError('unreachable', 'cut'))
      })
  })
  const error = await failure(lead())
  assert.is(error.code, 'unreachable')
  assert.ok(aborted)
})

test('a leader whose signal aborts stops waiting, with its reason', async () => {
  const control = new AbortController()
  const reason = new BakError('interrupted', 'there is a direct connection')
  const { lead } = talk({ answer: () => new Promise(() => setTimeout(() => control.abort(reason), 50)) })
  assert.is((await failure(lead({}, control.signal))).message, reason.message)
})

test.run()
