/** `--fetch`: outputs of jobs come to a folder of the caller when the run has ended. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { checkFetch } from '../../../cli/jobs/fetch-outputs.ts'
import type { CallHandlers } from '../../../protocols/control.ts'
import { BakError } from '../../../protocols/errors.ts'
import { jobsResult } from '../../helpers/jobs-result.ts'
import { created, ended, timed, useFakes, yields } from '../fake.ts'

const test = suite('--fetch')
const startFake = useFakes(test)
let folder = ''
test.before.each(() => {
  folder = mkdtempSync(join(tmpdir(), 'bak-fetch-'))
})
test.after.each(() => rmSync(folder, { recursive: true }))

/** A daemon that has a result of jobs, and gives what is asked for, but for these. */
async function daemonOf({ lacking = [] as string[], fails = false } = {}) {
  const place = join(folder, 'result')
  mkdirSync(place)
  const { record, entries } = jobsResult({ folder: place, fails })
  const asked: unknown[] = []
  const handlers: Partial<CallHandlers> = {
    attach: yields(...timed(created, ended({ folder: place }))) as never,
    describe: yields({ run: record.run, controller: record.controller.peer, folder: place, certificates: [] }) as never,
    'get-artifact': async function* (request: { what: string; path: string }) {
      asked.push(request)
      if (lacking.some(name => request.path.endsWith(name))) throw new BakError('no-such-peer', 'nobody has it')
      yield { state: 'fetching', done: 1, total: 1005 }
      yield { state: 'here', digest: request.what, kind: 'file', bytes: 1005, fetched: 1000, path: request.path }
    } as never
  }
  return { fake: await startFake(handlers), asked, entries }
}

test('brings the outputs of the jobs that no other one needs, each to its own place', async () => {
  const { fake, asked, entries } = await daemonOf()
  const out = join(folder, 'out')
  const { status, stderr } = await fake.bak('attach', 'last', '--fetch', out)
  assert.is(status, 0, stderr)
  const digestOf = (job: string) => entries.find(each => each.job === job)?.outputs[0]?.digest
  const run = created.type === 'created' ? created.run : ''
  assert.equal(
    asked,
    ['build', 'app', 'site', 'table'].map(job => ({ what: digestOf(job), run, path: join(out, job, `${job}.out`) }))
  )
  assert.ok(stderr.includes(`4 outputs of jobs in ${out}: 3.9 KiB, 3.9 KiB of them from other peers\n`), stderr)
})

test('names what cannot be had, and is no success then; the others come', async () => {
  const { fake, asked } = await daemonOf({ lacking: ['app.out'] })
  const { status, stderr } = await fake.bak('attach', 'last', '--fetch', join(folder, 'out'))
  assert.is(status, 2)
  assert.is(asked.length, 4)
  assert.match(stderr, /3 outputs of jobs in .*\n.*not fetched: app\/app\.out: nobody has it\n/)
})

test('is of what a failed run has done, too', async () => {
  const { fake, asked } = await daemonOf({ fails: true })
  await fake.bak('attach', 'last', '--quiet', '--fetch', join(folder, 'out'))
  assert.equal(
    asked.map(each => (each as { path: string }).path.split('/').at(-1)),
    ['build.out', 'site.out']
  )
})

test('is refused before the run where its folder has files, and where nobody waits for the end', () => {
  writeFileSync(join(folder, 'mine'), '')
  assert.throws(() => checkFetch({ fetch: folder }), /it has files already/)
  assert.throws(() => checkFetch({ fetch: join(folder, 'mine') }), /--fetch .*mine: /)
  assert.throws(() => checkFetch({ fetch: join(folder, 'new'), detach: true }), /nobody waits/)
  checkFetch({ fetch: join(folder, 'new') })
})

test.run()
