import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { TypedEventEmitter } from 'main-event'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { MembersEvents } from '../../../node/mesh/membership/members.ts'
import { AddressBook, type AddressBookComponents } from '../../../node/mesh/peering/address-book.ts'
import type { AuthorityEvents } from '../../../node/mesh/trust/authority.ts'
import type { MemberView } from '../../../protocols/control.ts'
import { newSigner, stayAwake } from '../../helpers/streams.ts'
import { until } from '../../helpers/workspace.ts'
import { record } from '../../protocols/samples.ts'

const test = suite('address book')
test.after(stayAwake())
const dir = mkdtempSync(join(tmpdir(), 'bak-peers-'))
test.after(() => rmSync(dir, { recursive: true }))
const path = join(dir, 'peers.json')
const [self, a, b] = [newSigner(), newSigner(), newSigner()].map(({ peer }) => peer) as [string, string, string]

const seen = (peer: string, change: Partial<MemberView> = {}) =>
  ({ ...record, peer, shown: record.name, state: 'alive', path: 'direct', since: Date.now(), ...change }) as MemberView

/** A mesh whose members and decisions a test sets. */
function createComponents(list: MemberView[]) {
  const members = Object.assign(new TypedEventEmitter<MembersEvents>(), { list: () => list })
  const authority = new TypedEventEmitter<AuthorityEvents>()
  const components: AddressBookComponents = { members, authority, self }
  return { components, members, authority }
}
const onDisk = () => (JSON.parse(readFileSync(path, 'utf8')) as Array<{ peer: string }>).map(({ peer }) => peer)

test('is written with access for its owner only, and read again', async () => {
  const { components, members } = createComponents([seen(self), seen(a), seen(b)])
  const first = (await AddressBook.open(path)).serve(components)
  first.start()
  members.safeDispatchEvent('change', { detail: { peer: a } })
  await until(() => first.peers()[1])
  await first.beforeStop()
  assert.equal(onDisk().sort(), [a, b].sort())
  assert.is(statSync(path).mode & 0o777, 0o600)
  assert.is((await AddressBook.open(path)).peers().length, 2)
})

test('forgets a peer that is not admitted any more', async () => {
  const { components, authority } = createComponents([seen(self), seen(a)])
  const again = (await AddressBook.open(path)).serve(components)
  again.start()
  authority.safeDispatchEvent('refused', { detail: { peer: b, refusal: { code: 'revoked', reason: '' } } })
  await again.beforeStop()
  assert.equal(onDisk(), [a])
})

test('follows the members again when it is started anew, after a network that could not listen', async () => {
  const list = [seen(self), seen(a)]
  const { components, members } = createComponents(list)
  const book = (await AddressBook.open(join(dir, 'again.json'))).serve(components)
  book.start()
  await book.beforeStop()
  book.start()
  list.push(seen(b))
  members.safeDispatchEvent('change', { detail: { peer: b } })
  await until(() => book.peers()[1])
  await book.beforeStop()
})

test('takes a damaged file for an empty one', async () => {
  for (const text of ['', '{', '[{"peer":"x"}]', '{}']) {
    writeFileSync(path, text)
    assert.equal((await AddressBook.open(path)).peers(), [])
  }
})
test.run()
