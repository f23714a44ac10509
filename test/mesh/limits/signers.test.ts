import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { PASSED_ON, PASSED_ON_BYTES, QUIET_SIGNER, SIGNER } from '../../../node/mesh/limits/constants.ts'
import { Signers } from '../../../node/mesh/limits/signers.ts'

const test = suite('what signers may say')

function signersOf() {
  const clock = { now: 0 }
  const signers = new Signers(() => clock.now)
  /** @returns how many of so many messages are let through */
  const say = (signer: string, count: number, bytes = 100, topic = 'run') => {
    let through = 0
    for (let i = 0; i < count; i++) {
      if (!signers.admits(topic, signer, bytes)) continue
      signers.count(topic, signer, bytes)
      through++
    }
    return through
  }
  return { signers, say, clock }
}

test('one that floods a topic is heard as often as one may be, others and other topics as before', () => {
  const { say, clock } = signersOf()
  assert.is(say('a', 5_000), SIGNER.burst)
  assert.is(say('b', 10), 10)
  assert.is(say('a', 10, 100, 'hello'), 10)
  clock.now += 1_000
  assert.is(say('a', 5_000), SIGNER.each)
})

test('who is only claimed to have signed loses nothing by it', () => {
  const { signers, say } = signersOf()
  for (let i = 0; i < 100_000; i++) assert.ok(signers.admits('run', 'a', 100))
  assert.is(say('a', 10), 10)
})

test('all together are passed on only so fast; one that says little is heard all the same', () => {
  const { say, clock } = signersOf()
  const flood = () => Array.from({ length: 40 }, (_, i) => say(`flooder ${i}`, 2_000)).reduce((a, b) => a + b)
  const first = flood()
  assert.ok(first >= PASSED_ON.burst && first <= PASSED_ON.burst + 40 * QUIET_SIGNER.burst, String(first))
  for (let second = 0; second < 60; second++) {
    clock.now += 1_000
    flood()
    assert.is(say('controller', 2), 2, `in second ${second}`)
  }
})

test('few messages that are large are bounded, too', () => {
  const { say } = signersOf()
  const large = 2 ** 20
  assert.is(say('a', 200, large), PASSED_ON_BYTES.burst / large + QUIET_SIGNER.burst)
})

test.run()
