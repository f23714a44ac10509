/** What a workload on a member says now, read from the file that it writes. */
import { appendFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { StatedTail } from '../../../node/work/stated/stated-tail.ts'
import type { Stated } from '../../../protocols/metric.ts'
import { until } from '../../helpers/until.ts'
import { createWorkspace, type Workspace } from '../../helpers/workspace.ts'

interface Context extends Workspace {
  path: string
  said: Stated[]
  tail: StatedTail
}

const test = suite<Context>('what a workload on a member says while it runs')

test.before.each(context => {
  const workspace = createWorkspace('stated-tail')
  const said: Stated[] = []
  const path = join(workspace.folder, 'stdout.txt')
  Object.assign(context, workspace, { path, said, tail: new StatedTail(path, now => said.push(now)) })
})
test.after.each(async ({ tail, close }) => {
  tail.stop()
  await close()
})

test('is told as its output grows, from the beginning of the file on', async ({ path, said, tail }) => {
  tail.start()
  writeFileSync(path, '#BAK:PHASE ramp\n')
  await until(() => said.length === 1 || undefined)
  appendFileSync(path, 'x\n#BAK:PROGRESS 42\n')
  await until(() => said.length === 2 || undefined)
  assert.equal(said, [{ phase: 'ramp' }, { phase: 'ramp', progress: 42 }])
})

test('of a gigabyte only the end is read', async ({ path, said, tail }) => {
  writeFileSync(path, `#BAK:PHASE first\n${'x'.repeat(1_000_000)}\n#BAK:PHASE last\n`)
  tail.start()
  await until(() => said.length > 0 || undefined)
  assert.equal(said, [{ phase: 'last' }])
})

test('a link in the place of its output is not followed, and nothing is told after the end', async context => {
  const { path, said, tail, folder } = context
  mkdirSync(join(folder, 'other'))
  writeFileSync(join(folder, 'other/secret'), '#BAK:PHASE secret\n')
  symlinkSync(join(folder, 'other/secret'), path)
  tail.start()
  await new Promise(resolve => setTimeout(resolve, 1_200))
  tail.stop()
  assert.equal(said, [])
})

test.run()
