/** The clients of one element in one thread, with requests that take no network. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { LoadClock } from '../../../../node/work/tasks/driver/load-clock.ts'
import type { OperationRunners } from '../../../../node/work/tasks/driver/operation-runners.ts'
import { ThreadElement } from '../../../../node/work/tasks/driver/thread-element.ts'
import type { FromThread } from '../../../../node/work/tasks/driver/thread-messages.ts'
import { check } from '../../../../protocols/codec.ts'
import { spec as specSchema } from '../../../../protocols/spec.ts'
import { clientsOf } from '../../../../protocols/tasks/allocation.ts'
import { type Element, elementsOf } from '../../../../protocols/tasks/elements.ts'
import { unpackColumns } from '../../../../protocols/tasks/sample-block.ts'
import { stayAwake } from '../../../helpers/streams.ts'

const test = suite('an element in a thread')
test.after(stayAwake())

const SERVICE_MS = 20
const runners = {
  of: async () => ({
    open: async () => ({
      async request() {
        const begun = performance.now()
        await new Promise(resolve => setTimeout(resolve, SERVICE_MS))
        return { begun, ended: performance.now() }
      },
      close: async () => {}
    }),
    close: async () => {}
  })
} as unknown as OperationRunners

const alarm = () => {
  let timer: NodeJS.Timeout | undefined
  const clear = () => clearTimeout(timer)
  return {
    clear,
    set(moment: number, ring: () => void) {
      clear()
      timer = setTimeout(ring, Math.max(0, moment - performance.now()))
    }
  }
}

async function ran(tasks: object[], parallel: object): Promise<FromThread[]> {
  const operation = { type: 'command', command: 'true' }
  const task = tasks.map(each => ({ operation, parallel: 'p', ...each }))
  const elements = elementsOf(check(specSchema, { tools: [], task, parallel: [{ name: 'p', ...parallel }] }))
  const allClients = clientsOf(elements)
  const said: FromThread[] = []
  const begin = performance.now() + 20
  const element = new ThreadElement({
    ...{
      element: elements[0] as Element,
      begin,
      wall: 0,
      allClients,
      params: {},
      sample: '',
      folder: '.',
      isRaw: false
    },
    clients: Array.from({ length: allClients }, (_, client) => client),
    onError: 'abort',
    taskNames: task.map(each => (each as { name?: string }).name ?? ''),
    left: new Int32Array(task.length).fill(1_000),
    ...{ runners, clock: new LoadClock(alarm()), post: message => void said.push(message) }
  })
  await element.run()
  return said
}

test('a task that clients come to later has its own time, and says nothing of how far clients began apart', async () => {
  const said = await ran(
    [
      { name: 'a', iterations: 5, clients: 2 },
      { name: 'b', iterations: 2, clients: 2, target_throughput: 1_000 }
    ],
    { clients: 2 }
  )
  const joined = said.find(each => each.type === 'joined')
  assert.equal(
    joined?.tasks.map(({ task, began }) => [task, began != null]),
    [
      ['a', true],
      ['b', false]
    ]
  )
  const [first, last] = [joined?.tasks[0]?.began?.first ?? 0, joined?.tasks[0]?.began?.last ?? 0]
  assert.ok(last - first < SERVICE_MS, `${last - first} ms between two clients`)
  const later = said.flatMap(each => (each.type === 'samples' && each.block.task === 'b' ? [each.block] : []))
  for (const block of later) {
    const { due, latency } = unpackColumns(block)
    assert.ok(
      due.every(each => each >= 5 * SERVICE_MS - 5),
      `due at ${due} ms`
    )
    assert.ok(
      latency.every(each => each < 5 * SERVICE_MS),
      `${latency} ms`
    )
  }
  assert.is(
    later.reduce((sum, { samples }) => sum + samples, 0),
    4
  )
})

test.run()
