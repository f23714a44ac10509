import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { churn } from '../../testnets/churn.ts'

const peers = suite('peers that come and go')

peers('during runs: none hangs, and no tarball of a present member is lost', async () => {
  const { runs, events, problems } = await churn({ runs: 5, seed: 7 }, () => {})
  assert.equal(problems, [])
  assert.is(runs.length, 5)
  assert.ok(events.killed > 0 && events.left > 0 && events.returned + events.new > 0, JSON.stringify(events))
})

peers.run()
