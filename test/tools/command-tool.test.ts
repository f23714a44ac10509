import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { isAlive } from '../../node/processes/process-group.ts'
import type { Programs } from '../../node/processes/programs.ts'
import { findTool } from '../../node/tools/index.ts'
import type { RunningTool } from '../../node/tools/tool.ts'
import type { BakError } from '../../protocols/errors.ts'
import type { ToolOptions } from '../../protocols/tool-options.ts'
import { plainPrograms } from '../../scripts/plain-programs.ts'
import { createWorkspace, fixture, until, type Workspace } from '../helpers/workspace.ts'

interface Context extends Workspace {
  start(options: ToolOptions, signal?: AbortSignal): Promise<RunningTool>
  text(file: string): string
}

const commands = suite<Context>('command')

commands.before.each(context => {
  const workspace = createWorkspace('command')
  const { supervisor } = workspace
  // the workspace has files of its own
  const folder = join(workspace.folder, 'mine')
  mkdirSync(folder)
  const start: Context['start'] = (options, signal = new AbortController().signal) =>
    findTool('mine', options).start({ folder, interval: 1, options, programs: plainPrograms(supervisor), signal })
  const text = (file: string) => readFileSync(join(folder, file), 'utf8')
  Object.assign(context, workspace, { start, text })
})

commands.after.each(({ close }) => close())

commands('its files are named after the tool, and it runs in its folder', async ({ start, text, folder }) => {
  const running = await start({ command: ['sh', '-c', 'pwd; echo oops >&2; exec sleep 600', "it's"] })
  await running.ready
  assert.equal(await running.stop(), [])
  assert.is(text('mine-stdout.txt'), `${join(folder, 'mine')}\n`)
  assert.is(text('mine-stderr.txt'), 'oops\n')
  assert.is(
    text('mine.cmd'),
    `TZ=UTC LC_ALL=C.UTF-8 S_COLORS=never S_TIME_FORMAT=ISO sh -c 'pwd; echo oops >&2; exec sleep 600' 'it'\\''s'\n`
  )
})

commands('it is ready at its first output', async ({ start }) => {
  const began = performance.now()
  const running = await start({ command: [fixture('forever')], ready_after: 600 })
  await running.ready
  assert.ok(performance.now() - began < 10_000)
  assert.ok(Math.abs(running.began - Date.now()) < 60_000)
  assert.equal(await running.stop(), [])
})

commands(
  'a tool without output is ready after ready_after, and is named for what it did not write',
  async ({ start }) => {
    const began = performance.now()
    const running = await start({ command: [fixture('silent')], ready_after: 0.1 })
    await running.ready
    assert.ok(performance.now() - began >= 100)
    assert.equal(await running.stop(), ['wrote nothing'])
  }
)

for (const [where, script] of [
  ['a file of its own', 'mkdir own; echo 1 > own/data'],
  ['stderr', 'echo 1 >&2']
]) {
  commands(`a tool that writes to ${where} alone has written`, async ({ start }) => {
    const running = await start({ command: ['sh', '-c', `${script}; exec sleep 600`], ready_after: 0.3 })
    await running.ready
    assert.equal(await running.stop(), [])
  })
}

commands('a tool that fails before it is ready gives its exit status and stderr', async ({ start }) => {
  const running = await start({ command: [fixture('exits-early')] })
  const error: BakError = await running.ready.then(
    () => assert.unreachable() as never,
    thrown => thrown
  )
  assert.is(error.code, 'tool-failed')
  assert.is(error.message, 'ended with exit 3 before its first output: no such device')
  assert.equal(await running.stop(), ['ended early with exit 3: no such device'])
})

commands('a tool that the guard of its machine ends before it is ready is named with the reason', async context => {
  const { supervisor, folder } = context
  const plain = plainPrograms(supervisor)
  const programs: Programs = {
    ...plain,
    spawn: async tool => ({ ...(await plain.spawn(tool)), reason: () => 'it wrote too much' })
  }
  const options = { command: [fixture('exits-early')] }
  const signal = new AbortController().signal
  const at = join(folder, 'mine')
  const running = await findTool('mine', options).start({ folder: at, interval: 1, options, programs, signal })
  const error: BakError = await running.ready.then(
    () => assert.unreachable() as never,
    thrown => thrown
  )
  assert.is(error.message, 'was ended before its first output: it wrote too much')
  await running.stop()
})

commands('a tool that ends early after it was ready gives a warning', async ({ start, folder }) => {
  const script = `echo started; until [ -e ${folder}/end ]; do sleep 0.02; done; exit 5`
  const running = await start({ command: ['sh', '-c', script] })
  await running.ready
  writeFileSync(join(folder, 'end'), '')
  const ledger = join(folder, 'ledger')
  await until(() => JSON.parse(readFileSync(ledger, 'utf8')).groups.length === 0 || undefined)
  assert.equal(await running.stop(), ['ended early with exit 5'])
})

commands('it is stopped with the signal of its options', async ({ start, text }) => {
  const script = `trap 'echo average; exit 0' INT; echo started; while :; do sleep 0.02; done`
  const running = await start({ command: ['sh', '-c', script], stop_signal: 'INT' })
  await running.ready
  assert.equal(await running.stop(), [])
  assert.is(text('mine-stdout.txt'), 'started\naverage\n')
})

commands(
  'a tool that fails when it is stopped is named with its error; one that exits as a shell does for the signal is not',
  async ({ start, folder }) => {
    const endings: Array<[string, RegExp]> = [
      ['echo no space >&2; exit 5', /^exit 5 when it was stopped: no space$/],
      ['kill -USR1 $$', /^signal SIGUSR1 when it was stopped/],
      ['exit 143', /^$/]
    ]
    for (const [atTerm, said] of endings) {
      // output of the one before would make it ready before it is
      rmSync(join(folder, 'mine/mine-stdout.txt'), { force: true })
      const script = `trap '${atTerm}' TERM; echo started; while :; do sleep 0.02; done`
      const running = await start({ command: ['sh', '-c', script] })
      await running.ready
      const why = (await running.stop()).join()
      assert.match(why, said, `${atTerm}: ${why}`)
    }
  }
)

commands('a tool that ignores its stop signal is killed, with a warning', async ({ start, folder }) => {
  const running = await start({ command: [fixture('ignores-term')] })
  await running.ready
  const [{ group }] = JSON.parse(readFileSync(join(folder, 'ledger'), 'utf8')).groups
  assert.equal(await running.stop(), ['had to be killed'])
  assert.not(isAlive(group))
})

commands('a cancelled start leaves nothing', async ({ start, folder }) => {
  const abort = new AbortController()
  const running = await start({ command: [fixture('silent')], ready_after: 600 }, abort.signal)
  abort.abort()
  const error: BakError = await running.ready.catch(thrown => thrown)
  assert.is(error.code, 'interrupted')
  const late: BakError = await start({ command: [fixture('silent')] }, abort.signal).catch(thrown => thrown)
  assert.is(late.code, 'interrupted')
  assert.equal(JSON.parse(readFileSync(join(folder, 'ledger'), 'utf8')).groups, [])
})

commands('a check finds the program, or reports that it is missing', async () => {
  const check = (...command: string[]) => findTool('mine', { command }).check({ command })
  assert.equal(await check('sh'), { tool: 'mine', usable: true })
  assert.equal(await check(fixture('silent')), { tool: 'mine', usable: true })
  const missing = await check('no-such-program')
  assert.equal(missing, { tool: 'mine', usable: false, reason: 'mine: no-such-program not found on PATH' })
  assert.not((await check('./relative')).usable)
})

commands('a start without the program fails with its name', async ({ start }) => {
  const error: BakError = await start({ command: ['no-such-program'] }).catch(thrown => thrown)
  assert.is(error.code, 'tool-unavailable')
  assert.match(error.message, 'no-such-program')
})

commands('an unknown name is refused with the known ones', () => {
  try {
    findTool('nosuchtool', {})
    assert.unreachable()
  } catch (error) {
    assert.is((error as BakError).code, 'usage')
    assert.match((error as BakError).message, /known are proc, .*vmstat, iostat, mpstat, pidstat, sar, /)
  }
})

commands.run()
