/** Jobs of others with real programs that are kept apart from the daemon: where they can write, what is left of them, and what they share. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { keyOfHome } from '../../../node/processes/work-folders.ts'
import { open as openSealed } from '../../../protocols/envelope.ts'
import { jobResultSubject } from '../../../protocols/jobs/job-result.ts'
import { processesWith } from '../../helpers/mesh.ts'
import { needs, skipWhere } from '../../helpers/skip.ts'
import { stayAwake } from '../../helpers/streams.ts'
import { until } from '../../helpers/until.ts'
import { jobOf, memberWith, offer, RUN, type Speaker } from './hosted-jobs.ts'

const asRoot = process.getuid?.() === 0 ? needs('nsenter') : 'only root runs programs as another user'

const test = suite('jobs that are kept apart')
let sleeps: () => void
test.before(() => {
  sleeps = stayAwake()
})
test.after(() => sleeps())

/** @returns those that keep namespaces for jobs of this process */
const keepers = () => processesWith('sleep 2147483647').filter(pid => parentOf(pid) === process.pid)
const parentOf = (pid: number) =>
  Number(
    readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')[1]
  )

const resultOf = async (controller: Speaker, job: string) =>
  openSealed(jobResultSubject, (await controller.hears('ended', each => each.job === job)).sealed).value

const said = (controller: Speaker, job: string) =>
  controller
    .all('lines')
    .filter(each => each.job === job)
    .flatMap(({ lines }) => lines.map(({ text }) => text))

const WRITES = ['/tmp', '/', '/etc', '/var/lib']
  .map(folder => `touch ${folder}/bak-job 2>/dev/null && echo ${folder}`)
  .join('; ')

for (const [apart, missing] of [
  ['user', asRoot],
  ['sandbox', needs('bwrap')]
] as const) {
  skipWhere(missing, test)(`${apart}: a job has its inputs, leaves its outputs, and writes nowhere else`, async () => {
    const script = `id -u; cat inputs/a; echo made > outputs/x; echo y > y; ${WRITES}; ls "$HOME" > /dev/null; echo end`
    const jobs = [jobOf('app', script, { outputs: ['x'] }), jobOf('next', 'cat /tmp/bak-job; ls ..')]
    const m = await memberWith({ jobs, apart })
    writeFileSync(join(m.folder, 'a'), 'input\n')
    const { digest, bytes } = await m.imports.take(join(m.folder, 'a'), { by: m.member.peer })
    const host = m.open()
    const controller = await m.speak()
    await controller.say(offer('app', 1, [{ path: 'a', digest, bytes, from: [m.member.peer] }]))
    const app = await resultOf(controller, 'app')
    assert.equal([app.outcome, app.error, app.tail], ['done', undefined, []])
    const [uid, ...lines] = said(controller, 'app')
    if (apart === 'user') assert.is.not(uid, '0')
    assert.equal(lines, ['input', '/tmp', 'end'])
    assert.not(existsSync('/tmp/bak-job'))
    await controller.say(offer('next'))
    await resultOf(controller, 'next')
    await controller.say({ type: 'over' })
    await host.over
    await host.end('over')
    assert.equal(
      readdirSync(m.init.folder).filter(each => !each.startsWith('.')),
      []
    )
    await m.close()
    assert.not(existsSync(join('/var/lib/bak-run', keyOfHome(m.folder), RUN)))
  })

  skipWhere(missing, test)(
    `${apart}: what a job leaves running ends with it, and it is cancelled within seconds`,
    async () => {
      const jobs = [
        jobOf('leaves', 'sleep 7721 & sleep 7722 & echo on'),
        jobOf('deaf', "trap '' TERM; echo on; while :; do sleep 7723; done")
      ]
      const m = await memberWith({ jobs, apart })
      const host = m.open()
      const controller = await m.speak()
      for (const { name } of jobs) await controller.say(offer(name))
      assert.is((await resultOf(controller, 'leaves')).outcome, 'done')
      assert.equal(processesWith('sleep 7721'), [])
      await controller.hears('lines', each => each.job === 'deaf')
      const began = performance.now()
      await controller.say({ type: 'cancel', job: 'deaf', attempt: 1 })
      assert.is((await resultOf(controller, 'deaf')).outcome, 'cancelled')
      assert.ok(performance.now() - began < 5_000)
      assert.equal(processesWith('sleep 7723'), [])
      await host.end('over')
      await m.close()
    }
  )
}

skipWhere(asRoot, test)('namespaces that jobs share are made again where they are lost', async () => {
  const jobs = [jobOf('one', 'touch /tmp/one'), jobOf('two', 'ls /tmp'), jobOf('three', 'ls /tmp')]
  const m = await memberWith({ jobs, apart: 'user' })
  const host = m.open()
  const controller = await m.speak()
  const does = async (name: string) => {
    await controller.say(offer(name))
    assert.is((await resultOf(controller, name)).outcome, 'done')
    return said(controller, name)
  }
  await does('one')
  assert.equal(await does('two'), ['one'])
  for (const pid of keepers()) process.kill(pid, 'SIGKILL')
  await until(() => keepers().length === 0)
  assert.equal(await does('three'), [])
  for (const pid of keepers()) process.kill(pid, 'SIGKILL')
  await host.end('over')
  await m.close()
  assert.not(existsSync(join('/var/lib/bak-run', keyOfHome(m.folder), RUN)))
  assert.equal(keepers(), [])
})

test.run()
