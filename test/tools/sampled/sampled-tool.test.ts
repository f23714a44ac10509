/** How the daemon samples: at its interval, within a size, and what it says of what is absent. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Source, sampledTool } from '../../../node/tools/sampled/sampled-tool.ts'
import type { RunningTool } from '../../../node/tools/tool.ts'
import type { BakError } from '../../../protocols/errors.ts'
import type { ToolOptions } from '../../../protocols/tool-options.ts'
import { plainPrograms } from '../../../scripts/plain-programs.ts'
import { createWorkspace, until, type Workspace } from '../../helpers/workspace.ts'

interface Context extends Workspace {
  running?: RunningTool
  start(sources: Source[], options?: ToolOptions): Promise<RunningTool>
  text(file: string): string
}

const sampled = suite<Context>('what the daemon samples itself')

sampled.before.each(context => {
  const workspace = createWorkspace('sampled')
  const { folder, supervisor } = workspace
  const start: Context['start'] = async (sources, options = {}) => {
    const tool = sampledTool({ name: 'x', summary: 'x', files: [], why: async () => undefined, open: () => sources })
    const { signal } = new AbortController()
    const running = await tool.start({ folder, interval: 0.1, options, programs: plainPrograms(supervisor), signal })
    context.running = running
    return running
  }
  Object.assign(context, workspace, { start, text: (file: string) => readFileSync(join(folder, file), 'utf8') })
})
sampled.after.each(async ({ running, close }) => {
  await running?.stop()
  await close()
})

const numbers = (rows: Source['rows'] = () => ['1,2']): Source => ({ file: 'x.csv', columns: () => ['a', 'b'], rows })

sampled(
  'rows have the time of their sample before them, below one header; texts have a line with it',
  async ({ start, text }) => {
    const running = await start([numbers(), { file: 'x.txt', rows: () => ['whole text'] }])
    await running.ready
    await until(() => text('x.csv').split('\n').length > 4)
    assert.equal(await running.stop(), [])
    assert.match(text('x.csv'), /^time,a,b\n(\d{13}\.\d,1,2\n)+$/)
    assert.match(text('x.txt'), /^(# time \d{13}\.\d\nwhole text\n)+$/)
  }
)

sampled('samples end at the size, and a remark says when', async ({ start, text }) => {
  const running = await start([numbers(() => ['x'.repeat(400_000)])], { size: 1 })
  await running.ready
  await new Promise(resolve => setTimeout(resolve, 600))
  assert.equal(await running.stop(), [])
  assert.match(
    running.remarks?.[0] as string,
    /^reached its 1 MiB \(size\) after \d\.\d s: what came later is not there$/
  )
  assert.ok(text('x.csv').length <= 1024 * 1024)
  assert.ok(text('x.csv').length > 700_000)
})

sampled(
  'a source that does not answer in time misses its samples, by number, and others do not',
  async ({ start, text }) => {
    const slow = numbers(() => new Promise<string[]>(resolve => setTimeout(resolve, 350, ['1,2'])))
    const running = await start([slow, { ...numbers(), file: 'y.csv' }])
    await running.ready
    await new Promise(resolve => setTimeout(resolve, 1_000))
    const faults = await running.stop()
    const late = faults.filter(each => each.startsWith('x.csv'))
    assert.match(late[0] as string, /^x\.csv: \d+ of \d+ samples missed: the one before took longer than 0\.1 s$/)
    assert.ok(text('y.csv').split('\n').length > text('x.csv').split('\n').length)
  }
)

sampled('a source that fails is named, and the others go on', async ({ start, text }) => {
  const failing = numbers(() => {
    throw new Error('ENODEV: it was unplugged')
  })
  const running = await start([failing, { ...numbers(), file: 'y.csv' }])
  await running.ready.catch(() => {})
  await until(() => text('y.csv').split('\n').length > 2)
  assert.equal(await running.stop(), ['x.csv: ENODEV: it was unplugged'])
})

sampled('nothing to sample is no tool', async ({ start }) => {
  const error: BakError = await start([]).then(
    () => assert.unreachable() as never,
    thrown => thrown
  )
  assert.is(error.code, 'tool-unavailable')
})

sampled.run()
