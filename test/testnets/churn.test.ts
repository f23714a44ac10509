import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { churn } from '../../testnets/churn.ts'

const peers = suite('peers that come and go')

peers('while run follows run: none hangs, and no tarball is lost of a member that was there to send it', async () => {
  const { runs, events, problems } = await churn({ runs: 5, seed: 7 }, () => {})
  assert.equal(problems, [])
  assert.is(runs.length, 5)
  assert.ok(events.killed > 0 && events.left > 0 && events.back + events.new > 0, JSON.stringify(events))
})

peers.run()
