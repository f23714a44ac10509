/** Programs that print one sample and end, run again and again. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Repeated, repeatCommand } from '../../../node/tools/repeated/repeated-command.ts'
import type { RunningTool } from '../../../node/tools/tool.ts'
import { plainPrograms } from '../../../scripts/plain-programs.ts'
import { createWorkspace, until, type Workspace } from '../../helpers/workspace.ts'

interface Context extends Workspace {
  running?: RunningTool
  start(init: Partial<Repeated> & Pick<Repeated, 'commands'>): Promise<RunningTool>
  text(): string
}

const repeated = suite<Context>('a program that is run at each interval')

repeated.before.each(context => {
  const workspace = createWorkspace('repeated')
  const { folder, supervisor } = workspace
  const start: Context['start'] = async init => {
    const { signal } = new AbortController()
    const programs = plainPrograms(supervisor)
    const given = { name: 'x', interval: 0.2, size: 8, ...init }
    context.running = await repeatCommand(given, { folder, interval: 1, options: {}, programs, signal })
    return context.running
  }
  const text = () => readFileSync(join(folder, 'x-stdout.txt'), 'utf8')
  Object.assign(context, workspace, { start, text })
})
repeated.after.each(async ({ running, close }) => {
  await running?.stop()
  await close()
})

const sh = (line: string) => () => [{ argv: ['sh', '-c', line], what: 'of sh' }]

repeated('leaves each sample behind a line with its time, and nothing else', async ({ start, text, folder }) => {
  const running = await start({ commands: sh('echo $((1 + 1)); touch in-its-own-folder') })
  await running.ready
  await until(() => (text().match(/^# time \d{13}\.\d of sh\n2$/gm)?.length ?? 0) >= 3)
  // a busy machine takes longer for one than until the next
  const isLate = (fault: string) => /^\d+ of \d+ samples missed: one took longer than 0\.2 s$/.test(fault)
  const faults = await running.stop()
  assert.ok(faults.every(isLate), String(faults))
  assert.ok((await running.stop()).every(isLate))
  assert.equal(
    readdirSync(folder)
      .filter(name => name !== 'ledger')
      .sort(),
    ['x-stderr.txt', 'x-stdout.txt']
  )
})

repeated('names samples that failed, by what the program said', async ({ start }) => {
  const running = await start({ commands: sh('echo "cannot ask: no socket" >&2; exit 3') })
  await running.ready
  await new Promise(resolve => setTimeout(resolve, 500))
  const [fault = ''] = await running.stop()
  assert.match(fault, /^\d of \d samples failed: cannot ask: no socket$/)
})

repeated('counts samples that were due while one took too long', async ({ start }) => {
  const running = await start({ commands: sh('sleep 0.9') })
  await new Promise(resolve => setTimeout(resolve, 1_300))
  const faults = await running.stop()
  assert.match(faults[0] as string, /^[3-9] of [5-9] samples missed: one took longer than 0\.2 s$/)
})

repeated('is ended in the middle of a sample when it is stopped', async ({ start }) => {
  const running = await start({ commands: sh('exec sleep 60') })
  await running.ready
  const began = performance.now()
  await running.stop()
  assert.ok(performance.now() - began < 3_000)
})

repeated('is ended while a sample is about to begin', async ({ start }) => {
  const running = await start({ commands: sh('exec sleep 60') })
  const began = performance.now()
  await running.stop()
  assert.ok(performance.now() - began < 10_000)
})

repeated('says that there was nothing to observe', async ({ start }) => {
  const running = await start({ commands: () => [], nothing: 'no such JVM ran here' })
  await running.ready
  assert.equal(await running.stop(), ['no such JVM ran here'])
})

repeated('ends at its size, with a remark that says when', async ({ start }) => {
  const running = await start({ commands: sh('head -c 700000 /dev/zero | tr "\\0" x'), size: 1 })
  await new Promise(resolve => setTimeout(resolve, 1_500))
  assert.equal(await running.stop(), [])
  assert.match(running.remarks?.[0] as string, /^reached its 1 MiB \(size\) after \d+\.\d s/)
})

repeated('ends in the middle of a sample that goes on without end', async ({ start, folder }) => {
  const running = await start({
    commands: sh('i=0; while [ $i -lt 3000 ]; do head -c 100000 /dev/zero; i=$((i+1)); sleep 0.01; done'),
    size: 1
  })
  await until(() => (running.remarks ?? []).length > 0 || statSync(join(folder, 'x-stdout.txt')).size > 1024 * 1024)
  await new Promise(resolve => setTimeout(resolve, 1_000))
  const { size } = statSync(join(folder, 'x-stdout.txt'))
  await new Promise(resolve => setTimeout(resolve, 1_000))
  assert.is(statSync(join(folder, 'x-stdout.txt')).size, size)
  assert.is((await running.stop()).at(-1), 'took no sample')
  assert.match(running.remarks?.[0] as string, /^reached its 1 MiB \(size\) after \d+\.\d s/)
})

repeated('a program that is not there is a fault, and no exception', async ({ start }) => {
  const running = await start({ commands: () => [{ argv: ['/no/such/program'] }] })
  await running.ready
  assert.match((await running.stop())[0] as string, /samples failed: .*not found/)
})

repeated.run()
