/** A run is followed to its end, whatever comes in between: signals, lost contact, silence, readers that are slow or gone. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Begun, CallHandlers } from '../../protocols/control.ts'
import { BakError } from '../../protocols/errors.ts'
import type { EventBody, LiveBody, RunEvent } from '../../protocols/events.ts'
import { created, DIGEST, ended, PEER, RUN, rosterOf, timed, useFakes, yields } from './fake.ts'

const run = suite('following a run')
const fake = useFakes(run)

type Line = Begun | RunEvent
const started: Begun = { run: RUN, existed: false, absent: [] }
const step = { number: 1, name: 'default', sample: 1 }
const closed: EventBody = {
  type: 'phase-closed',
  seq: 1,
  phase: 'send',
  step,
  verdict: 'met',
  ok: 3,
  asked: 3,
  took: 128,
  certificate: DIGEST
}
const lost = { peer: PEER, name: 'db-3', phase: 'start' as const, code: 'tool-failed' as const, reason: 'sar: no' }
const output = (stream: 'stdout' | 'stderr', text: string): LiveBody => ({ type: 'output', stream, text })

/** A run that goes on until it is cancelled; the cancellation takes until `release`. */
function cancellable() {
  const cancelled = Promise.withResolvers<string>()
  const released = Promise.withResolvers<void>()
  const handlers: Partial<CallHandlers> = {
    async *run(_, { signal }) {
      yield started
      yield* timed(created)
      const aborted = new Promise(resolve => signal.addEventListener('abort', resolve))
      await Promise.race([cancelled.promise.then(() => released.promise), aborted])
      yield* timed(ended({ verdict: 'cancelled', status: 4 }))
    },
    async *cancel({ run }) {
      cancelled.resolve(run)
      yield { run: RUN, accepted: true }
    }
  }
  return { handlers, cancelled: cancelled.promise, release: released.resolve }
}

run('Ctrl-C cancels the run and waits for its end', async () => {
  const { handlers, cancelled, release } = cancellable()
  const child = (await fake(handlers)).start(['run', '--', 'x'])
  await child.sees('started')
  child.process.kill('SIGINT')
  assert.is(await cancelled, RUN)
  release()
  const { status, stderr } = await child.ended
  assert.is(status, 4)
  assert.match(stderr, /cancelling; press Ctrl-C again[\s\S]*: cancelled in 1\.2 s/)
})

/** The result of a run that has ended is brought to `archive`. */
const moving = (...more: LiveBody[]): Partial<CallHandlers> => ({
  async *run() {
    yield started
    yield* timed(created, ended({ verdict: 'ok', status: 0 }))
    const way: LiveBody[] = [{ type: 'moving', to: 'archive', done: 1, total: 2 }, ...more]
    for (const body of way) yield { at: 1, ...body }
    if (more.length === 0) throw new BakError('lost-contact', 'the daemon is stopping')
  }
})

run('a result that has come to its destination is named there, on the last line', async () => {
  const { bak } = await fake(moving({ type: 'moved', to: 'archive', place: 'arch' }))
  const { status, stdout, stderr } = await bak('run', '--no-progress', '--', 'x')
  assert.is(status, 0, stderr)
  assert.is((stdout + stderr).trim().split('\n').at(-1), 'moved to arch')
  assert.is((await bak('run', '--quiet', '--', 'x')).stdout, 'arch\n')
})

run('one that has not come there makes the status 2, and says why; the verdict is the same', async () => {
  const { bak } = await fake(moving({ type: 'moved', to: 'archive', error: 'its disk is full' }))
  const { status, stderr } = await bak('run', '--no-progress', '--', 'x')
  assert.is(status, 2)
  assert.match(stderr, /: ok in .*\n[\s\S]*not moved to archive: its disk is full\n\//)
})

run('contact that is lost while the result is on its way is told, after the verdict', async () => {
  const { bak } = await fake(moving())
  const { status, stderr } = await bak('run', '--no-progress', '--', 'x')
  assert.is(status, 5)
  assert.match(
    stderr,
    new RegExp(`: ok in [\\s\\S]*lost contact with run ${RUN} before its result was where it is to go`)
  )
})

run('a second Ctrl-C detaches from the run', async () => {
  const { handlers, cancelled } = cancellable()
  const child = (await fake(handlers)).start(['run', '--', 'x'])
  await child.sees('started')
  child.process.kill('SIGINT')
  await cancelled
  child.process.kill('SIGINT')
  const { status, stderr } = await child.ended
  assert.is(status, 5)
  assert.match(stderr, new RegExp(`detached from run ${RUN}, which is being cancelled: bak attach ${RUN}\\n$`))
})

run('Ctrl-C before a run exists ends the command', async () => {
  const asked = Promise.withResolvers<void>()
  const { start } = await fake({
    async *run(_, { signal }) {
      asked.resolve()
      await new Promise(resolve => signal.addEventListener('abort', resolve))
    }
  })
  const child = start(['run', '--', 'x'])
  await asked.promise
  child.process.kill('SIGINT')
  assert.is((await child.ended).status, 130)
})

run('a daemon that closes the connection during a run is lost contact, and the run is named', async () => {
  const { bak } = await fake({ run: yields<Line>(started, ...timed(created)) })
  const { status, stderr } = await bak('run', '--', 'x')
  assert.is(status, 5)
  assert.match(stderr, new RegExp(`lost contact with run ${RUN}, which continues: bak attach ${RUN}\\n$`))
})

run('a heartbeat line is printed while nothing happens', async () => {
  const more = Promise.withResolvers<void>()
  const child = (
    await fake({
      async *run() {
        yield started
        yield* timed(created, rosterOf('a', 'b', 'c'), { type: 'excluded', ...lost })
        const about = { peer: PEER, name: 'b', what: 'x', digest: DIGEST, bytes: 3_250_586, took: 1 }
        yield { n: 3, at: Date.now(), type: 'received', ...about } as RunEvent
        yield { n: 4, at: Date.now() - 12_000, type: 'lost', peer: PEER, name: 'b' } as RunEvent
        await more.promise
        yield* timed(ended())
      }
    })
  ).start(['run', '--heartbeat', '0.1', '--', 'x'])
  await child.sees('still running')
  more.resolve()
  assert.match((await child.ended).stderr, /Z run=\S+ still running .*, 1 of 3 members, b lost 1\d s ago, 3\.1 MiB\n/)
})

run('a replay prints no heartbeat lines', async () => {
  const many = Array.from(
    { length: 500 },
    (): LiveBody => ({ type: 'transfer', peer: PEER, name: 'a', done: 1, total: 1 })
  )
  const { bak } = await fake({ attach: yields(...timed(created, ...many, closed, ended())) })
  const { status, stderr } = await bak('attach', 'last')
  assert.is(status, 0)
  assert.is(stderr.trim().split('\n').length, 3, stderr)
})

run('Ctrl-C does not cancel an attached run', async () => {
  const { start } = await fake({
    async *attach(_, { signal }) {
      yield* timed(created, closed)
      await new Promise(resolve => signal.addEventListener('abort', resolve))
    }
  })
  const child = start(['attach', 'last'])
  await child.sees('phase=send')
  child.process.kill('SIGINT')
  assert.is((await child.ended).status, 5)
})

run('a run is followed to its end when its output has no reader', async () => {
  const gone = Promise.withResolvers<void>()
  const child = (
    await fake({
      async *run() {
        yield started
        yield* timed(output('stdout', 'first\n'))
        await gone.promise
        for (let i = 0; i < 20; i++) yield* timed(output('stdout', 'x'.repeat(10_000)))
        yield* timed(ended({ verdict: 'quorum', status: 3 }))
      }
    })
  ).start(['run', '--', 'x'])
  await child.sees('first')
  child.process.stdout?.destroy()
  gone.resolve()
  assert.is((await child.ended).status, 3)
})

run('a slow reader gets all of a long output', async () => {
  const text = `${'x'.repeat(1023)}\n`
  const { start } = await fake({
    async *run() {
      yield started
      for (let i = 0; i < 2000; i++) yield* timed(output('stdout', text))
      yield* timed(ended())
    }
  })
  const child = start(['run', '--', 'x'])
  child.process.stdout?.pause()
  await child.sees('started')
  setTimeout(() => child.process.stdout?.resume(), 300)
  const { stdout, status } = await child.ended
  assert.is(stdout.length, 2000 * 1024)
  assert.is(status, 0)
})

run.run()
