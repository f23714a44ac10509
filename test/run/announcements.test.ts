import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Announcements } from '../../node/run/announcements.ts'
import { seal } from '../../protocols/envelope.ts'
import { type Ack, ackSubject } from '../../protocols/phase.ts'
import { answerOf } from '../../protocols/verify/signed-files.ts'
import { ack, member } from '../protocols/samples.ts'

const test = suite('what members announce')
const [digest, files] = ['d'.repeat(64), 'f'.repeat(64)]
const tarball = { name: '1-default/sample1', digest, bytes: 7, files }

const answer = (change: Partial<Ack>) => {
  const value = { ...ack, ...change }
  return { by: member.peer, value, envelope: seal(ackSubject, value, member) }
}

const table: Array<[string, Ack['produced'], missing: boolean]> = [
  ['nothing', undefined, false],
  ['what arrived', [tarball], false],
  ['another digest', [{ ...tarball, digest: files }], true],
  ['another size', [{ ...tarball, bytes: 8 }], true],
  ['another list of files', [{ ...tarball, files: digest }], true],
  ['no list of files, where one came', [{ ...tarball, files: undefined }], true],
  ['more than arrived', [tarball, { ...tarball, name: 'more', digest: files }], true]
]

for (const [what, produced, missing] of table) {
  test(`an answer that announces ${what} ${missing ? 'does not count' : 'counts'}`, () => {
    const announcements = new Announcements()
    announcements.received(member.peer, tarball, files)
    const found = announcements.missingOf(answer({ produced }))
    assert.is(found != null, missing)
    if (missing) assert.match(found as string, /it announced .*, which did not arrive/)
    assert.is(announcements.answered.has(answerOf(member.peer, files)), produced != null && !missing)
    assert.is(announcements.listing.has(member.peer), produced != null && !missing)
    assert.not(announcements.unlisted.has(member.peer))
  })
}

test('an answer that announces a tarball without a list shows that its member signs none', () => {
  const announcements = new Announcements()
  announcements.received(member.peer, tarball)
  assert.is(announcements.missingOf(answer({ produced: [{ ...tarball, files: undefined }] })), undefined)
  assert.equal([announcements.answered.size, announcements.listing.size], [0, 0])
  assert.ok(announcements.unlisted.has(member.peer))
})

test('what another member sent does not count', () => {
  const announcements = new Announcements()
  announcements.received('another', tarball, files)
  assert.ok(announcements.missingOf(answer({ produced: [tarball] })))
})

test.run()
