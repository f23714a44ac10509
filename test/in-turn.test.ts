import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { inTurns } from '../node/in-turn.ts'

test('work is done one after the other, also after one that failed', async () => {
  const done: string[] = []
  const inTurn = inTurns()
  const slow = inTurn(async () => {
    await new Promise(resolve => setTimeout(resolve, 20))
    done.push('slow')
  })
  const failed = inTurn(async () => {
    done.push('failed')
    throw new Error('no')
  })
  const last = inTurn(async () => done.push('last'))
  assert.is(await last, 3)
  await slow
  assert.equal(done, ['slow', 'failed', 'last'])
  assert.is(await failed.catch(error => error.message), 'no')
})

test.run()
