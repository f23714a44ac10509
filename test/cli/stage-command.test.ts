/** The command that stores files on members. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { CallRequest, CallResponse } from '../../protocols/control.ts'
import { DIGEST, PEER, useFakes } from './fake.ts'

const bak = suite('bak stage')
const fake = useFakes(bak)

const about = { peer: PEER, name: 'a' }
const answers: CallResponse<'stage'>[] = [
  { state: 'taken', digest: DIGEST, bytes: 2048, entries: 1 },
  { state: 'fetching', ...about, done: 1024, total: 2048 },
  { state: 'here', ...about, bytes: 2048, source: 1024 },
  { state: 'here', peer: PEER, name: 'b', bytes: 0, source: 0 },
  { state: 'failed', peer: PEER, name: 'c', code: 'no-space', error: 'the disk is full' },
  { state: 'failed', name: 'd', code: 'no-such-peer', error: 'no peer has this name' }
]

bak('names who has it and who has not, and exits with the first reason', async () => {
  let asked: CallRequest<'stage'> | undefined
  const { bak } = await fake({
    async *stage(request) {
      asked = request
      yield* answers
    }
  })
  const { status, stdout } = await bak('stage', 'data/', '--on', 'role=db', '--as', 'set', '--pin')
  assert.equal(asked, { path: 'data/', directory: process.cwd(), on: 'role=db', as: 'set', pin: true })
  assert.is(
    stdout,
    [
      `data/: 2.0 KiB, ${DIGEST.slice(0, 16)}`,
      'a: fetched 2.0 KiB, 1.0 KiB from here',
      'b: has it',
      'c: the disk is full',
      'd: no peer has this name',
      ''
    ].join('\n')
  )
  assert.is(status, 74)
})

bak('exits with 0 when all have it', async () => {
  const { bak } = await fake({
    async *stage() {
      yield* answers.slice(0, 4)
    }
  })
  assert.is((await bak('stage', 'x', '--on', 'all')).status, 0)
})

bak('a path without members is a usage error', async () => {
  const { bak } = await fake()
  const { status, stderr } = await bak('stage', 'x')
  assert.is(status, 64)
  assert.match(stderr, /on which members\? bak stage x --on SELECTOR/)
})

const stored = { digest: DIGEST, kind: 'file' as const, bytes: 2048, entries: 1, stored: 0, by: PEER, byName: 'a' }
bak('ls prints what is where, who stored it and why it stays', async () => {
  const { bak } = await fake({
    async *staged() {
      const first = { ...stored, name: 'model', pinned: true, needed: true, used: Date.now() - 65_000 }
      yield { ...about, artifacts: [first] }
      yield { peer: PEER, name: 'b', artifacts: [], code: 'not-allowed', error: 'it may not store files' }
    }
  })
  const { status, stdout } = await bak('stage', 'ls')
  assert.match(stdout, /^MEMBER +NAME +DIGEST +KIND +BYTES +KEPT +USED +STORED BY\n/)
  assert.match(stdout, /a +model +aaaaaaaaaaaaaaaa +file +2\.0 KiB +pinned, in use +1 min +a\n/)
  assert.match(stdout, /\nb: it may not store files\n$/)
  assert.is(status, 77)
})

bak('ls says when nothing is staged', async () => {
  const { bak } = await fake({
    async *staged() {
      yield { ...about, artifacts: [] }
    }
  })
  assert.equal(await bak('stage', 'ls', '--on', 'a'), { status: 0, stdout: 'nothing is staged\n', stderr: '' })
})

bak('rm names from whom it was removed; where nobody had it, that is an error', async () => {
  let asked: CallRequest<'unstage'> | undefined
  const { bak } = await fake({
    async *unstage(request) {
      asked = request
      if (request.what === 'model') yield { state: 'removed', ...about, digest: DIGEST, as: 'model' }
      yield { state: 'absent', peer: PEER, name: 'b' }
    }
  })
  const removed = await bak('stage', 'rm', 'model')
  assert.equal(asked, { what: 'model' })
  assert.equal([removed.status, removed.stdout], [0, `a: removed ${DIGEST.slice(0, 16)}\n`])
  const { status, stderr } = await bak('stage', 'rm', 'nothing')
  assert.is(status, 66)
  assert.match(stderr, /no member has nothing: bak stage ls/)
})

bak.run()
