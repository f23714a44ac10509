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

test('a receiver takes one list, of the peer and run that it comes from', () => {
  assert.is(checkFileList(sealed, { run, by: signer.peer }).digest, digest)
  const codeOf = (bytes: Uint8Array, by = signer.peer, of = run) => {
    try {
      checkFileList(bytes, { run: of, by })
      return 'none'
    } catch (error) {
      return (error as { code?: string }).code
    }
  }
  assert.is(codeOf(Buffer.concat([sealed, sealed])), 'bad-message')
  assert.is(codeOf(Buffer.alloc(0)), 'bad-message')
  assert.is(codeOf(sealed, newSigner().peer), 'bad-message')
  assert.is(codeOf(sealed, signer.peer, '20261122T213015-k3f9ac'), 'bad-message')
})

test('a line that is none has its number in the message', () => {
  for (const lines of [`${text}x\n`, `${text}\n`]) {
    const [list] = splitFileLists(sealFileList(run, Buffer.from(lines), signer).sealed).lists
    assert.throws(() => list && [...linesOfList(list)], /line 3 /)
  }
})

test.run()
