import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Announcements } from '../../node/run/announcements.ts'
import { RunEvents } from '../../node/run/events.ts'
import { closeAbandoned } from '../../node/run/recover.ts'
import { sealResult } from '../../node/run/sealing.ts'
import { RunFolder } from '../../node/store/run-folder.ts'
import { digestOf } from '../../protocols/digest.ts'
import { seal as sealEnvelope } from '../../protocols/envelope.ts'
import { fileLine, sealFileList } from '../../protocols/file-list.ts'
import { OFFER_FILE } from '../../protocols/layout.ts'
import { offerSubject } from '../../protocols/manifest.ts'
import type { RunRecord } from '../../protocols/record.ts'
import { asNobody } from '../helpers/nobody.ts'
import { controller, member, offer, run, runRecord, specOf } from '../protocols/samples.ts'
import { scratch } from '../store/scratch.ts'

const test = suite('sealing')

async function result() {
  const folder = new RunFolder(join(scratch(), run))
  await folder.create(specOf())
  chmodSync(join(folder.root, '..'), 0o777)
  chmodSync(folder.root, 0o777)
  const record: RunRecord = { ...runRecord, verdict: 'ok', status: 0, ended: 2 }
  const events = await RunEvents.open(folder.journal, [], () => {})
  const seal = () => sealResult({ record, events, folder, signer: controller, announced: new Announcements() })
  const last = async () => (await Array.fromAsync(events.follow(0, new AbortController().signal))).at(-1)
  return { folder, record, events, seal, last }
}

test('a run is ok once it has its seal', async () => {
  const { folder, seal, last } = await result()
  assert.is(await seal(), undefined)
  assert.ok(folder.isSealed())
  assert.equal(Object.keys((await folder.readRecord()).files ?? {}), ['spec.toml', 'journal.ndjson'])
  const event = await last()
  assert.is(event?.type === 'ended' && event.status, 0)
})

test('what cannot be read is listed under the seal, and the run has failed', async () => {
  const { folder, record, seal, last } = await result()
  writeFileSync(folder.path('odd'), 'x')
  chmodSync(folder.path('odd'), 0)
  for (const path of [folder.journal, folder.path('spec.toml'), folder.certificates]) chmodSync(path, 0o777)
  assert.is(await asNobody(seal), undefined)
  const sealed = await folder.readRecord()
  assert.equal(sealed.unreadable, [{ path: 'odd', reason: 'EACCES: permission denied' }])
  assert.equal([sealed.verdict, sealed.status, record.verdict], ['failed', 74, 'failed'])
  const event = await last()
  assert.match((event?.type === 'ended' && event.reason) || '', /odd \(EACCES/)
})

test('without a seal no run is ok, whatever became of its workload; the next start seals it', async () => {
  for (const verdict of ['ok', 'workload-failed'] as const) {
    const { folder, record, seal, last } = await result()
    Object.assign(record, { verdict, reason: verdict === 'ok' ? undefined : 'exit 7' })
    // a folder in the place of the record: nothing can be written there
    mkdirSync(folder.path('run.json'))
    assert.match((await seal()) ?? '', /could not be sealed/)
    const event = await last()
    assert.equal(event?.type === 'ended' && [event.verdict, event.status], ['failed', 74])
    if (verdict !== 'ok') assert.match(record.reason ?? '', /before that, workload-failed: exit 7/)
    rmSync(folder.path('run.json'), { recursive: true })
    await folder.writeRecord({ ...record, state: 'running', verdict: undefined, reason: undefined })
    assert.is(await closeAbandoned(folder, controller), undefined)
    const mended = await folder.readRecord()
    assert.ok(folder.isSealed())
    assert.equal([mended.state, mended.verdict], ['ended', 'failed'])
    assert.match(mended.reason ?? '', /before the result was sealed/)
  }
})

test('a journal that is damaged keeps no run from its end', async () => {
  const { folder, record, events } = await result()
  events.store({ type: 'offered' })
  await events.close()
  writeFileSync(folder.journal, `${readFileSync(folder.journal, 'utf8')}{ no json\n{}\n`)
  await folder.writeRecord({ ...record, state: 'running' })
  await closeAbandoned(folder, controller)
  assert.ok(folder.isSealed())
  assert.match(readFileSync(folder.journal, 'utf8'), /the journal is damaged/)
})

test('a run that was left open is closed with what its journal says beyond its record', async () => {
  const { folder, record, events } = await result()
  const lack = { kind: 'tool' as const, member: 'node-b', what: 'x', reason: 'wrote nothing' }
  events.store({ type: 'shortfall', ...lack })
  const tarball = { peer: member.peer, name: 'node-b', what: '1-default/sample1', digest: 'a'.repeat(64), bytes: 7 }
  events.store({ type: 'received', ...tarball, took: 1 })
  await events.close()
  await folder.writeRecord({ ...record, sent: [], shortfalls: [], state: 'running' })
  await closeAbandoned(folder, controller)
  const closed = await folder.readRecord()
  assert.equal([closed.shortfalls, closed.sent], [[lack], [{ ...tarball, arrived: true }]])
})

test('a tarball that was being unpacked when the daemon was killed is named, and its run is closed so that it can be completed', async () => {
  const { folder, record, events } = await result()
  await folder.writeEnvelope(OFFER_FILE, sealEnvelope(offerSubject, { ...offer, signedFiles: true }, controller))
  const renamed = [{ path: 'sysinfo/end/node-b/x', as: 'sysinfo/end/node-b/x-2' }]
  const digest = 'a'.repeat(64)
  const tarball = { peer: member.peer, name: 'node-b', what: 'sysinfo end', digest, bytes: 7, files: digest }
  events.store({ type: 'received', ...tarball, took: 1 })
  events.store({ type: 'received', ...tarball, took: 1, renamed })
  await events.close()
  const path = 'sysinfo/begin/node-b'
  mkdirSync(folder.path(path), { recursive: true })
  writeFileSync(folder.path(path, 'os.json'), '{}')
  const { sealed } = sealFileList(run, Buffer.alloc(0), member)
  writeFileSync(folder.path('files.txt'), Buffer.concat([sealed, sealed.subarray(0, 50)]))
  for (const each of [folder.root, folder.certificates]) writeFileSync(join(each, '.bak-0123456789abcdef.tmp'), '')
  // the record names the first of them
  const sent = [{ ...tarball, arrived: true }]
  await folder.writeRecord({ ...record, sent, state: 'running' })
  await closeAbandoned(folder, controller)
  const closed = await folder.readRecord()
  assert.equal(closed.unreadable, [{ path: `${path}/os.json`, reason: 'node-b did not sign it' }])
  assert.ok(existsSync(folder.path(path, 'os.json')), 'nothing is deleted')
  assert.equal([closed.partial, closed.sent.length, closed.renamed], [true, 2, renamed])
  assert.equal(readFileSync(folder.path('files.txt')), sealed, 'half a list is cut off')
  assert.not.ok(Object.keys(closed.files ?? {}).some(each => each.endsWith('.tmp')))
})

test('what a member did not sign so stays out of the seal, and is named', async () => {
  const file = 'sysinfo/begin/node-b/os.json'
  const bytes = Buffer.from('{}')
  const good = fileLine(file, { sha256: digestOf(bytes), bytes: bytes.length })
  const bad = fileLine(file, { sha256: 'a'.repeat(64), bytes: bytes.length })
  const more = 'sysinfo/begin/node-b/more'
  for (const [lines, path, says] of [
    [[good], undefined, undefined],
    [[bad], file, /is not as node-b signed it/],
    [[], file, /node-b did not sign it/],
    [[good, fileLine(more, { sha256: 'a'.repeat(64), bytes: 1 })], more, /is missing: node-b signed it/]
  ] as const) {
    const { folder, record, seal } = await result()
    await folder.writeEnvelope(OFFER_FILE, sealEnvelope(offerSubject, { ...offer, signedFiles: true }, controller))
    mkdirSync(dirname(folder.path(file)), { recursive: true })
    writeFileSync(folder.path(file), bytes)
    folder.addFileList(sealFileList(run, Buffer.from(lines.join('')), member).sealed)
    assert.is(await seal(), undefined)
    const sealed = await folder.readRecord()
    assert.equal([record.verdict, sealed.partial], ['ok', path != null], String(says))
    assert.is(Object.hasOwn(sealed.files ?? {}, file), path !== file)
    assert.ok(existsSync(folder.path(file)), 'nothing is deleted')
    if (path == null) continue
    assert.is(sealed.unreadable?.[0]?.path, path)
    assert.match(sealed.unreadable?.[0]?.reason ?? '', says)
    const { kind, member: name, what } = sealed.shortfalls.at(-1) ?? {}
    assert.equal([kind, name, what], ['file', 'node-b', path])
  }
})

test('of many files that a member did not sign the seal names the folder, so that the record can be read', async () => {
  const { folder, seal } = await result()
  await folder.writeEnvelope(OFFER_FILE, sealEnvelope(offerSubject, { ...offer, signedFiles: true }, controller))
  const path = 'sysinfo/begin/node-b'
  mkdirSync(folder.path(path), { recursive: true })
  for (let i = 0; i < 101; i++) writeFileSync(folder.path(path, `${i}.json`), '')
  folder.addFileList(sealFileList(run, Buffer.alloc(0), member).sealed)
  await seal()
  const { unreadable } = await folder.readRecord()
  assert.equal(
    unreadable?.map(each => each.path),
    [path]
  )
  assert.match(unreadable?.[0]?.reason ?? '', /^101 paths in it, as \S+\.json, which node-b did not sign it/)
})

test('a collection seals what is new of members, and no change of what has a digest', async () => {
  const { folder, record, seal } = await result()
  execFileSync('sh', ['-c', 'echo 1 > old'], { cwd: folder.root })
  await seal()
  const before = (await folder.readRecord()).files
  execFileSync('sh', ['-c', 'echo 2 > old; echo 3 > new; mkdir -p sysinfo/end/node-b; echo 4 > sysinfo/end/node-b/x'], {
    cwd: folder.root
  })
  const unreadable = [{ path: 'new', reason: 'EACCES' }]
  const proof = await folder.digestsAnew({ ...record, files: before, unreadable })
  assert.equal(proof.files.old, before?.old)
  assert.is(proof.files['sysinfo/end/node-b/x']?.bytes, 2)
  assert.is(proof.files.new, undefined)
  assert.equal(proof.unreadable, unreadable, 'what had no digest gets none by a collection')
})

test.run()
