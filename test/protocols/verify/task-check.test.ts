/** The tasks of a record held against its certificates. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { CheckedCertificate } from '../../../protocols/certificate.ts'
import type { Certificate, Part } from '../../../protocols/phase.ts'
import type { RunRecord } from '../../../protocols/record.ts'
import { checkTasks } from '../../../protocols/verify/task-check.ts'
import { specOf } from '../samples.ts'

const test = suite('tasks of a record')

const http = (name: string, more: object = {}) => ({
  name,
  operation: { type: 'http', url: 'http://127.0.0.1/' },
  ...more
})
const SPEC = specOf({
  command: undefined,
  parallel: [{ name: 'p', completed_by: 'b' }],
  task: [http('a', { parallel: 'p' }), http('b', { parallel: 'p' }), http('c')],
  operation: [{ name: 'reset', type: 'command', command: ['reset'] }],
  load: { setup: ['reset'], teardown: ['reset'] }
})
const WHOLE = ['prepare', 'setup', 'tasks 1', 'complete 1', 'tasks 2', 'teardown']

function certificateOf(label: string, sample: number): CheckedCertificate {
  const [part, element] = label.split(' ') as [Part, string?]
  const step = { number: 1, name: 'default', sample }
  const about = { phase: 'work', part, step, ...(element == null ? {} : { element: Number(element) }) }
  return { value: about as Certificate, acks: [], signatures: 1, faults: [] }
}
const faultsOf = (samples: string[][], verdict: RunRecord['verdict'] = 'ok', spec = SPEC) =>
  checkTasks(
    { spec, verdict },
    samples.flatMap((parts, i) => parts.map(each => certificateOf(each, i + 1)))
  ).map(({ what }) => what)

const cases: Array<[title: string, parts: string[], verdict: RunRecord['verdict'], fault?: RegExp]> = [
  ['all parts of a run that is ok', WHOLE, 'ok'],
  [
    'an element that was left out',
    WHOLE.toSpliced(2, 2),
    'ok',
    /sample1: there is a certificate of tasks 2, and tasks 1 was due/
  ],
  ['a completion that was left out', WHOLE.toSpliced(3, 1), 'ok', /tasks 2, and complete 1 was due/],
  ['no teardown', WHOLE.slice(0, -1), 'ok', /there is no certificate of teardown/],
  ['elements in another order', ['prepare', 'setup', 'tasks 2'], 'cancelled', /tasks 2, and tasks 1 was due/],
  ['one element twice', [...WHOLE.slice(0, 3), ...WHOLE.slice(2)], 'ok', /tasks 1, and complete 1 was due/],
  ['something behind the last', [...WHOLE, 'prepare'], 'ok', /prepare, and no further part of its tasks was due/],
  ['a run that was cancelled before its first element', ['prepare'], 'cancelled'],
  ['a run that was cancelled in mid task, and torn down', [...WHOLE.slice(0, 3), 'teardown'], 'cancelled'],
  ['a run whose members were lost, and that was not torn down', WHOLE.slice(0, 3), 'quorum'],
  [
    'a teardown in the middle',
    ['prepare', 'setup', 'teardown', 'tasks 1'],
    'cancelled',
    /teardown, and tasks 1 was due/
  ]
]
for (const [title, parts, verdict, fault] of cases) {
  test(`${title}: ${fault == null ? 'good' : 'a fault'}`, () => {
    const found = faultsOf([parts], verdict)
    if (fault == null) assert.equal(found, [])
    else assert.match(found.join('\n'), fault)
  })
}

test('each sample is looked at by itself, and a run without tasks has none', () => {
  assert.equal(faultsOf([WHOLE, WHOLE]), [])
  assert.match(
    faultsOf([WHOLE, WHOLE.slice(1)]).join(),
    /sample2: there is a certificate of setup, and prepare was due/
  )
  assert.equal(faultsOf([], 'ok', specOf()), [])
  assert.match(faultsOf([['prepare']], 'ok', specOf()).join(), /prepare, and no further part of its tasks was due/)
})

test('tasks that cannot be are a fault, and no crash', () => {
  const spec = specOf({ command: undefined, task: [{ operation: 'nowhere' }] })
  assert.match(faultsOf([['prepare']], 'ok', spec).join(), /nowhere/)
})

test.run()
