import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { longestOfElement } from '../../../node/work/tasks/element-time.ts'
import { check } from '../../../protocols/codec.ts'
import { spec as specSchema } from '../../../protocols/spec.ts'
import { type Element, elementsOf } from '../../../protocols/tasks/elements.ts'

const test = suite('how long tasks may take')

const operation = { type: 'command', command: 'true', timeout: 5 }

function longestOf(tasks: object[], shared: object = {}, timeout = 0): number | undefined {
  const task = tasks.map((each, i) => ({ name: `t${i}`, operation, parallel: 'p', ...each }))
  const spec = check(specSchema, { tools: [], policy: { timeout }, task, parallel: [{ name: 'p', ...shared }] })
  return longestOfElement(elementsOf(spec)[0] as Element, spec)
}

const cases: [string, object[], object, number | undefined][] = [
  ['the longest of those at the same time', [{ time_period: 10 }, { time_period: 60 }], {}, 65],
  ['no limit where one has iterations', [{ time_period: 10 }, { iterations: 3 }], {}, undefined],
  [
    'that of the task that completes the others',
    [{ time_period: 10 }, { time_period: 60 }],
    { completed_by: 't0' },
    15
  ],
  [
    'the shortest where any completes the others',
    [{ time_period: 60 }, { time_period: 10 }],
    { completed_by: 'any' },
    15
  ],
  ['all, where clients have one after the other', [{ time_period: 60 }, { time_period: 10 }], { clients: 1 }, 80],
  ['all turns of a task that has more clients', [{ time_period: 10, clients: 5 }], { clients: 2 }, 45],
  [
    'all before the one that completes them, where its client may come to it last',
    [{ time_period: 600 }, { time_period: 10 }],
    { clients: 1, completed_by: 't1' },
    620
  ],
  [
    'the first, where clients have one after the other and any completes them',
    [{ time_period: 60 }, { time_period: 10 }],
    { clients: 1, completed_by: 'any' },
    65
  ]
]
for (const [what, tasks, shared, expected] of cases)
  test(`is ${what}`, () => assert.is(longestOf(tasks, shared), expected))

test('is no longer than the run allows', () => assert.is(longestOf([{ time_period: 60 }], {}, 20), 20))

test.run()
