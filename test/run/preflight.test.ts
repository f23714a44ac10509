import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { answerEcho, preflight } from '../../node/run/preflight.ts'
import { type Echoed, echoProtocol } from '../../protocols/echo.ts'
import { BakError } from '../../protocols/errors.ts'
import { type Handler, type Opener, serve } from '../../protocols/stream.ts'
import { linkTo, newSigner, stayAwake } from '../helpers/streams.ts'

const flight = suite('preflight')
flight.after(stayAwake())
const { peer: controller } = newSigner()

const answering = (handler: Handler<Echoed, Echoed> = answerEcho): Opener =>
  linkTo(serve(echoProtocol, handler), controller).open
const unreachable: Opener = async () => {
  throw new BakError('unreachable', 'there is no way to it')
}
/** A way that is open, and on which nothing comes back. */
const blackHole = answering(async function* (_, { signal }) {
  yield* [] as Echoed[]
  await new Promise(resolve => signal.addEventListener('abort', resolve))
})

function fly(ways: Record<string, Opener>, timeoutMs: number, signal = new AbortController().signal) {
  const waited: number[] = []
  const silent = preflight({
    peers: Object.keys(ways),
    timeoutMs,
    to: peer => ways[peer] as Opener,
    signal,
    onWaiting: answered => void waited.push(answered)
  })
  return { silent, waited }
}

flight('where all answer nobody is silent, and it takes a moment', async () => {
  const { silent, waited } = fly({ a: answering(), b: answering() }, 60_000)
  assert.equal(await silent, [])
  assert.equal(waited, [])
})

flight('nobody to ask is nobody silent', async () => {
  assert.equal(await fly({}, 60_000).silent, [])
})

flight(
  'who does not answer is named with what went wrong, when the time is over; the others are asked once',
  async () => {
    let asked = 0
    const once = answering(async function* (first) {
      asked++
      yield first
    })
    const began = performance.now()
    const { silent, waited } = fly({ a: once, away: unreachable, hole: blackHole }, 1_500)
    const found = await silent
    assert.ok(performance.now() - began >= 1_490)
    assert.equal(
      found.map(({ peer }) => peer),
      ['away', 'hole']
    )
    assert.match(found[0]?.why ?? '', /no way to it/)
    assert.ok((found[1]?.why ?? '').length > 0)
    assert.equal([asked, waited], [1, [1]])
  }
)

flight('who answers at a later try is not silent', async () => {
  let tries = 0
  const late: Opener = async (...words) => (++tries < 3 ? unreachable(...words) : answering()(...words))
  assert.equal(await fly({ late }, 30_000).silent, [])
  assert.is(tries, 3)
})

flight('a way that changes what is said is none', async () => {
  const liar = answering(async function* ({ bytes }) {
    yield { bytes: bytes.map((byte, i) => (i === 7 ? byte ^ 1 : byte)) }
  })
  const [found] = await fly({ liar }, 500).silent
  assert.match(found?.why ?? '', /differs from the bytes/)
})

flight('a run that is cancelled waits for nobody', async () => {
  const cancelled = new AbortController()
  const { silent } = fly({ hole: blackHole }, 60_000, cancelled.signal)
  cancelled.abort(new BakError('cancelled', 'enough'))
  const error = await silent.then(
    () => undefined,
    cause => cause
  )
  assert.is(error?.code, 'cancelled')
})
flight.run()
