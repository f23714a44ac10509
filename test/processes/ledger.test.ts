/** The ledger on its own: what is on the disk, and which groups `sweep` kills. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ProcessLedger, sweep } from '../../node/processes/ledger.ts'
import { bootId, inspect, isAlive, membersOf, type ProcessFacts } from '../../node/processes/process-group.ts'
import { fixture, until } from '../helpers/workspace.ts'
import { scratch } from '../store/scratch.ts'

const test = suite<{ path: string; children: ChildProcess[]; start(name: string, ...args: string[]): ChildProcess }>(
  'process ledger'
)

test.before.each(context => {
  context.path = join(scratch(), 'ledger')
  context.children = []
  context.start = (name, ...args) => {
    const child = spawn(fixture(name), args, { detached: true, stdio: 'ignore' })
    context.children.push(child)
    return child
  }
})

test.after.each(({ children }) => {
  for (const { pid } of children) {
    try {
      process.kill(-(pid as number), 'SIGKILL')
    } catch {
      // its group is gone
    }
  }
})

const factsOf = (pid: number) => inspect(pid) as ProcessFacts
const groupsIn = (path: string) =>
  JSON.parse(readFileSync(path, 'utf8')).groups.map((each: { group: number }) => each.group)

test('the file lists the recorded groups at any time', ({ path, start }) => {
  const [a, b] = [start('silent').pid as number, start('silent').pid as number]
  const ledger = new ProcessLedger(path)
  ledger.put(a, [factsOf(a)])
  ledger.put(b, [factsOf(b)])
  assert.equal(groupsIn(path), [a, b])
  ledger.delete(a)
  assert.equal(groupsIn(path), [b])
  ledger.delete(a)
  assert.equal(groupsIn(path), [b])
})

test('the file is whole also where it has become shorter, or longer than a page', ({ path, start }) => {
  const pid = start('silent').pid as number
  const ledger = new ProcessLedger(path)
  ledger.put(pid, [factsOf(pid)])
  const many = Array.from({ length: 100 }, (_, i) => 4_000_000 + i)
  for (const each of many) ledger.put(each, [factsOf(pid)])
  assert.equal(groupsIn(path), [pid, ...many])
  for (const each of many) {
    ledger.delete(each)
    assert.is(groupsIn(path).length, 100 - many.indexOf(each))
  }
  assert.equal(groupsIn(path), [pid])
})

test('a group that cannot be written is an error, one that cannot be deleted is not', ({ path, start }) => {
  const pid = start('silent').pid as number
  const folder = join(path, '..', 'inner')
  mkdirSync(folder)
  const ledger = new ProcessLedger(join(folder, 'ledger'))
  ledger.put(pid, [factsOf(pid)])
  rmSync(folder, { recursive: true })
  assert.throws(
    () => ledger.put(pid, [factsOf(pid)]),
    (error: NodeJS.ErrnoException) => error.code === 'ENOENT'
  )
  ledger.delete(pid)
})

test('sweep kills the recorded groups, returns their number and removes the file', async ({ path, start }) => {
  const children = [start('silent'), start('ignores-term')]
  const ledger = new ProcessLedger(path)
  for (const { pid } of children) ledger.put(pid as number, [factsOf(pid as number)])
  const ends = children.map(child => once(child, 'exit'))
  assert.is(await sweep(path), 2)
  assert.equal(await Promise.all(ends), [
    [null, 'SIGKILL'],
    [null, 'SIGKILL']
  ])
  assert.not.ok(existsSync(path))
})

test('sweep does not count a group that has ended', async ({ path, start }) => {
  const child = start('exits-early')
  const pid = child.pid as number
  new ProcessLedger(path).put(pid, [factsOf(pid)])
  await once(child, 'exit')
  assert.is(await sweep(path), 0)
})

test('sweep finds a group by its members after the end of its leader', async ({ path, start }) => {
  const child = start('forks-a-child', 'leave')
  const pid = child.pid as number
  await once(child, 'exit')
  new ProcessLedger(path).put(pid, await until(() => membersOf(pid).length > 0 && membersOf(pid)))
  assert.is(await sweep(path), 1)
  assert.not(isAlive(pid))
})

test('sweep spares a process that has moved to another group', async ({ path, start }) => {
  const pid = start('silent').pid as number
  const { started } = factsOf(pid)
  const groups = [{ group: pid + 1, processes: [{ pid, started }] }]
  writeFileSync(path, JSON.stringify({ boot: bootId(), groups }))
  assert.is(await sweep(path), 0)
  assert.ok(isAlive(pid))
})

test.run()
