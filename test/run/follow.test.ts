import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createLog } from '../../node/log.ts'
import type { Topic } from '../../node/mesh/gossip.ts'
import { Follow } from '../../node/run/follow.ts'
import { encode } from '../../protocols/codec.ts'
import { type Signer, seal } from '../../protocols/envelope.ts'
import { commandSubject } from '../../protocols/phase.ts'
import { newSigner } from '../helpers/streams.ts'
import { command } from '../protocols/samples.ts'

const test = suite('following runs')
const [honest, flooder] = [newSigner(), newSigner()] as [Signer, Signer]

function followOf() {
  let topic: Topic<unknown> | undefined
  const gossip = { subscribe: (each: Topic<unknown>) => (topic = each), publish: () => {} }
  const authority = { roleOf: () => 'controller' as const }
  const follow = new Follow({ gossip, authority } as never, { mesh: 'm', log: createLog('error', () => {}) })
  follow.afterStart()
  const hear = (signer: Signer, run: string) => {
    const bytes = encode({ type: 'command', sealed: seal(commandSubject, { ...command, run }, signer) })
    topic?.handle(
      topic.check(bytes, () => {}),
      bytes
    )
  }
  return { follow, hear }
}

const runOf = (n: number) => `20261122T213015-${n.toString(36).padStart(6, '0')}`

test('a controller that tells of run after run crowds out its own, not those of others', () => {
  const { follow, hear } = followOf()
  for (let n = 0; n < 5; n++) hear(honest, runOf(n))
  for (let n = 1_000; n < 2_000; n++) hear(flooder, runOf(n))
  for (let n = 0; n < 5; n++) assert.is(follow.get(runOf(n))?.controller, honest.peer)
  assert.is(follow.runs().length, 64)
  assert.ok(follow.get(runOf(1_999)) != null, 'of its own the newest are left')
})

test.run()
