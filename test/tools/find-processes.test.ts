/** Which processes a tool looks at. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { findProcesses, ProcessSearch, processSettings } from '../../node/tools/find-processes.ts'
import { until } from '../helpers/until.ts'

const processes = suite<{ children: ChildProcess[] }>('processes by id and by name')

processes.before.each(context => {
  context.children = []
})
processes.after.each(async ({ children }) => {
  for (const child of children) {
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
})

const unique = `bakfind${process.pid}`
const started = async (children: ChildProcess[], argv0: string, word: string) => {
  const child = spawn('/bin/sleep', ['60'], { argv0: `/opt/${argv0}`, env: { WORD: word }, stdio: 'ignore' })
  children.push(child)
  await until(() => findProcesses({ pid: `${child.pid}` })[0]?.argv[0] === `/opt/${argv0}`)
  return child.pid as number
}

processes(
  'are found by id, by the name of the program with stars, and by the whole command line',
  async ({ children }) => {
    const one = await started(children, `${unique}one`, 'x')
    const two = await started(children, `${unique}two`, 'y')
    const pids = (wanted: object) => findProcesses(wanted).map(({ pid }) => pid)
    assert.equal(
      pids({ pid: `${one},${two}` }),
      [one, two].sort((a, b) => a - b)
    )
    assert.equal(pids({ pattern: `${unique}one` }), [one])
    assert.equal(
      pids({ pattern: `${unique}*` }),
      [one, two].sort((a, b) => a - b)
    )
    assert.equal(pids({ pattern: `/opt/${unique}two 60` }), [two])
    assert.equal(pids({ pattern: `*${unique}two *` }), [two])
    assert.equal(pids({ pattern: unique }), [])
    assert.equal(pids({ pattern: 'sleep' }).includes(one), true)
    assert.equal(pids({}), [])
  }
)

processes('that come later are found in the next look', async ({ children }) => {
  const search = new ProcessSearch({ pattern: `${unique}late` })
  for (let look = 0; look < 20; look++) assert.equal(search.look(), [])
  const late = await started(children, `${unique}late`, 'x')
  assert.equal(
    search.look().map(({ pid }) => pid),
    [late]
  )
})

processes('a look at those that were seen often costs little', () => {
  const search = new ProcessSearch({ pattern: 'no such program' })
  for (let look = 0; look < 12; look++) search.look()
  const began = performance.now()
  for (let look = 0; look < 30; look++) search.look()
  assert.ok(performance.now() - began < 3_000)
})

const settings: Array<[name: string, value: string, isGood: boolean]> = [
  ['pid', '1', true],
  ['pid', '1,22,333', true],
  ['pid', '', false],
  ['pid', '1,', false],
  ['pid', '-1', false],
  ['pid', '1 2', false],
  ['pid', '1,'.repeat(80), false],
  ['pattern', 'nginx*', true],
  ['pattern', '* --port 80', true],
  ['pattern', '', false],
  ['pattern', 'a\nb', false],
  ['pattern', 'x'.repeat(257), false]
]
for (const [name, value, isGood] of settings) {
  processes(`${name} = ${JSON.stringify(value.slice(0, 40))} is ${isGood ? 'taken' : 'refused'}`, () => {
    const setting = processSettings.find(each => each.name === name)
    assert.ok(setting?.type === 'string')
    assert.is(setting.check?.(value) == null, isGood)
  })
}

processes.run()
