/** Inputs of jobs that the controller has before a graph begins: files, addresses, the result. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { checkGiven, takeGiven } from '../../../node/run/jobs/given-inputs.ts'
import { givenKey } from '../../../node/run/jobs/graph-init.ts'
import { BakError } from '../../../protocols/errors.ts'
import { fake, fakeRun } from '../../helpers/run.ts'
import { specOf } from '../../protocols/samples.ts'
import { scratch } from '../../store/scratch.ts'

const test = suite('inputs that no job makes')

const sha256 = 'a'.repeat(64)
const jobsOf = (...jobs: object[]) =>
  specOf({ command: undefined, job: jobs.map((each, i) => ({ name: `j${i}`, script: 'true', ...each })) }).job
const never = new AbortController().signal

async function made() {
  const { run } = await fakeRun()
  const directory = scratch()
  run.order.directory = directory
  const asked: string[] = []
  const sources = fake<typeof run.parts.artifacts.sources>({
    fetch: async ({ url }) => {
      asked.push(url)
      if (url.endsWith('gone')) throw new BakError('unreachable', `${url} answers 404`)
      return { digest: sha256, bytes: 5 }
    }
  })
  run.parts.artifacts = { ...run.parts.artifacts, sources }
  return { run, directory, asked }
}

test('files, folders and what has an address are in the store of this peer, each source once', async () => {
  const { run, directory, asked } = await made()
  await mkdir(join(directory, 'src'))
  await writeFile(join(directory, 'src/a.c'), 'int a;')
  const jobs = jobsOf(
    { inputs: ['src', { url: 'http://x/lib.tar', sha256 }] },
    {
      inputs: [
        { path: 'src', as: 'code' },
        { url: 'http://x/lib.tar', sha256 }
      ]
    }
  )
  const given = await takeGiven(jobs, ['path', 'url'], run, never)
  assert.equal([...given.keys()].sort(), ['j0\0lib.tar', 'j0\0src', 'j1\0code', 'j1\0lib.tar'])
  assert.equal(asked, ['http://x/lib.tar'])
  const src = given.get(givenKey('j0', 'src'))
  assert.equal(given.get(givenKey('j1', 'code')), src)
  assert.equal([src?.bytes, src?.from], [6, [run.parts.signer.peer]])
  const { store } = run.parts.artifacts
  assert.ok(store.get(src?.digest ?? '') != null)
  assert.ok(store.needs.has(src?.digest ?? '') && store.needs.has(sha256), 'it stays as long as the run goes on')
})

test('what cannot be had is named with its job and its place', async () => {
  const { run, directory } = await made()
  const failing = [
    [{ inputs: ['none'] }, /^input none of job j0: .*none/],
    [{ inputs: [{ url: 'http://x/gone', sha256 }] }, /^input gone of job j0: http:\/\/x\/gone answers 404/]
  ] as const
  for (const [job, message] of failing)
    await takeGiven(jobsOf(job), ['path', 'url'], run, never).then(
      () => assert.unreachable(),
      ({ message: said }) => assert.match(said, message)
    )
  await checkGiven(jobsOf({ inputs: ['none'] }), directory, run.parts.artifacts).then(
    () => assert.unreachable(),
    ({ code, message }) => assert.equal([code, /^input none of job j0: /.test(message)], ['usage', true])
  )
})

test('a report finds the result as it is then', async () => {
  const { run } = await made()
  await mkdir(run.folder.path('1-default/sample1'), { recursive: true })
  await writeFile(run.folder.path('1-default/sample1/out.txt'), '42')
  const jobs = jobsOf(
    { name: 'w' },
    { role: 'report', inputs: [{ result: '1-default/sample1/out.txt' }, { result: '.', as: 'all' }] }
  )
  const given = await takeGiven(jobs, ['result'], run, never)
  assert.is(given.get(givenKey('j1', 'out.txt'))?.bytes, 2)
  assert.ok((given.get(givenKey('j1', 'all'))?.bytes ?? 0) > 2)
})

test.run()
