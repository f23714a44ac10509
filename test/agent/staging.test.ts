/** What a member fetches in the phase stage, and what it says of it. */
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { fetchStaged, ownerOf, placeStaged, stagedFor } from '../../node/agent/staging.ts'
import type { FetchOptions } from '../../node/artifacts/swarm/fetch.ts'
import { BakError } from '../../protocols/errors.ts'
import type { Candidate } from '../../protocols/manifest.ts'
import { PLATFORM, type StagedEntry } from '../../protocols/staged.ts'
import { scratchArtifacts, scratchStore } from '../artifacts/scratch-artifacts.ts'
import { controller, manifest, member, offer, run } from '../protocols/samples.ts'
import { listAll, plant, scratch } from '../store/scratch.ts'

const test = suite('what a member fetches')
const digestOf = (character: string) => character.repeat(64)
const [one, two] = [
  { path: 'a', digest: digestOf('1'), bytes: 100 },
  { path: 'b', digest: digestOf('2'), bytes: 50 }
]

function memberOf(staged: StagedEntry[], tools: string[] = []) {
  const mine = { group: 'default', options: {} }
  const workloads = [{ name: 'server', instances: 1, rank: 0 }]
  const candidates: Candidate[] = [
    { peer: member.peer, name: 'm', tools: tools.map(tool => ({ ...mine, tool })), workloads }
  ]
  return { run, self: member.peer, controller: controller.peer, manifest, offer: { ...offer, candidates, staged } }
}

async function swarmsOf(fetch: (digest: string, options: FetchOptions) => Promise<{ bytes: number; source: number }>) {
  return { store: await scratchStore(), fetch }
}
const options = { signal: new AbortController().signal, onProgress: () => {} }

test('a program of a tool is for members that have the tool, and its platform', () => {
  const other = { ...one, tool: 'sar', platform: 'plan9-mips' }
  const here = { ...two, tool: 'sar', platform: PLATFORM }
  assert.equal(stagedFor(memberOf([one, other, here], ['sar'])), [one, here])
  assert.equal(stagedFor(memberOf([one, other, here], ['proc'])), [one])
})

test('a module of an operation is for members that have clients of tasks', () => {
  const module = { ...one, for: 'load' }
  const idle = memberOf([module, two])
  assert.equal(stagedFor(idle), [two])
  const loads = { ...idle.offer, candidates: idle.offer.candidates.map(each => ({ ...each, load: 0 })) }
  assert.equal(stagedFor({ ...idle, offer: loads }), [module, two])
})

test('what jobs have made is for the workloads that it was asked for', () => {
  const made = { ...two, path: 'bin/app' }
  const outputs = [made, { ...made, for: 'server' }, { ...made, for: 'client' }]
  assert.equal(stagedFor({ ...memberOf([one]), outputs }), [one, made, { ...made, for: 'server' }])
})

test('each content is fetched once, from the members and the controller, and stays as long as the run', async () => {
  const asked: string[] = []
  const swarms = await swarmsOf(async (digest, { from, source, by, bytes }) => {
    asked.push(digest)
    assert.equal([from, source, by], [manifest.roster.map(({ peer }) => peer), controller.peer, controller.peer])
    return { bytes, source: 10 }
  })
  const again = { ...one, path: 'c' }
  assert.equal(await fetchStaged(memberOf([one, two, again]), swarms, options), { bytes: 150, source: 20 })
  assert.equal(asked.sort(), [one.digest, two.digest])
  assert.ok(swarms.store.needs.has(one.digest))
  swarms.store.needs.release(ownerOf(run))
  assert.not.ok(swarms.store.needs.has(one.digest))
})

test('nothing is asked for where nothing is staged', async () => {
  const swarms = await swarmsOf(() => assert.unreachable() as never)
  assert.is(await fetchStaged(memberOf([]), swarms, options), undefined)
})

test('what cannot be fetched is named, with the code of the reason', async () => {
  const swarms = await swarmsOf(async (digest, { bytes }) => {
    if (digest === two.digest) throw new BakError('no-space', 'the disk is full')
    return { bytes, source: 0 }
  })
  const error = await fetchStaged(memberOf([one, two]), swarms, options).catch(cause => cause)
  assert.equal([error.code, error.message], ['no-space', 'b is not here: the disk is full'])
})

test('how much is here is told of all together', async () => {
  const told: number[][] = []
  const swarms = await swarmsOf(async (_, { onProgress, bytes }) => {
    onProgress?.(bytes / 2, bytes)
    return { bytes, source: 0 }
  })
  await fetchStaged(memberOf([one, two]), swarms, { ...options, onProgress: (...each) => told.push(each) })
  assert.equal(told, [[50, 150]])
})

test('a workload finds in its working folder what is for it, and what is for all', async () => {
  const root = scratch()
  await plant(root, { 'd/in': 'folder', f: 'file' })
  const { imports, store } = await scratchArtifacts()
  const take = async (path: string, more: object) => ({
    ...{ bytes: 6, ...more },
    digest: (await imports.take(join(root, path), { by: controller.peer })).digest
  })
  const staged = [
    await take('d', { path: '.' }),
    await take('f', { path: 'a/b/f' }),
    await take('f', { path: 'mine', for: 'server' }),
    await take('f', { path: 'other', for: 'client' }),
    await take('f', { path: 'program', tool: 'sar', platform: PLATFORM })
  ] as StagedEntry[]
  const cwd = scratch()
  await placeStaged(memberOf(staged, ['sar']), store, { workload: 'server', cwd })
  assert.equal(await listAll(cwd), ['a/b/f', 'in', 'mine'])
})

test.run()
