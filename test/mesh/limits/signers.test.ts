import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { PASSED_ON, PASSED_ON_BYTES, SIGNER, SIGNER_RESERVE } from '../../../node/mesh/limits/constants.ts'
import { Signers } from '../../../node/mesh/limits/signers.ts'

const test = suite('limits of signers')

function signersOf() {
  const clock = { now: 0 }
  const signers = new Signers(() => clock.now)
  /** @returns how many of so many messages are let through */
  const send = (signer: string, count: number, bytes = 100, topic = 'run') => {
    let through = 0
    for (let i = 0; i < count; i++) {
      if (!signers.admits(topic, signer, bytes)) continue
      signers.count(topic, signer, bytes)
      through++
    }
    return through
  }
  return { signers, send, clock }
}

test('limits a signer that floods a topic, and no other signer or topic', () => {
  const { send, clock } = signersOf()
  assert.is(send('a', 5_000), SIGNER.burst)
  assert.is(send('b', 10), 10)
  assert.is(send('a', 10, 100, 'hello'), 10)
  clock.now += 1_000
  assert.is(send('a', 5_000), SIGNER.perSecond)
})

test('takes nothing from a signer that was only claimed', () => {
  const { signers, send } = signersOf()
  for (let i = 0; i < 100_000; i++) assert.ok(signers.admits('run', 'a', 100))
  assert.is(send('a', 10), 10)
})

test('limits all signers together, and still passes on a signer with few messages', () => {
  const { send, clock } = signersOf()
  const flood = () => Array.from({ length: 40 }, (_, i) => send(`flooder ${i}`, 2_000)).reduce((a, b) => a + b)
  const first = flood()
  assert.ok(first >= PASSED_ON.burst && first <= PASSED_ON.burst + 40 * SIGNER_RESERVE.burst, String(first))
  for (let second = 0; second < 60; second++) {
    clock.now += 1_000
    flood()
    assert.is(send('controller', 2), 2, `in second ${second}`)
  }
})

test('limits a few large messages by their bytes', () => {
  const { send } = signersOf()
  const large = 2 ** 20
  assert.is(send('a', 200, large), PASSED_ON_BYTES.burst / large + SIGNER_RESERVE.burst)
})

test.run()
