/** Which clients each member has: all of a run once, and the tasks that go with them. */
import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { clientsOfMember } from '../../../node/work/tasks/member-clients.ts'
import { manifest, specOf } from '../../protocols/samples.ts'

const test = suite('the clients of each member')
const operation = { type: 'http', url: 'http://127.0.0.1/' }

const rosterOf = (cores: number[]) =>
  cores.flatMap((count, i) =>
    manifest.roster.map(each => ({
      ...each,
      name: `m${i}`,
      load: i,
      capabilities: { ...each.capabilities, cores: count }
    }))
  )

test('each client of a run is at one member, whose number of workers is that of its cores at most', () => {
  const cores = fc.array(fc.integer({ min: 1, max: 8 }), { minLength: 1, maxLength: 6 })
  fc.assert(
    fc.property(cores, fc.integer({ min: 1, max: 60 }), (given, clients) => {
      const spec = specOf({ command: undefined, task: [{ name: 't', operation, clients }] })
      const all = given.map((_, i) => clientsOfMember(spec, rosterOf(given), `m${i}`, {}))
      assert.equal(
        all.flatMap(each => each?.workers.flat() ?? []),
        Array.from({ length: clients }, (_, i) => i)
      )
      for (const [i, each] of all.entries()) {
        assert.ok((each?.workers.length ?? 0) <= (given[i] as number))
        assert.equal(each?.elements[0]?.tasks, each?.workers.flat().length === 0 ? [] : ['t'])
      }
    })
  )
})

test('who has clients of the task that completes an element is told, and with any who has clients at all', () => {
  const specWith = (completed_by: string) =>
    specOf({
      ...{ command: undefined, parallel: [{ name: 'p', completed_by }] },
      task: [
        { name: 'u', operation, parallel: 'p' },
        { name: 'v', operation, parallel: 'p' }
      ]
    })
  const completing = (by: string) =>
    [0, 1, 2].map(i => clientsOfMember(specWith(by), rosterOf([1, 1, 1]), `m${i}`, {})?.elements[0]?.isCompleting)
  assert.equal(completing('u'), [true, false, false])
  assert.equal(completing('any'), [true, true, false])
})

test('parameters of the iteration change the clients; a member that does not load has none', () => {
  const spec = specOf({ command: undefined, task: [{ name: 't', operation }] })
  assert.equal(clientsOfMember(spec, rosterOf([1]), 'm0', { 't.clients': '3' })?.workers, [[0, 1, 2]])
  assert.is(clientsOfMember(spec, rosterOf([1]), 'other', {}), undefined)
})

test.run()
