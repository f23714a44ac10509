/** The member's end of a job stream: what is taken, refused, told, told again, and what is left when it ends. */
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { open as openSealed } from '../../../protocols/envelope.ts'
import { BakError } from '../../../protocols/errors.ts'
import { jobResultSubject } from '../../../protocols/jobs/job-result.ts'
import type { ToJobs } from '../../../protocols/jobs/job-stream.ts'
import { jobsAnswerOf } from '../../../protocols/jobs/jobs-answer.ts'
import { signedResult } from '../../helpers/job-results.ts'
import { processesWith } from '../../helpers/mesh.ts'
import { newSigner, stayAwake } from '../../helpers/streams.ts'
import { until } from '../../helpers/until.ts'
import { graph, jobOf, memberWith, offer, RUN, type Told } from './hosted-jobs.ts'

const test = suite('the jobs of a graph on a member')
let sleeps: () => void
test.before(() => {
  sleeps = stayAwake()
})
test.after(() => sleeps())

const resultIn = ({ sealed }: Told<'ended'>) => openSealed(jobResultSubject, sealed).value

test('a job is run with what it is told, and its output, its outputs and its end come back', async () => {
  const script = [
    'echo "#BAK:PHASE build"',
    'echo "$BAK_JOB $BAK_JOB_ATTEMPT $BAK_JOB_SLOTS $BAK_RUN $COLOUR"',
    'cat inputs/src/a.txt "$BAK_JOB_INPUTS/src/a.txt" >&2',
    'echo "#BAK:PROGRESS 50"',
    'mkdir outputs/bin && cp inputs/src/a.txt "$BAK_JOB_OUTPUTS/bin/app"',
    'echo left > other'
  ].join('\n')
  const m = await memberWith({ jobs: [jobOf('app', script, { outputs: ['bin'], slots: 2, env: { COLOUR: 'red' } })] })
  const tree = join(m.folder, 'src')
  mkdirSync(tree)
  writeFileSync(join(tree, 'a.txt'), 'text of a\n')
  const { digest, bytes } = await m.imports.take(tree, { by: m.member.peer })
  const host = m.open()
  const controller = await m.speak()
  assert.equal(await controller.hears('slots'), { type: 'slots', max: 4, taken: 0, free: 4, offers: 0 })
  await controller.say(offer('app', 1, [{ path: 'src', digest, bytes, from: [m.member.peer] }]))
  assert.equal(await controller.hears('slots', undefined, 2), { type: 'slots', max: 4, taken: 2, free: 2, offers: 1 })
  const ended = await controller.hears('ended')
  const value = resultIn(ended)
  assert.equal([value.outcome, value.exit, value.error], ['done', 0, undefined])
  assert.equal(value.inputs, [{ path: 'src', digest }])
  assert.equal(
    value.outputs.map(({ path, kind, bytes }) => ({ path, kind, bytes })),
    [{ path: 'bin', kind: 'folder', bytes: 10 }]
  )
  assert.ok(m.store.get(value.outputs[0]?.digest as string) != null)
  assert.ok(m.store.needs.has(value.outputs[0]?.digest as string))
  const lines = controller.all('lines').flatMap(each => each.lines)
  assert.equal(
    lines.map(({ text }) => text).filter(text => !text.startsWith('#')),
    [`app 1 2 ${RUN} red`, 'text of a', 'text of a']
  )
  assert.equal(
    lines.map(({ n }) => n),
    [1, 2, 3, 4, 5]
  )
  assert.ok(lines.every(({ phase }) => phase === 'build'))
  assert.equal([value.lines, value.dropped, value.tail], [5, 0, []])
  const order = controller.heard.map(({ type }) => type).filter(type => type !== 'slots' && type !== 'stated')
  // lines may come in several parts
  assert.equal([order[0], ...new Set(order.slice(1, -1)), order.at(-1)], ['started', 'lines', 'ended'])
  assert.equal(controller.all('stated').at(-1), { type: 'stated', job: 'app', attempt: 1, phase: 'build', percent: 50 })
  assert.equal(
    m.records.logs.read({ run: RUN, graph, job: 'app', attempt: 1 }).map(({ n }) => n),
    [1, 2, 3, 4, 5]
  )
  await controller.say({ type: 'got', job: 'app', attempt: 1 })
  await controller.say({ type: 'over' })
  await host.over
  assert.equal(await host.end('over'), jobsAnswerOf([ended.sealed]))
  assert.is(await controller.ended, undefined)
  assert.equal(readdirSync(m.init.folder), [])
  await m.close()
})

test('what a job fails at is its result: its status, what it states, an output that is missing, its time', async () => {
  const jobs = [
    jobOf(
      'status',
      'echo "#BAK:METRIC made=2"; echo "#BAK:METRIC bad"; echo one; echo "#BAK:PHASE link"; echo two >&2; exit 3'
    ),
    jobOf('stated', 'echo "#BAK:STATE ERR no licence"; echo "#BAK:STATE OK"'),
    jobOf('missing', 'echo x > outputs/a', { outputs: ['a', 'lib/b', 'c'] }),
    jobOf('leads-away', 'ln -s /etc/hostname outputs/a', { outputs: ['a'] }),
    jobOf('slow', 'sleep 60', { timeout: 0.2 }),
    jobOf('killed', 'kill -9 $$'),
    jobOf('absent', '', { command: ['/no/such/program'] })
  ]
  const m = await memberWith({ jobs, slots: 9 })
  const host = m.open()
  const controller = await m.speak()
  for (const { name } of jobs) await controller.say(offer(name))
  const why = async (job: string) => {
    const value = resultIn(await controller.hears('ended', each => each.job === job))
    return [value.outcome, value.exit ?? value.signal, value.error, value.phase, value.timedOut]
  }
  assert.equal(await why('status'), ['failed', 3, 'exit 3', 'link', false])
  assert.equal(await why('stated'), ['failed', 0, 'no licence', undefined, false])
  assert.equal(await why('missing'), ['failed', 0, 'outputs lib/b, c are missing', undefined, false])
  assert.equal(await why('leads-away'), ['failed', 0, 'output a is a link that leads elsewhere', undefined, false])
  assert.equal(await why('slow'), ['failed', 'SIGTERM', 'took longer than 0.2 s', undefined, true])
  assert.equal(await why('killed'), ['failed', 'SIGKILL', 'ended by SIGKILL', undefined, false])
  assert.equal((await why('absent'))[0], 'failed')
  const status = resultIn(await controller.hears('ended', each => each.job === 'status'))
  assert.equal(status.tail.slice(2), ['one', '#BAK:PHASE link', 'two'])
  assert.equal(status.metrics, [{ name: 'made', value: 2, main: true, samples: 1 }])
  assert.equal(status.warnings, ['#BAK:METRIC bad: expected name=number unit'])
  await host.end('over')
  await m.close()
})

test('what is not there for a job makes it broken, and it may be tried elsewhere', async () => {
  const m = await memberWith({ jobs: [jobOf('app', 'true')] })
  const host = m.open()
  const controller = await m.speak()
  await controller.say(offer('app', 1, [{ path: 'src', digest: 'a'.repeat(64), bytes: 1, from: [m.member.peer] }]))
  const { code, reason } = await controller.hears('broken')
  assert.equal([code, reason], ['unreachable', 'input src is not here: nobody has it'])
  await controller.say({ type: 'got', job: 'app', attempt: 1 })
  assert.equal(await host.end('over'), jobsAnswerOf([]))
  await m.close()
})

test('an offer is refused for good where its owner forbids it or it is too large, and for now where no slots are free', async () => {
  const jobs = [
    jobOf('long', 'sleep 60', { slots: 2 }),
    jobOf('small', 'true'),
    jobOf('large', 'true', { slots: 3 }),
    jobOf('bad', 'true')
  ]
  const judge = async ({ name }: { name: string }) => {
    if (name === 'bad') throw new BakError('not-allowed', 'allow.exec does not name it')
    return undefined
  }
  const m = await memberWith({ jobs, slots: 2, host: { judge } })
  const host = m.open()
  const controller = await m.speak()
  const refusal = async (job: string) => {
    await controller.say(offer(job))
    const { code, reason } = await controller.hears('refused', each => each.job === job)
    return [code, reason]
  }
  assert.equal(await refusal('bad'), ['not-allowed', 'allow.exec does not name it'])
  assert.equal(await refusal('large'), ['not-allowed', 'it takes 3 slots, and this machine has 2'])
  assert.equal(await refusal('other'), ['state', 'the manifest has no job other in this graph'])
  await controller.say(offer('long'))
  await controller.hears('started')
  assert.equal(await refusal('small'), ['busy', 'no slots are free'])
  assert.equal(m.service.slotUse().taken, 2)
  await controller.say({ type: 'cancel', job: 'long', attempt: 1 })
  await controller.hears('ended', ({ job }) => job === 'long')
  await controller.say(offer('small', 2))
  await controller.hears('ended', ({ job }) => job === 'small')
  await host.end('over')
  await m.close()
})

test('a job that is cancelled ends at once, and one that does not hear the signal within seconds', async () => {
  const jobs = [
    // its time is over before it is killed, which is not why it ends
    jobOf('deaf', "trap '' TERM; echo up; while :; do sleep 7711; done", { timeout: 1.5 }),
    jobOf('polite', 'echo up; exec sleep 7712')
  ]
  const m = await memberWith({ jobs })
  const host = m.open()
  const controller = await m.speak()
  for (const { name } of jobs) await controller.say(offer(name))
  for (const { name } of jobs) await controller.hears('lines', each => each.job === name)
  const began = performance.now()
  for (const { name } of jobs) await controller.say({ type: 'cancel', job: name, attempt: 1 })
  const polite = resultIn(await controller.hears('ended', each => each.job === 'polite'))
  assert.equal([polite.outcome, polite.signal, polite.error], ['cancelled', 'SIGTERM', 'it was cancelled'])
  assert.ok(performance.now() - began < 1_500)
  const deaf = resultIn(await controller.hears('ended', each => each.job === 'deaf'))
  assert.is(deaf.outcome, 'cancelled')
  assert.ok(performance.now() - began < 5_000)
  assert.equal(processesWith('sleep 771'), [])
  await host.end('over')
  await m.close()
})

test('when a stream breaks, jobs go on, and what was not heard is told again on the next one', async () => {
  const jobs = [
    jobOf('quick', 'echo q'),
    jobOf('slow', 'echo s; while ! test -e go; do sleep 0.02; done; echo end'),
    jobOf('given', 'sleep 7713')
  ]
  const m = await memberWith({ jobs })
  const host = m.open()
  const first = await m.speak()
  for (const { name } of jobs) await first.say(offer(name))
  await first.hears('ended', ({ job }) => job === 'quick')
  await first.hears('lines', ({ job }) => job === 'slow')
  await first.hears('started', ({ job }) => job === 'given')
  first.abort()
  await first.ended
  writeFileSync(join(m.init.folder, 'slow.1', 'work', 'go'), '')
  // `lost` was offered and never came; `given` was given to another meanwhile
  const second = await m.speak([
    { job: 'quick', attempt: 1 },
    { job: 'slow', attempt: 1 },
    { job: 'slow', attempt: 2 }
  ])
  await second.hears('slots')
  const told = second.heard.map(each => ('job' in each ? `${each.type} ${each.job} ${each.attempt}` : each.type))
  assert.ok(told.includes('ended quick 1') && told.includes('broken slow 2'), told.join())
  assert.is(second.all('broken')[0]?.code, 'interrupted')
  await second.hears('ended', ({ job }) => job === 'slow')
  await until(() => processesWith('sleep 7713').length === 0)
  assert.not(second.heard.some(each => 'job' in each && each.job === 'given'))
  await second.say({ type: 'got', job: 'quick', attempt: 1 })
  await second.say({ type: 'cancel', job: 'slow', attempt: 1 })
  await second.say({ type: 'over' })
  await host.over
  const quick = await second.hears('ended', ({ job }) => job === 'quick')
  assert.equal(await host.end('over'), jobsAnswerOf([quick.sealed]))
  await m.close()
})

test('what a daemon that was started anew knows from its records is told, and nothing else', async () => {
  const jobs = [jobOf('kept', 'echo x > outputs/x', { outputs: ['x'] }), jobOf('gone', 'true'), jobOf('heard', 'true')]
  const m = await memberWith({ jobs })
  const host = m.open()
  const before = await m.speak()
  await before.say(offer('heard'))
  const heard = await before.hears('ended')
  await before.say({ type: 'got', job: 'heard', attempt: 1 })
  await before.say(offer('kept'))
  const ended = await before.hears('ended', ({ job }) => job === 'kept')
  await host.end('the daemon stops')
  m.service.close(m.init)
  m.store.needs.release(m.init.owner)
  const again = m.open()
  const after = await m.speak([
    { job: 'kept', attempt: 1 },
    { job: 'gone', attempt: 1 }
  ])
  await after.hears('slots')
  assert.equal((await after.hears('ended')).sealed, ended.sealed)
  assert.equal(
    after.all('broken').map(({ job, code }) => [job, code]),
    [['gone', 'interrupted']]
  )
  await after.say({ type: 'got', job: 'kept', attempt: 1 })
  const { outputs } = resultIn(ended)
  assert.ok(outputs.length === 1 && !m.store.needs.has(outputs[0]?.digest as string))
  m.service.needOutputs(RUN, 'again')
  assert.ok(m.store.needs.has(outputs[0]?.digest as string))
  await after.say({ type: 'over' })
  await again.over
  assert.equal(await again.end('over'), jobsAnswerOf([ended.sealed, heard.sealed]))
  await m.close()
})

test('a controller that is away for longer than it may be finds nothing that runs', async () => {
  const m = await memberWith({ jobs: [jobOf('long', 'sleep 7714')], host: { lostTimeoutMs: 100 } })
  const host = m.open()
  const controller = await m.speak()
  await controller.say(offer('long'))
  await controller.hears('started')
  controller.abort()
  await until(() => m.service.slotUse().taken === 0)
  assert.equal(processesWith('sleep 7714'), [])
  await host.end('over')
  await m.close()
})

test('a cancel that crosses the end of its attempt does not take the result away', async () => {
  const m = await memberWith({ jobs: [jobOf('app', 'true'), jobOf('other', 'true')] })
  const host = m.open()
  const controller = await m.speak()
  for (const name of ['app', 'other']) await controller.say(offer(name))
  const app = await controller.hears('ended', ({ job }) => job === 'app')
  await controller.hears('ended', ({ job }) => job === 'other')
  for (const job of ['app', 'other']) await controller.say({ type: 'cancel', job, attempt: 1 })
  await controller.say({ type: 'got', job: 'app', attempt: 1 })
  await controller.say({ type: 'over' })
  await host.over
  assert.equal(await host.end('over'), jobsAnswerOf([app.sealed]))
  await m.close()
})

test('a stream waits for its graph to open, and is refused where it is over, or of another peer', async () => {
  const m = await memberWith({ jobs: [jobOf('app', 'true')] })
  const early = await m.speak()
  const host = m.open()
  await early.hears('slots')
  const unknown = await m.speak([], { run: RUN.replace('k3f9ab', 'k3f9ac') })
  assert.is(await unknown.ended, 'no-such-run')
  const other = await m.speak([], { peer: m.member.peer })
  assert.is(await other.ended, 'not-the-controller')
  const newer = await m.speak()
  await newer.hears('slots')
  assert.is(await early.ended, 'interrupted')
  await host.end('over')
  m.service.close(m.init)
  assert.is(await newer.ended, undefined)
  const late = await m.speak()
  assert.is(await late.ended, 'phase-closed')
  await m.close()
})

test('it says what it holds, which then stays, and what results it knows', async () => {
  const m = await memberWith({ jobs: [jobOf('app', 'echo x > outputs/x', { outputs: ['x'] })] })
  const host = m.open()
  const controller = await m.speak()
  await controller.say(offer('app'))
  const { key, outputs } = resultIn(await controller.hears('ended'))
  const digest = outputs[0]?.digest as string
  await controller.say({ type: 'hold', id: 7, digests: [digest, 'b'.repeat(64)] })
  assert.equal(await controller.hears('held'), { type: 'held', id: 7, digests: [digest] })
  assert.ok(m.store.needs.has(digest))
  await controller.say({ type: 'look', id: 8, keys: [key] })
  const found = await controller.hears('found')
  assert.equal([found.id, found.results.length], [8, 1])
  await host.end('over')
  await m.close()
})

test('of many keys each has a result in an answer, however many peers have signed one of them', async () => {
  const m = await memberWith({ jobs: [] })
  const [often, once] = ['1', '2'].map(each => each.repeat(64)) as [string, string]
  for (let i = 0; i < 16; i++) m.records.keep(signedResult(newSigner(), { key: often }))
  m.records.keep(signedResult(newSigner(), { key: once }))
  const host = m.open()
  const controller = await m.speak()
  await controller.say({ type: 'look', id: 1, keys: [often, once] })
  const { results } = await controller.hears('found')
  assert.is(results.length, 16)
  assert.ok(results.some(each => openSealed(jobResultSubject, each).value.key === once))
  await host.end('over')
  await m.close()
})

test('a program whose output cannot be read does not go on', async () => {
  const m = await memberWith({ jobs: [jobOf('app', 'sleep 7719')] })
  const { spawn } = m.init.programs
  const unread: typeof spawn = async program => {
    const running = await spawn.call(m.init.programs, program)
    rmSync(program.stdout)
    return running
  }
  const host = m.service.open({ ...m.init, programs: { spawn: unread } })
  const controller = await m.speak()
  await controller.say(offer('app'))
  assert.is((await controller.hears('broken')).attempt, 1)
  assert.equal(processesWith('sleep 7719'), [])
  await host.end('over')
  await m.close()
})

test('whatever a controller says in whatever order, each attempt ends once, and nothing is left', async () => {
  const jobs = [jobOf('quick', 'echo q'), jobOf('long', 'sleep 7716'), jobOf('bad', 'exit 1')]
  const of = fc.record({
    job: fc.constantFrom('quick', 'long', 'bad', 'other'),
    attempt: fc.integer({ min: 1, max: 2 })
  })
  const digest = fc.constant('c'.repeat(64))
  const message: fc.Arbitrary<ToJobs> = fc.oneof(
    { weight: 4, arbitrary: of.map(each => offer(each.job, each.attempt)) },
    { weight: 2, arbitrary: of.map(each => ({ type: 'cancel' as const, ...each })) },
    { weight: 2, arbitrary: of.map(each => ({ type: 'got' as const, ...each })) },
    { weight: 1, arbitrary: fc.nat(9).map(slots => ({ type: 'want' as const, slots })) },
    { weight: 1, arbitrary: digest.map(each => ({ type: 'hold' as const, id: 1, digests: [each] })) },
    { weight: 1, arbitrary: digest.map(each => ({ type: 'look' as const, id: 1, keys: [each] })) }
  )
  // `true` is a stream that breaks
  const said = fc.array(fc.oneof({ weight: 8, arbitrary: message }, fc.constant(true)), { maxLength: 14 })
  await fc.assert(
    fc.asyncProperty(said, fc.array(of, { maxLength: 2 }), async (messages, running) => {
      const m = await memberWith({ jobs, slots: 2 })
      const host = m.open()
      let controller = await m.speak()
      for (const each of messages) {
        if (each !== true) await controller.say(each)
        else {
          controller.abort()
          await controller.ended
          controller = await m.speak(running)
        }
      }
      await controller.hears('slots')
      await controller.say({ type: 'over' })
      await host.over
      await host.end('over')
      assert.is(await controller.ended, undefined)
      const ends = [...controller.all('ended'), ...controller.all('broken')].map(each => `${each.job} ${each.attempt}`)
      const offers = messages.filter(each => each !== true && each.type === 'offer').length
      if (!messages.includes(true)) assert.ok(ends.length <= offers, `${ends.length} ends of ${offers} offers`)
      assert.is(m.service.slotUse().taken, 0)
      assert.equal(processesWith('sleep 7716'), [])
      await m.close()
    }),
    { numRuns: 15 }
  )
})

test('a message that means nothing ends the stream, and what runs goes on', async () => {
  const m = await memberWith({ jobs: [jobOf('long', 'sleep 7715')] })
  const host = m.open()
  const controller = await m.speak()
  await controller.say(offer('long'))
  await controller.hears('started')
  await controller.say({ type: 'open', run: RUN, graph, running: [] })
  assert.is(await controller.ended, 'bad-message')
  const next = await m.speak([{ job: 'long', attempt: 1 }])
  await next.hears('started')
  await host.end('over')
  assert.equal(processesWith('sleep 7715'), [])
  assert.not(existsSync(join(m.init.folder, 'long.1')))
  await m.close()
})

test.run()
