/** When the clients of a member begin, by its own clock. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { beginOf } from '../../../node/agent/phases/load.ts'

const test = suite('the begin of an element on a member')

const HOUR = 3_600_000
const command = { issued: 1_000_000, at: 1_000_300 }
const cases: [string, Parameters<typeof beginOf>, number][] = [
  ['is that of the command, by the clock of this machine', [command, 5_000, 1_005_010], 1_005_300],
  ['has gone by where the command came late', [command, 0, 1_002_000], 1_000_300],
  ['is no later than the command said, where the clock was set back', [command, HOUR, 1_000_010], 1_000_310],
  ['is now where the command names none', [{ issued: 1_000_000, at: undefined }, 0, 1_000_010], 1_000_010]
]
for (const [title, given, expected] of cases) test(title, () => assert.is(beginOf(...given), expected))

test.run()
