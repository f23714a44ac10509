/** Members that send as slowly as they can, with changed code: how long a phase lasts is not theirs to say. */
import { setTimeout as sleep } from 'node:timers/promises'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Outbox } from '../../node/store/outbox.ts'
import type { RunEvent } from '../../protocols/events.ts'
import { Inside } from '../helpers/inside.ts'

const test = suite('slow senders')
let inside: Inside
const read = Outbox.prototype.read
test.before(async () => {
  inside = await Inside.start({ a: {}, b: {}, c: {} })
})
test.after(() => inside.stop())
test.after.each(() => {
  Outbox.prototype.read = read
})

/** A tool leaves so many MiB that nothing makes less, on b; each portion of them comes after so many ms. */
function drip(mib: number, ms: number) {
  Outbox.prototype.read = async function (...args) {
    await sleep(ms)
    return read.apply(this, args)
  }
  const command = ['sh', '-c', `head -c ${mib * 2 ** 20} /dev/urandom >blob; echo there; exec sleep 1000`]
  return { tool: { large: { command } }, groups: [{ name: 'slow', on: 'b', tools: ['large'] }] }
}

const sendOf = (events: RunEvent[]) => events.find(each => each.type === 'phase-closed' && each.phase === 'send')

test('the phase is over after the limit of the policy, and the member that still sends is excluded by name', async () => {
  // 300 KiB/s, as over a slow line: no rate tells it from an honest member
  const slow = drip(12, 3_400)
  const policy = { quorum: 1, send_timeout: 6, send_limit: 12 }
  const { events, record, run } = await inside.run('a', { ...slow, policy })
  const closed = sendOf(events)
  assert.is(closed?.type, 'phase-closed')
  const took = closed?.type === 'phase-closed' ? closed.took : 0
  assert.ok(took >= 12_000 && took < 13_500, `send took ${took} ms`)
  assert.equal(
    record.excluded.map(({ name, phase, code, reason }) => [name, phase, code, reason]),
    [['b', 'send', 'timeout', 'it had not sent all after 12 s, the send_limit of the policy']]
  )
  assert.is(record.verdict, 'ok')
  assert.is(record.partial, true)
  await collects(run)
})

test('bytes that come too slowly prolong nothing, though each comes before the deadline', async () => {
  // 51 KiB/s: each portion comes within the time that a silent stream has
  const slow = drip(4, 20_000)
  const policy = { quorum: 1, send_timeout: 25, send_limit: 300 }
  const { events, record, run } = await inside.run('a', { ...slow, policy })
  const closed = sendOf(events)
  const took = closed?.type === 'phase-closed' ? closed.took : 0
  assert.ok(took > 40_000 && took < 60_000, `send took ${took} ms`)
  const [out, ...others] = record.excluded
  assert.equal([out?.name, out?.phase, out?.code], ['b', 'send', 'timeout'])
  assert.match(out?.reason as string, /^it sent \d+ KiB\/s, less than 64 KiB\/s, which does not prolong its time$/)
  assert.equal(others, [])
  await collects(run)
})

/** What was not sent in time stays on the member. */
async function collects(run: string): Promise<void> {
  Outbox.prototype.read = read
  const outcomes: string[] = []
  for await (const { name, what, outcome } of inside.daemon('a').parts.collect.from(run, AbortSignal.timeout(30_000)))
    outcomes.push(`${name} ${what} ${outcome}`)
  assert.equal(outcomes, ['b 1-default/sample1 arrived'])
}

test.run()
