import { setTimeout as sleep } from 'node:timers/promises'
import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createLog } from '../node/log.ts'
import { LogRateLimiter } from '../node/log-rate-limiter.ts'
import { until } from './helpers/workspace.ts'

const test = suite('log rate limiter')

test('limits the lines of one kind and of one source, and counts all that were left out', async () => {
  const causes = fc.array(fc.tuple(fc.constantFrom('a', 'b'), fc.constantFrom('p', 'q', 'r', 's')), { maxLength: 200 })
  await fc.assert(
    fc.asyncProperty(causes, async all => {
      const limiter = new LogRateLimiter({ most: 7, mostOfSource: 3, periodMs: 5 })
      const leftOut: Record<string, number> = { a: 0, b: 0 }
      const said = all.filter(([kind, source]) =>
        limiter.admits(kind, source, count => {
          leftOut[kind] = (leftOut[kind] as number) + count
        })
      )
      for (const kind of ['a', 'b']) {
        const ofKind = said.filter(each => each[0] === kind)
        assert.ok(ofKind.length <= 7)
        for (const source of 'pqrs') assert.ok(ofKind.filter(each => each[1] === source).length <= 3)
      }
      const total = () => said.length + (leftOut.a as number) + (leftOut.b as number)
      await until(() => (total() === all.length ? true : undefined))
    }),
    { numRuns: 50 }
  )
})

test('admits lines again after the period', async () => {
  const limiter = new LogRateLimiter({ most: 1, mostOfSource: 1, periodMs: 10 })
  assert.ok(limiter.admits('a', 'p', () => {}))
  assert.not(limiter.admits('a', 'q', () => {}))
  await sleep(30)
  assert.ok(limiter.admits('a', 'q', () => {}))
})

function logOf(init: ConstructorParameters<typeof LogRateLimiter>[0]) {
  const lines: string[] = []
  const write = (line: string) => void lines.push(line.slice(line.indexOf(' ') + 1))
  return { log: createLog('info', write, {}, 'daemon', new LogRateLimiter(init)), lines }
}

test('a flood of refusals gives a few lines and then their number, in all parts of the daemon together', async () => {
  const { log, lines } = logOf({ most: 5, mostOfSource: 2, periodMs: 20 })
  const [gossip, same] = [log.with({}, 'gossip'), log.with({}, 'gossip')]
  for (let i = 0; i < 1_000; i++) {
    const part = i % 2 === 0 ? gossip : same
    part.refused('message refused', { from: 'p', code: 'bad-signature', why: `${i}` })
  }
  gossip.refused('message refused', { from: 'q', code: 'bad-signature', why: 'other' })
  assert.equal(lines, [
    'WARN from=p code=bad-signature why=0 msg="message refused"\n',
    'WARN from=p code=bad-signature why=1 msg="message refused"\n',
    'WARN from=q code=bad-signature why=other msg="message refused"\n'
  ])
  await until(() => lines[3])
  assert.is(
    lines[3],
    'WARN code=bad-signature left_out=998 why="more of the same in this minute" msg="message refused"\n'
  )
})

test('refusals with another code, or from another part, are of another kind', () => {
  const { log, lines } = logOf({ most: 1 })
  log.refused('x', { from: 'p', code: 'a' })
  log.refused('x', { from: 'p', code: 'b' })
  log.with({}, 'part').refused('x', { from: 'p', code: 'a' })
  log.refused('x', { from: 'p', code: 'a' })
  assert.is(lines.length, 3)
})

test('all ports of one address are one source', () => {
  const { log, lines } = logOf({ mostOfSource: 2 })
  for (let port = 1; port <= 10; port++) log.refused('x', { from: `/ip4/192.0.2.7/tcp/${port}` })
  log.refused('x', { from: '/ip4/192.0.2.8/tcp/1/p2p/z' })
  assert.is(lines.length, 3)
})

test.run()
