import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { labMissing } from '../../testnets/lab/available.ts'
import { LOSSY, lossy } from '../../testnets/lossy.ts'
import { skipWhere } from '../helpers/skip.ts'

const bad = suite('a mesh on bad links')
const test = skipWhere(labMissing(), bad)

test('a whole run passes at 100 ms one way, 2 % loss and 10 Mbit/s, and all that was sent is verified', async () => {
  const { outcome, verified, arrived } = await lossy(LOSSY, () => {})
  const { verdict, partial, excluded } = outcome.ended
  assert.equal({ verdict, partial, excluded }, { verdict: 'ok', partial: false, excluded: [] })
  const closed = outcome.events.flatMap(event => (event.type === 'phase-closed' ? [event.phase] : []))
  assert.equal(closed, [
    ...['join', 'stage', 'sysinfo', 'init', 'start', 'work', 'stop', 'send', 'end', 'sysinfo', 'terminate']
  ])
  assert.ok(verified)
  assert.equal(arrived, ['a', 'b', 'c', 'd'])
})

bad.run()
