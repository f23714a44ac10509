/** What a report has of a search. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { searchIn } from '../../../../cli/report/tasks/search-data.ts'
import { specOf } from '../../../protocols/samples.ts'

const test = suite('a search in a report')
const spec = specOf({
  command: undefined,
  task: [{ name: 'browse', operation: { type: 'http', url: 'http://a' }, target_throughput: 100 }],
  search: { from: 100, to: 500, step: 100 }
})
const tried = (number: number, over: number) => ({ number, value: 100 * number, samples: 3, over })
const knee = {
  ...{ parameter: 'browse.target_throughput', found: 'between' as const },
  ...{ holds: tried(3, 0), breaks: tried(4, 2) }
}

test('has the values that were tried upwards, by their iterations, and the knee in words', () => {
  const found = searchIn({ spec, knee }, [{ number: 1 }, { number: 4 }, { number: 3 }])
  assert.equal(found, {
    ...{ task: 'browse', parameter: 'browse.target_throughput' },
    words: 'the knee of browse.target_throughput is between 300 (3 of 3 samples hold) and 400 (1 of 3)',
    values: [
      { iteration: 0, value: 100 },
      { iteration: 2, value: 300 },
      { iteration: 1, value: 400 }
    ],
    ...{ holds: 300, breaks: 400 }
  })
})

test('is nothing of a run without one', () => {
  assert.is(searchIn({ spec: specOf({}), knee: undefined }, [{ number: 1 }]), undefined)
})

test.run()
