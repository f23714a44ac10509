import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { PackReport } from '../../node/store/pack-report.ts'
import { MAX_ENTRIES, MAX_UNPACKED_BYTES } from '../../protocols/tarball.ts'

const test = suite('what is packed, and what is left out')
const GIB = 1024 ** 3

test('what a receiver would not take is left out beforehand', () => {
  const bounded = new PackReport({ isBounded: true })
  assert.is(bounded.admit('a', MAX_UNPACKED_BYTES, 'a'), undefined)
  assert.match(bounded.admit('b', 1, 'b') ?? '', /beyond 68719476736 bytes/)
  const many = new PackReport({ isBounded: true })
  let admitted = 0
  while (many.admit(`f${admitted}`, 0, `f${admitted}`) == null) admitted++
  assert.ok(admitted < MAX_ENTRIES && admitted > MAX_ENTRIES - 1000)
  const own = new PackReport()
  assert.is(own.admit('a', 2 * MAX_UNPACKED_BYTES, 'a'), undefined)
})

test('of a tarball that unpacks to too much for its size the largest files go, as few as are needed', () => {
  const report = new PackReport({ isBounded: true })
  for (const [raw, bytes] of Object.entries({ a: 0.4 * GIB, big: 3 * GIB, b: 0.5 * GIB })) report.packed(raw, bytes)
  assert.equal([...report.tooMuch(1000)], ['big'])
  assert.equal([...report.tooMuch(GIB)], [], 'a tarball that does not compress is taken')
  assert.match(
    new PackReport({ isBounded: true, without: new Set(['big']) }).admit('big', 1, 'big') ?? '',
    /would unpack to more/
  )
})

test('warnings name a few, and how many more there are', () => {
  const report = new PackReport()
  for (let i = 0; i < 20; i++) report.leave(`f${i}`, 'a socket', { isKept: false, isLost: i > 0 })
  assert.equal(report.warnings().slice(-2), ['f7: a socket', '12 more are named in missing.txt'])
  assert.equal([report.lost, report.kept.size], [19, 0])
})

test.run()
