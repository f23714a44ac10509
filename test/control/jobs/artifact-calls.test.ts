/** Calls about artifacts, answered by the records and the stores of several peers. */
import { readFileSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { artifact, artifacts } from '../../../node/control/jobs/artifact-calls.ts'
import { getArtifact, releaseArtifact, removeArtifact } from '../../../node/control/jobs/get-artifact.ts'
import { jobEntryOf, signedResult } from '../../helpers/job-results.ts'
import { run, runRecord } from '../../protocols/samples.ts'
import { listAll, plant, scratch } from '../../store/scratch.ts'
import { type Peer, somePeers } from './some-peers.ts'

const test = suite('calls about artifacts')
const options = { signal: new AbortController().signal }
let peers: Record<string, Peer> = {}
test.after.each(() => {
  for (const each of Object.values(peers)) each.close()
})

/** n1 led the run, n2 ran link, whose outputs it has; n3 was asked. */
async function mesh() {
  peers = await somePeers({ n1: { records: [runRecord] }, n2: {}, n3: {} }, { [run]: 'n1' })
  const { n1, n2, n3 } = peers as { n1: Peer; n2: Peer; n3: Peer }
  const root = scratch()
  await plant(root, { app: 'program', 'share/doc': 'text' })
  const by = n2.signer.peer
  const outputs = await Promise.all(
    ['app', 'share'].map(async path => {
      const { digest, kind, bytes } = await n2.artifacts.imports.take(join(root, path), { by })
      return { path, digest, kind, bytes }
    })
  )
  const result = signedResult(n2.signer, { job: 'link', outputs })
  n2.jobRecords.keep(result)
  n1.jobRecords.keep(result)
  n1.jobRecords.note(run, [jobEntryOf({ job: 'link', by, member: 'n2', outputs }), jobEntryOf({ job: 'gen' })])
  const [app, share] = outputs.map(({ digest }) => digest) as [string, string]
  return { n1, n2, n3, app, share }
}

const last = async <T>(answers: AsyncIterable<T>): Promise<T> => (await Array.fromAsync(answers)).at(-1) as T
const failureOf = (answers: AsyncIterable<unknown>): Promise<string> =>
  Array.fromAsync(answers).then(
    () => 'none',
    ({ code, message }) => `${code}: ${message}`
  )
const get = (peer: Peer, what: string, more: object) => last(getArtifact(peer.parts, { what, ...more }, options))

test('of jobs that made the same the one that was asked for is told first', async () => {
  const { n1, n2, n3 } = await mesh()
  const outputs = [
    { path: 'copy', digest: n2.artifacts.store.list()[0]?.digest as string, kind: 'file' as const, bytes: 7 }
  ]
  for (const [job, began] of [
    ['cp', 9_000],
    ['mv', 10_000]
  ] as const) {
    n2.jobRecords.keep(signedResult(n2.signer, { job, outputs, began }))
    n1.jobRecords.note(run, [jobEntryOf({ job, by: n2.signer.peer, member: 'n2', outputs })])
  }
  const jobsOf = async (what: string) => (await last(artifact(n3.parts, { what }, options))).made.map(({ job }) => job)
  assert.equal(await jobsOf(`${run}/cp/copy`), ['cp', 'mv', 'link'])
  assert.equal(await jobsOf(outputs[0]?.digest as string), ['mv', 'cp', 'link'])
})

test('an artifact is found by its output, its digest and its begin, and written whole', async () => {
  const { n1, n2, n3, app, share } = await mesh()
  const into = scratch()
  for (const [at, [peer, what, more]] of (
    [
      [n1, 'last/link/app', {}],
      [n3, `${run}/link/app`, {}],
      [n3, app, { run }],
      [n3, app.slice(0, 10), {}],
      [n2, 'link/app', { run }],
      [n2, 'app', { run }]
    ] as const
  ).entries()) {
    const path = join(into, `${at}/app`)
    const answer = await get(peer, what, { path, ...more })
    assert.is(readFileSync(path, 'utf8'), 'program', what)
    assert.is(answer.state === 'here' && answer.digest, app)
  }
  const answer = await get(n1, 'last/link/share', { folder: join(into, 'folder') })
  assert.equal(answer, {
    ...{ state: 'here', digest: share, kind: 'folder', bytes: 4, fetched: 4 },
    path: join(into, 'folder/share')
  })
  assert.equal(await listAll(join(into, 'folder')), ['share/doc'])
})

test('what is here is not fetched, also when its maker is gone', async () => {
  const { n1, n2, app } = await mesh()
  const into = scratch()
  await get(n1, 'last/link/app', { folder: into })
  n2.leave()
  const again = await get(n1, 'last/link/app', { path: join(into, 'again') })
  assert.is(again.state === 'here' && again.fetched, 0)
  assert.match(
    await failureOf(getArtifact(n1.parts, { what: 'last/link/app', folder: into }, options)),
    /^cannot-create: .*app is there already/
  )
  await n1.artifacts.store.remove(app)
  assert.match(
    await failureOf(getArtifact(n1.parts, { what: app, run, path: join(into, 'third') }, options)),
    /^unknown-digest: nobody that can be reached has .*these did not answer: n2 \(it cannot be reached\)/
  )
  assert.equal((await readdir(into)).sort(), ['again', 'app'])
})

test('an output is found by the result of its member where who led the run is gone', async () => {
  const { n1, n3 } = await mesh()
  n1.leave()
  const into = scratch()
  await get(n3, `${run}/link/app`, { folder: into })
  assert.is(readFileSync(join(into, 'app'), 'utf8'), 'program')
})

test('what is none, or could be several, is refused with what there is', async () => {
  const { n1 } = await mesh()
  const failing = (what: string, more: object = {}) =>
    failureOf(getArtifact(n1.parts, { what, folder: '/nowhere', ...more }, options))
  assert.match(await failing('last/link'), /^usage: last\/link could be .*\/link\/app, .*\/link\/share$/)
  assert.match(
    await failing('last/link/none'),
    /^unknown-digest: last\/link\/none: no job of .* that is known has this output/
  )
  assert.match(await failing('none'), /^unknown-digest: no release, and no digest that is known, is none/)
  assert.match(await failing('none', { run: 'last' }), /^unknown-digest: no release/)
  assert.match(await failing('x/y/z'), /^no-such-run/)
})

test('a release is fetched, stays, and is known to every peer until it is given up', async () => {
  const { n1, n2, n3, app, share } = await mesh()
  const kept = await last(releaseArtifact(n1.parts, { what: 'last/link/app', name: 'tool' }, options))
  assert.equal(kept, { state: 'released', digest: app, name: 'tool', bytes: 7, former: undefined })
  n2.leave()
  const into = scratch()
  assert.is((await get(n3, 'tool', { folder: into })).state, 'here')
  assert.is(readFileSync(join(into, 'tool'), 'utf8'), 'program')
  assert.match(await failureOf(removeArtifact(n1.parts, { what: app }, options)), /^busy: .*tool/)
  const other = releaseArtifact(n1.parts, { what: 'last/link/share', name: 'tool' }, options)
  assert.match(await failureOf(other), /^unknown-digest/)
  assert.equal(await last(removeArtifact(n1.parts, { what: 'tool' }, options)), {
    ...{ digest: app, release: 'tool', bytes: 7, isDeleted: false }
  })
  assert.equal(await last(removeArtifact(n1.parts, { what: app }, options)), { digest: app, bytes: 7, isDeleted: true })
  assert.is(n1.artifacts.store.get(app), undefined)
  assert.is(share.length, 64)
})

test('what the run made goes before what is released under the same name', async () => {
  const { n1, n2, app, share } = await mesh()
  await n2.artifacts.store.releases.add(share, 'app')
  const into = scratch()
  await get(n1, 'app', { run: 'last', path: join(into, 'made') })
  assert.is(readFileSync(join(into, 'made'), 'utf8'), 'program')
  const released = await get(n1, 'app', { path: join(into, 'released') })
  assert.equal([released.state === 'here' && released.digest, app === share], [share, false])
})

test('each peer says what it has, and of a run what it knows', async () => {
  const { n1, n2, app, share } = await mesh()
  const listed = async (request: object) => {
    const answers = await Array.fromAsync(artifacts(n1.parts, request, options))
    return Object.fromEntries(
      answers.map(each => [each.name, each.error ?? each.artifacts.map(row => [row.digest, row.here]).sort()])
    )
  }
  const both = (here: boolean) => [app, share].sort().map(digest => [digest, here])
  assert.equal(await listed({}), { n1: [], n2: both(true), n3: [] })
  assert.equal(await listed({ run: 'last' }), { n1: both(false), n2: both(true), n3: [] })
  assert.equal(await listed({ text: 'share' }), { n1: [[share, false]], n2: [[share, true]], n3: [] })
  n2.leave()
  assert.is((await listed({})).n2, 'it cannot be reached')
})

test('an artifact has the result that made it, and who has it', async () => {
  const { n2, n3, app } = await mesh()
  const answer = await last(artifact(n3.parts, { what: app.slice(0, 12) }, options))
  assert.equal(
    answer.made.map(each => [each.job, each.byName, each.attempt]),
    [['link', 'n2', 1]]
  )
  assert.equal(
    answer.holders.map(({ name }) => name),
    ['n2']
  )
  assert.equal([answer.digest, answer.kind, answer.bytes, answer.silent], [app, 'file', 7, []])
  assert.is(answer.made[0]?.by, n2.signer.peer)
})

test.run()
