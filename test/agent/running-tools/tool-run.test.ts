/** One tool of a member from its start to its end: when it is started again, when that is given up, and what is told. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { MAX_RESTARTS, ToolRun } from '../../../node/agent/running-tools/tool-run.ts'
import { now } from '../../../node/now.ts'
import type { RunningTool } from '../../../node/tools/tool.ts'
import { BakError } from '../../../protocols/errors.ts'
import type { OnEnd } from '../../../protocols/on-end.ts'
import type { Missing } from '../../../protocols/shortfall.ts'
import { stayAwake } from '../../helpers/streams.ts'
import { until } from '../../helpers/until.ts'

const test = suite('one tool of a member')
test.after(stayAwake())

const KILLED = 'ended early with signal SIGKILL'

/** One life of the tool: it ends when the test says so. */
function life(ready: Promise<void> = Promise.resolve()) {
  const failed = Promise.withResolvers<string>()
  let ended: string | undefined
  let stops = 0
  const running: RunningTool = {
    ...{ began: now(), ready, failed: failed.promise, remarks: ['odd'] },
    stop: async () => {
      stops++
      return ended == null ? [] : [ended]
    }
  }
  const die = (reason = KILLED) => {
    ended = reason
    failed.resolve(reason)
  }
  return { running, die, stops: () => stops }
}

function toolRun(onEnd: OnEnd, { restarts = 0, fails = () => false as boolean } = {}) {
  const lives: Array<ReturnType<typeof life> & { folder: string }> = []
  const told: Missing[] = []
  const left: string[] = []
  const tool = new ToolRun({
    ...{ assignment: { group: 'default', tool: 'x', options: {} }, onEnd, folder: 'tools-default/b/x', restarts },
    ...{ restartAfter: 5, tell: missing => void told.push(missing), leave: reason => void left.push(reason) },
    async spawn(folder) {
      const ready = fails() ? Promise.reject(new BakError('tool-failed', 'no disk')) : Promise.resolve()
      ready.catch(() => {})
      const one = { ...life(ready), folder }
      lives.push(one)
      return one.running
    }
  })
  const start = () => tool.start(new AbortController().signal)
  const lastLife = () => lives.at(-1) as (typeof lives)[number]
  return { tool, start, lives, told, left, lastLife }
}

test('one that runs until it is stopped is named for nothing', async () => {
  const { tool, start, told, lives } = toolRun('fail')
  await start()
  assert.equal(await tool.stop(), { missing: [], warnings: ['x: odd'] })
  assert.equal([told, lives.map(({ folder }) => folder), lives[0]?.stops()], [[], ['tools-default/b/x'], 1])
})

test('one that fails to start is stopped, and says why only once', async () => {
  const { tool, start, lives } = toolRun('restart', { fails: () => true })
  const why = await start().catch((cause: BakError) => cause.message)
  assert.is(why, 'no disk')
  assert.is(lives[0]?.stops(), 1)
  assert.equal(await tool.stop(), { missing: [], warnings: [] })
})

const named = { kind: 'tool' as const, what: 'x', reason: KILLED }
const policies: Array<[onEnd: OnEnd, missing: Missing, left: string[]]> = [
  ['ignore', named, []],
  ['exclude', { ...named, ends: 'member' }, [`x: ${KILLED}`]],
  ['fail', { ...named, ends: 'run' }, []]
]
for (const [onEnd, missing, leaves] of policies) {
  test(`with ${onEnd} its end is told at once and signed again, once, and the member ${leaves.length > 0 ? 'leaves' : 'stays'}`, async () => {
    const { tool, start, lastLife, told, left } = toolRun(onEnd)
    await start()
    lastLife().die()
    await until(() => told.length > 0)
    assert.equal([told, left], [[missing], leaves])
    assert.equal((await tool.stop()).missing, [missing])
  })
}

test('with restart it runs again, in a folder of its own, and what is missing is said when it does', async () => {
  const { tool, start, lives, lastLife, told } = toolRun('restart')
  await start()
  lastLife().die()
  await until(() => told.length === 1)
  assert.match(
    told[0]?.reason ?? '',
    /^ended early with signal SIGKILL; 0\.\d s are missing, then it was started again, in restart1$/
  )
  assert.is(lives[0]?.stops(), 1)
  lastLife().die('ended early with exit 3')
  await until(() => told.length === 2)
  assert.match(told[1]?.reason ?? '', /^ended early with exit 3; .*, in restart2$/)
  const folders = ['tools-default/b/x', 'tools-default/b/x/restart1', 'tools-default/b/x/restart2']
  assert.equal(
    lives.map(({ folder }) => folder),
    folders
  )
  assert.equal((await tool.stop()).missing, told)
  assert.is(lastLife().stops(), 1)
})

test('one that ends again and again is started so often, and then only named', async () => {
  const { tool, start, lives, lastLife, told } = toolRun('restart')
  await start()
  for (let i = 1; i <= MAX_RESTARTS + 1; i++) {
    lastLife().die()
    await until(() => told.length === i)
  }
  assert.is(lives.length, MAX_RESTARTS + 1)
  assert.is(told.at(-1)?.reason, `${KILLED}; it was started again ${MAX_RESTARTS} times before`)
  assert.is((await tool.stop()).missing.length, MAX_RESTARTS + 1)
})

test('one that cannot be started again is tried so often, and says why', async () => {
  let fails = false
  const { tool, start, lives, lastLife, told } = toolRun('restart', { fails: () => fails })
  await start()
  fails = true
  lastLife().die()
  await until(() => told.length === 1)
  assert.is(told[0]?.reason, `${KILLED}; it could not be started again: no disk`)
  assert.is(lives.length, MAX_RESTARTS + 1)
  assert.ok(lives.slice(1).every(each => each.stops() === 1))
  await tool.stop()
})

test('a stop that comes before it is started again ends the wait, and is said', async () => {
  const { tool, start, lives, lastLife } = toolRun('restart')
  await start()
  lastLife().die()
  await Promise.resolve()
  const { missing } = await tool.stop()
  assert.equal(missing, [{ ...named, reason: `${KILLED}; it was stopped before it was started again` }])
  assert.is(lives.length, 1)
})

test('one that an earlier life of the daemon started goes on beside what that wrote', async () => {
  const { tool, start, lives } = toolRun('restart', { restarts: 2 })
  await start()
  assert.is(lives[0]?.folder, 'tools-default/b/x/restart2')
  await tool.stop()
})

test.run()
