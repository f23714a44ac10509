/** A collection that a killed daemon did not end. */
import { appendFileSync, mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Announcements } from '../../node/run/announcements.ts'
import { RunEvents } from '../../node/run/events.ts'
import { endCollection } from '../../node/run/seal-anew.ts'
import { sealResult } from '../../node/run/sealing.ts'
import { RunFolder } from '../../node/store/run-folder.ts'
import { digestOf } from '../../protocols/digest.ts'
import { seal } from '../../protocols/envelope.ts'
import { fileLine, sealFileList } from '../../protocols/file-list.ts'
import { OFFER_FILE } from '../../protocols/layout.ts'
import { offerSubject } from '../../protocols/manifest.ts'
import { verifyFolder } from '../../protocols/verify.ts'
import { controller, member, offer, run, runRecord, specOf } from '../protocols/samples.ts'
import { codeOf, scratch } from '../store/scratch.ts'

const test = suite('a collection that was not ended')
const FILE = 'sysinfo/begin/node-b/os.json'
const OTHER = 'sysinfo/end/node-b/os.json'

/** A sealed result. */
async function sealed() {
  const folder = new RunFolder(`${scratch()}/${run}`)
  await folder.create(specOf())
  await folder.writeEnvelope(OFFER_FILE, seal(offerSubject, { ...offer, signedFiles: true }, controller))
  const events = await RunEvents.open(folder.journal, [], () => {})
  const record = { ...runRecord, verdict: 'ok' as const, status: 0, ended: 2 }
  await sealResult({ record, events, folder, signer: controller, announced: new Announcements() })
  return folder
}

function put(folder: RunFolder, path: string, content: string): string {
  mkdirSync(dirname(folder.path(path)), { recursive: true })
  writeFileSync(folder.path(path), content)
  return fileLine(path, { sha256: digestOf(Buffer.from(content)), bytes: content.length })
}

/** As the receiver leaves it when the daemon is killed: one tarball is noted, and the files of another without their list. */
async function killed(folder: RunFolder) {
  const { sealed: list, digest: files } = sealFileList(run, Buffer.from(put(folder, FILE, 'one')), member)
  folder.addFileList(list)
  const n = readFileSync(folder.journal, 'utf8').trim().split('\n').length
  const tarball = { peer: member.peer, name: 'node-b', what: 'sysinfo begin', digest: 'd'.repeat(64), bytes: 7, files }
  appendFileSync(folder.journal, `${JSON.stringify({ n, at: 1, type: 'received', took: 1, ...tarball })}\n{"n":`)
  appendFileSync(folder.path('files.txt'), list.subarray(0, 40))
  put(folder, OTHER, 'two')
  mkdirSync(folder.path('.bak-0123456789abcdef.tmp'))
  return tarball
}

test('what has its list gets its seal, and what has none is named and stays', async () => {
  const folder = await sealed()
  const { sent } = await folder.readRecord()
  const tarball = await killed(folder)
  await endCollection(folder, controller)
  const record = await folder.readRecord()
  assert.ok(folder.isSealed())
  assert.equal(record.sent, [...sent, { ...tarball, arrived: true }])
  assert.is(record.files?.[FILE]?.bytes, 3)
  assert.is(record.files?.[OTHER], undefined)
  assert.equal(record.unreadable, [{ path: OTHER, reason: 'node-b did not sign it' }])
  assert.is(readFileSync(folder.path(OTHER), 'utf8'), 'two')
  assert.is((await folder.fileLists()).length, 1, 'half a list is cut off')
  // it comes again: what is there already is as it was signed
  folder.addFileList(sealFileList(run, Buffer.from(put(folder, OTHER, 'two')), member).sealed)
  await endCollection(folder, controller)
  const again = await folder.readRecord()
  assert.equal([again.unreadable, again.files?.[OTHER]?.bytes], [undefined, 3])
  assert.equal(again.sent, record.sent, 'what is noted is not noted twice')
})

test('a report that was made in between stays beside the seal', async () => {
  const folder = await sealed()
  writeFileSync(folder.path('report.html'), '<p>')
  await killed(folder)
  await endCollection(folder, controller)
  const record = await folder.readRecord()
  assert.is(record.files?.['report.html'], undefined)
  assert.not(record.unreadable?.some(({ path }) => path === 'report.html'))
  assert.equal((await verifyFolder(folder.root)).beside, ['report.html'])
})

const tampering: Array<[string, (folder: RunFolder) => void]> = [
  ['a file was changed', folder => appendFileSync(folder.path('spec.toml'), '#')],
  ['a file is gone', folder => rmSync(folder.path('spec.toml'))],
  ['a file was added that is of no member', folder => writeFileSync(folder.path('x'), '')],
  ['the journal was cut', folder => truncateSync(folder.journal, 10)],
  [
    'the begin of the journal was changed',
    folder => writeFileSync(folder.journal, readFileSync(folder.journal, 'utf8').replace('ended', 'enDed'))
  ],
  ['the record was changed', folder => appendFileSync(folder.path('run.json'), ' ')]
]

for (const [what, tamper] of tampering) {
  test(`nothing is sealed where ${what}`, async () => {
    const folder = await sealed()
    await killed(folder)
    tamper(folder)
    const before = readFileSync(folder.path('run.json'))
    assert.is(await codeOf(endCollection(folder, controller)), 'damaged')
    assert.equal(readFileSync(folder.path('run.json')), before)
  })
}

test.run()
