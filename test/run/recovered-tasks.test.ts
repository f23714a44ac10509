/** Tasks of a run whose daemon was killed: what certificates prove is kept, and nothing else. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { SampleLoad } from '../../node/run/load/sample-load.ts'
import { recoverTasks } from '../../node/run/recovered-tasks.ts'
import { RunFolder } from '../../node/store/run-folder.ts'
import type { CheckedCertificate } from '../../protocols/certificate.ts'
import { check } from '../../protocols/codec.ts'
import type { RosterEntry } from '../../protocols/manifest.ts'
import { spec as specSchema } from '../../protocols/spec.ts'
import { readTasksFile } from '../../protocols/tasks/read-tasks-file.ts'
import { tallySamples } from '../../protocols/tasks/tally.ts'
import type { TaskAnswer } from '../../protocols/tasks/task-answer.ts'
import { loadPlanOf } from '../../protocols/tasks/workers.ts'
import { blockOf, hourly, step } from '../helpers/load-blocks.ts'
import { scratch } from '../store/scratch.ts'

const recovery = suite('tasks of a run whose daemon was killed')

const http = { type: 'http', url: 'http://10.0.0.7/' }
const spec = check(specSchema, { tools: [], task: ['t', 'u'].map(name => ({ name, operation: http, clients: 1 })) })
const roster = [{ peer: 'peer-a', name: 'a' }] as RosterEntry[]

/** A folder with the tasks of both elements, and what was signed of each. */
async function killed() {
  const folder = new RunFolder(scratch())
  const load = new SampleLoad(step, loadPlanOf(spec, [{ host: 'a', cores: 1 }]), hourly())
  const answers: TaskAnswer[] = []
  for (const [i, task] of ['t', 'u'].entries()) {
    const element = i + 1
    load.begin(element, () => 0)
    const block = blockOf([{ due: 0, latency: 5 + i }], { task, element })
    load.take('a', block)
    const answer: TaskAnswer = { element, task, ...tallySamples(block), ended: 'schedule' }
    load.answer('a', { tasks: [answer] })
    answers.push(answer)
    await load.end(element)
  }
  await folder.writeTasks(step, load.file)
  return { folder, answers }
}

const certificatesOf = (answers: TaskAnswer[]) =>
  answers.map(each => ({
    value: { phase: 'work', part: 'tasks', step },
    acks: [{ by: 'peer-a', value: { load: { tasks: [each] } } }]
  })) as unknown as CheckedCertificate[]

recovery('entries are those of tasks.json, as far as certificates prove it', async () => {
  const { folder, answers } = await killed()
  const entries = await recoverTasks(folder, certificatesOf(answers), { roster, spec })
  assert.equal(
    entries.map(({ name, exit }) => [name, exit]),
    [
      ['t', 0],
      ['u', 0]
    ]
  )
  const before = await readTasksFile(folder.root, step)
  assert.is(before?.tasks.length, 2)
})

recovery('what no certificate proves is taken out of tasks.json', async () => {
  const { folder, answers } = await killed()
  const entries = await recoverTasks(folder, certificatesOf(answers.slice(0, 1)), { roster, spec })
  assert.equal(
    entries.map(({ name }) => name),
    ['t']
  )
  const file = await readTasksFile(folder.root, step)
  assert.equal([file?.tasks.length, file?.elements.length], [1, 1])
})

recovery('without tasks.json, or with one that cannot be read, there is no entry', async () => {
  const { folder, answers } = await killed()
  await folder.write('1-default/sample1/tasks.json', Buffer.from('{'))
  assert.equal(await recoverTasks(folder, certificatesOf(answers), { roster, spec }), [])
  assert.equal(await recoverTasks(new RunFolder(scratch()), certificatesOf(answers), { roster, spec }), [])
})

recovery.run()
