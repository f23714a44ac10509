/** A command that goes on while somebody asks what its output says. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { TriggerWatch } from '../../node/work/command/trigger-watch.ts'
import { TriggeredCommand } from '../../node/work/command/triggered-command.ts'
import { BakError } from '../../protocols/errors.ts'
import type { Edge } from '../../protocols/trigger.ts'
import { stayAwake } from '../helpers/streams.ts'

const test = suite('a command whose output says when tools run')
const sleepAgain = stayAwake()
test.after(sleepAgain)

const edge = (what: Edge['what'], sample: number): Edge => ({ group: 'db', what, sample, at: 1 })
const result = { workload: { exit: 0, duration: 1, timedOut: false }, warnings: ['w'] }

function commandOf() {
  const said: Edge[] = []
  const late: Edge[] = []
  const ended = Promise.withResolvers<typeof result>()
  let stopped = false
  const watch = {
    isBehind: false,
    look: async (edges: Edge[]) => void edges.push(...said.splice(0)),
    end: async (edges: Edge[]) => void edges.push(...late),
    giveUp: (_: string) => {},
    untriggered: () => [{ group: 'db', reason: 'r' }]
  }
  const command = new TriggeredCommand(watch as unknown as TriggerWatch, signal => {
    signal.addEventListener('abort', () => {
      stopped = true
      ended.resolve(result)
    })
    return ended.promise
  })
  return { command, watch, said, late, ended, isStopped: () => stopped }
}
const open = () => new AbortController().signal

test('each call gives what was said since the last, and waits where that is nothing', async () => {
  const { command, said, late, ended } = commandOf()
  const first = command.next(open())
  said.push(edge('start', 1))
  assert.equal(await first, { edges: [edge('start', 1)], untriggered: [] })
  said.push(edge('stop', 1))
  assert.equal((await command.next(open())).edges, [edge('stop', 1)])
  said.push(edge('start', 2))
  await new Promise(resolve => setTimeout(resolve, 120))
  said.push(edge('stop', 2))
  await new Promise(resolve => setTimeout(resolve, 120))
  assert.equal((await command.next(open())).edges, [edge('start', 2), edge('stop', 2)])
  late.push(edge('stop', 3))
  const last = command.next(open())
  ended.resolve(result)
  assert.equal(await last, { ...result, edges: [edge('stop', 3)], untriggered: [{ group: 'db', reason: 'r' }] })
  assert.equal(await command.next(open()), { ...result, edges: [], untriggered: [{ group: 'db', reason: 'r' }] })
})

test('a call that is given up leaves the command as it is, and loses nothing', async () => {
  const { command, said, isStopped } = commandOf()
  const giveUp = new AbortController()
  const waiting = command.next(giveUp.signal)
  giveUp.abort(new BakError('phase-closed', 'the next phase has begun'))
  await waiting.then(
    () => assert.unreachable(),
    error => assert.is((error as BakError).code, 'phase-closed')
  )
  assert.is(isStopped(), false)
  said.push(edge('start', 1))
  assert.equal((await command.next(open())).edges, [edge('start', 1)])
  assert.equal((await command.end())?.workload, result.workload)
  assert.is(isStopped(), true)
})

test('one that cannot be run fails the call, and has nothing to stop', async () => {
  const { command, ended } = commandOf()
  ended.reject(new BakError('io', 'no such folder'))
  await command.next(open()).then(
    () => assert.unreachable(),
    error => assert.is((error as BakError).code, 'io')
  )
  assert.is(await command.end(), undefined)
})

test('output that cannot be read is named, and the command goes on to its end', async () => {
  const { command, watch, ended } = commandOf()
  let why = ''
  watch.look = async () => {
    throw new Error('EIO: the disk is broken')
  }
  watch.giveUp = (reason: string) => {
    why = reason
  }
  const last = command.next(open())
  setTimeout(() => ended.resolve(result), 100)
  assert.equal((await last).workload, result.workload)
  assert.match(why, /EIO/)
})

test.run()
