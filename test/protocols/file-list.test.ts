/** Lists of files as members sign them: written, read and refused. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  checkFileList,
  fileLine,
  folderLine,
  isSignedList,
  linesOfList,
  sealFileList,
  splitFileLists
} from '../../protocols/file-list.ts'
import { newSigner } from '../helpers/streams.ts'

const test = suite('lists of files')
const run = '20261122T213015-k3f9ab'
const sha256 = 'a'.repeat(64)
const signer = newSigner()
const text = Buffer.from(fileLine('s/ä b', { sha256, bytes: 7 }) + folderLine('s/empty'))
const { sealed, digest } = sealFileList(run, text, signer)

test('a list is read as it was written, several behind each other too', () => {
  const { lists, rest } = splitFileLists(Buffer.concat([sealed, sealFileList(run, Buffer.alloc(0), signer).sealed]))
  assert.equal([lists.length, rest], [2, 0])
  const [list] = lists
  assert.equal(list && [list.run, list.by, list.digest], [run, signer.peer, digest])
  assert.equal(list && [...linesOfList(list)], [{ path: 's/ä b', file: { sha256, bytes: 7 } }, { path: 's/empty' }])
})

test('what is cut off or no list is counted, and costs no list before it', () => {
  for (const end of [sealed.subarray(0, -1), sealed.subarray(0, 20), Buffer.from('x'), Buffer.from('# 5 x y z\n')]) {
    const { lists, rest } = splitFileLists(Buffer.concat([sealed, end]))
    assert.equal([lists.length, rest], [1, end.length])
  }
})

test('each change of text, run, peer or signature is found', () => {
  const changed = (from: string, to: string) =>
    splitFileLists(Buffer.from(sealed.toString('latin1').replace(from, to), 'latin1'))
  assert.ok(splitFileLists(sealed).lists.every(isSignedList))
  for (const [from, to] of [
    ['aaaa', 'aaab'],
    [run, '20261122T213015-k3f9ac'],
    [signer.peer, newSigner().peer],
    [signer.peer, signer.peer.replace(/.{44}$/, 'l'.repeat(44))],
    ['s/empty', 's/Empty']
  ] as const) {
    const [list] = changed(from, to).lists
    assert.not(list && isSignedList(list), to)
  }
})

test('a receiver takes one list that its peer signed for its run, of files in folders of its own', () => {
  const own = (path: string) => Buffer.from(fileLine(path, { sha256, bytes: 7 }))
  const by = signer.peer
  const good = sealFileList(run, own('sysinfo/begin/b/os.json'), signer)
  assert.is(checkFileList(good.sealed, { run, by, name: 'b' }).digest, good.digest)
  const unsigned = Buffer.from(good.sealed.toString().replace('aaaa', 'aaab'))
  const rows: Array<[Uint8Array, RegExp, object?]> = [
    [Buffer.concat([good.sealed, good.sealed]), /is no list/],
    [Buffer.alloc(0), /is no list/],
    [good.sealed, /is of 12D3\w+ for/, { by: newSigner().peer }],
    [good.sealed, /is of 12D3\w+ for/, { run: '20261122T213015-k3f9ac' }],
    [unsigned, /is not as it was signed/],
    [good.sealed, /names sysinfo\/begin\/b\/os.json, which is in no folder of a/, { name: 'a' }],
    [sealFileList(run, own('spec.toml'), signer).sealed, /names spec.toml/],
    [sealFileList(run, own('sysinfo/begin/../b/os.json'), signer).sealed, /in no folder of b/],
    [sealFileList(run, own('sysinfo/begin/B/os.json'), signer).sealed, /in no folder of b/],
    [sealFileList(run, Buffer.from('x\n'), signer).sealed, /line 1/]
  ]
  for (const [bytes, says, other] of rows)
    assert.throws(() => checkFileList(bytes, { run, by, name: 'b', ...other }), says)
})

test('a line that is none has its number in the message', () => {
  for (const lines of [`${text}x\n`, `${text}\n`]) {
    const [list] = splitFileLists(sealFileList(run, Buffer.from(lines), signer).sealed).lists
    assert.throws(() => list && [...linesOfList(list)], /line 3 /)
  }
})

test.run()
