/** What signals do to a command that follows a run. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { RunEvent } from '../../protocols/events.ts'
import { until } from '../helpers/until.ts'
import { BAK, created, ended, type Fake, RUN, startFake, timed } from './fake.ts'

const signals = suite('signals to a command that follows a run')
const cancelled: string[] = []
let begun = Promise.withResolvers<void>()
let fake: Fake

signals.before.each(async () => {
  const released = Promise.withResolvers<void>()
  cancelled.length = 0
  begun = Promise.withResolvers<void>()
  fake = await startFake({
    async *run(_, { signal }) {
      begun.resolve()
      yield { run: RUN, existed: false, absent: [] }
      yield* timed(created) as RunEvent[]
      await Promise.race([released.promise, new Promise(resolve => signal.addEventListener('abort', resolve))])
      yield* timed(ended({ verdict: 'cancelled', status: 4 }))
    },
    async *attach(_, { signal }) {
      yield* timed(created)
      yield { type: 'output', at: 1, stream: 'stdout', text: 'seen\n' } as RunEvent
      await new Promise(resolve => signal.addEventListener('abort', resolve))
    },
    async *cancel({ reason = '' }) {
      cancelled.push(reason)
      yield { run: RUN, accepted: true }
      released.resolve()
    }
  })
})
signals.after.each(() => fake.stop())

signals('under nohup, whose output is a file, SIGHUP changes nothing: it follows the run to its end', async () => {
  const path = join(fake.home, 'nohup.out')
  const file = openSync(path, 'a')
  const child = spawn('nohup', [BAK, '--home', fake.home, 'run', '--', 'x'], { stdio: ['ignore', file, file] })
  const end = once(child, 'close')
  const sees = (text: string) =>
    until(() => readFileSync(path, 'utf8').includes(text), { timeout: 30_000, what: () => readFileSync(path, 'utf8') })
  try {
    await sees('started')
    child.kill('SIGHUP')
    await new Promise(resolve => setTimeout(resolve, 300))
    assert.is(child.exitCode, null)
    child.kill('SIGTERM')
    await sees('cancelled')
    assert.equal(await end, [4, null])
    assert.equal(cancelled, ['SIGTERM'])
  } finally {
    child.kill('SIGKILL')
    await end
  }
})

signals('the same holds under nohup where the output goes to /dev/null', async () => {
  const file = openSync('/dev/null', 'a')
  const child = spawn('nohup', [BAK, '--home', fake.home, 'run', '--', 'x'], { stdio: ['ignore', file, file] })
  const end = once(child, 'close')
  try {
    await begun.promise
    child.kill('SIGHUP')
    await new Promise(resolve => setTimeout(resolve, 300))
    assert.is(child.exitCode, null)
    child.kill('SIGTERM')
    assert.equal(await end, [4, null])
    assert.equal(cancelled, ['SIGTERM'])
  } finally {
    child.kill('SIGKILL')
    await end
  }
})

for (const [signal, reason] of [
  ['SIGINT', 'Ctrl-C'],
  ['SIGTERM', 'SIGTERM'],
  ['SIGQUIT', 'SIGQUIT']
] as const) {
  signals(`${signal} cancels a run, which is followed to its end, also where it comes twice at once`, async () => {
    const child = fake.start(['run', '--', 'x'])
    await child.sees('started')
    child.process.kill(signal)
    if (signal !== 'SIGINT') child.process.kill(signal)
    assert.is((await child.ended).status, 4)
    assert.equal(cancelled, [reason])
  })
}

signals('SIGHUP leaves the run, and says so', async () => {
  const child = fake.start(['run', '--', 'x'])
  await child.sees('started')
  child.process.kill('SIGHUP')
  const { status, stderr } = await child.ended
  assert.is(status, 5)
  assert.match(stderr, `detached from run ${RUN}, which continues: bak attach ${RUN}`)
  assert.equal(cancelled, [])
})

for (const signal of ['SIGINT', 'SIGTERM', 'SIGQUIT', 'SIGHUP'] as const) {
  signals(`${signal} detaches from an attached run`, async () => {
    const child = fake.start(['attach', 'last'])
    await child.sees('seen')
    child.process.kill(signal)
    const { status, stderr } = await child.ended
    assert.is(status, 5)
    assert.match(stderr, `detached from run ${RUN}, which continues`)
    assert.equal(cancelled, [])
  })
}

signals.run()
