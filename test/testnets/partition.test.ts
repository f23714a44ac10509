import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { labMissing } from '../../testnets/lab/available.ts'
import { partition, problems } from '../../testnets/partition.ts'
import { skipWhere } from '../helpers/skip.ts'

const cut = suite('a network that is cut and healed')
const test = skipWhere(labMissing(), cut)

test('runs end, both halves can run, merge within 30 s, and nothing starts twice', async () => {
  assert.equal(problems(await partition(() => {})), [])
})

cut.run()
