/** The guard alone, with real process groups. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Guard } from '../../node/processes/guard.ts'
import { isAlive } from '../../node/processes/process-group.ts'
import { fixture, until } from '../helpers/workspace.ts'

const test = suite<{ guard: Guard; children: ChildProcess[]; group(): number }>('guard')

test.before.each(context => {
  context.guard = new Guard()
  context.children = []
  context.group = () => {
    const child = spawn(fixture('silent'), { detached: true, stdio: 'ignore' })
    context.children.push(child)
    return child.pid as number
  }
})

test.after.each(async ({ guard, children }) => {
  await guard.close()
  for (const child of children) child.kill('SIGKILL')
})

test('it has no process before the first group', async ({ guard }) => {
  assert.is(guard.pid, undefined)
  await guard.close()
})

test('it kills the watched groups when it is closed, and spares forgotten ones', async ({ guard, group, children }) => {
  const [kept, forgotten] = [group(), group()]
  guard.watch(kept)
  guard.watch(forgotten)
  guard.forget(forgotten)
  const killed = once(children[0] as ChildProcess, 'exit')
  await guard.close()
  assert.equal(await killed, [null, 'SIGKILL'])
  assert.ok(isAlive(forgotten))
})

test('a group whose number begins like that of another is not forgotten with it', async ({
  guard,
  group,
  children
}) => {
  const watched = group()
  guard.watch(watched)
  for (const other of [Number(`${watched}0`), Number(`1${watched}`)]) {
    guard.watch(other)
    guard.forget(other)
  }
  const killed = once(children[0] as ChildProcess, 'exit')
  await guard.close()
  assert.equal(await killed, [null, 'SIGKILL'])
})

test('forgetting a group that is not watched does nothing', async ({ guard, group }) => {
  const watched = group()
  guard.forget(watched)
  guard.watch(watched)
  guard.forget(watched)
  guard.forget(watched)
  await guard.close()
  assert.ok(isAlive(watched))
})

test('the replacement of a killed guard kills what the first one watched', async ({ guard, group, children }) => {
  const watched = group()
  guard.watch(watched)
  const first = guard.pid as number
  process.kill(first, 'SIGKILL')
  await until(() => guard.pid != null && guard.pid !== first)
  const killed = once(children[0] as ChildProcess, 'exit')
  await guard.close()
  assert.equal(await killed, [null, 'SIGKILL'])
})

test('a killed guard without groups is replaced when the next group is watched', async ({ guard, group }) => {
  const watched = group()
  guard.watch(watched)
  guard.forget(watched)
  const first = guard.pid as number
  process.kill(first, 'SIGKILL')
  await until(() => guard.pid === undefined)
  guard.watch(watched)
  assert.type(guard.pid, 'number')
  guard.forget(watched)
})

test('a closed guard does not start again', async ({ guard, group }) => {
  await guard.close()
  guard.watch(group())
  assert.is(guard.pid, undefined)
})

test.run()
