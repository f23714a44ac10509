import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { judge, neededOf } from '../../node/run/quorum.ts'
import type { Quorum } from '../../protocols/spec-fields.ts'

const needed = suite('how many must answer')
const table: Array<[Quorum, number, number]> = [
  ['all', 3, 3],
  ['majority', 3, 2],
  ['majority', 4, 3],
  ['majority', 1, 1],
  [2, 3, 2],
  [5, 3, 5],
  ['80%', 5, 4],
  ['80%', 4, 4],
  ['50%', 3, 2],
  ['100%', 7, 7],
  ['0.5%', 64, 1]
]
for (const [quorum, size, expected] of table) {
  needed(`${quorum} of ${size} is ${expected}`, () => assert.is(neededOf(quorum, size), expected))
}
needed.run()

type Standing = 'waiting' | 'ok' | 'failed' | 'lost'
const counted = (standings: Standing[]) => ({
  ok: standings.filter(each => each === 'ok').length,
  waiting: standings.filter(each => each === 'waiting').length
})

const verdicts = suite('when a phase is over')
const cases: Array<[string, Standing[], number, boolean, 'open' | 'met' | 'failed']> = [
  ['it is open while a member may still answer, though enough have', ['ok', 'ok', 'waiting'], 2, false, 'open'],
  ['it is met when all have answered', ['ok', 'ok', 'ok'], 3, false, 'met'],
  ['it is met at the deadline if enough have', ['ok', 'ok', 'waiting'], 2, true, 'met'],
  ['it fails at the deadline if too few have', ['ok', 'waiting', 'waiting'], 2, true, 'failed'],
  ['it fails at once when enough cannot answer any more', ['ok', 'lost', 'waiting'], 3, false, 'failed'],
  ['it is met when the rest failed and enough did not', ['ok', 'ok', 'failed'], 2, false, 'met'],
  ['it fails with nobody asked and somebody needed', [], 1, false, 'failed']
]
for (const [title, standings, least, deadlinePassed, expected] of cases) {
  verdicts(title, () => assert.is(judge({ needed: least, ...counted(standings), deadlinePassed }), expected))
}
verdicts('cleaning up waits for everyone who can still answer', () => {
  assert.is(judge({ needed: 3, ...counted(['lost', 'waiting', 'ok']), deadlinePassed: false, cleanup: true }), 'open')
})
verdicts('a phase never stays open past its deadline, and a verdict needs exactly the quorum', () => {
  const standing = fc.constantFrom<Standing>('waiting', 'ok', 'failed', 'lost')
  fc.assert(
    fc.property(fc.array(standing, { maxLength: 64 }), fc.nat(70), fc.boolean(), (standings, least, cleanup) => {
      const verdict = judge({ needed: least, ...counted(standings), deadlinePassed: true, cleanup })
      assert.is(verdict, standings.filter(s => s === 'ok').length >= least ? 'met' : 'failed')
    })
  )
})
verdicts('an answer more never turns a met phase into a failed one', () => {
  const standing = fc.constantFrom<Standing>('waiting', 'ok', 'failed', 'lost')
  fc.assert(
    fc.property(fc.array(standing, { minLength: 1, maxLength: 20 }), fc.nat(20), fc.nat(19), (standings, least, at) => {
      if (judge({ needed: least, ...counted(standings), deadlinePassed: false }) !== 'met') return
      const later = standings.map((s, i) => (i === at % standings.length && s === 'waiting' ? 'ok' : s))
      assert.is(judge({ needed: least, ...counted(later), deadlinePassed: false }), 'met')
    })
  )
})
verdicts.run()
