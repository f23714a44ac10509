import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { TypedEventEmitter } from 'main-event'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { AddressBook, type AddressBookParts } from '../../../node/mesh/peering/address-book.ts'
import type { MemberView } from '../../../protocols/control.ts'
import { newSigner, stayAwake } from '../../helpers/streams.ts'
import { until } from '../../helpers/workspace.ts'
import { record } from '../../protocols/samples.ts'

const memory = suite('the memory of a home')
memory.after(stayAwake())
const dir = mkdtempSync(join(tmpdir(), 'bak-peers-'))
memory.after(() => rmSync(dir, { recursive: true }))
const path = join(dir, 'peers.json')
const [self, a, b] = [newSigner(), newSigner(), newSigner()].map(({ peer }) => peer) as [string, string, string]

const seen = (peer: string, change: Partial<MemberView> = {}) =>
  ({ ...record, peer, shown: record.name, state: 'alive', path: 'direct', since: Date.now(), ...change }) as MemberView

/** A mesh whose members and decisions a test sets. */
function createParts(list: MemberView[]) {
  const members = Object.assign(new TypedEventEmitter<Record<string, CustomEvent>>(), { list: () => list })
  const authority = new TypedEventEmitter<Record<string, CustomEvent<{ peer: string }>>>()
  const parts = { members, authority, self } as unknown as AddressBookParts
  return { parts, members, authority }
}
const onDisk = () => (JSON.parse(readFileSync(path, 'utf8')) as Array<{ peer: string }>).map(({ peer }) => peer)

memory('others are written for their owner alone, and read again', async () => {
  const { parts, members } = createParts([seen(self), seen(a), seen(b)])
  const first = (await AddressBook.open(path)).watch(parts)
  first.start()
  members.dispatchEvent(new CustomEvent('change'))
  await until(() => first.peers()[1])
  await first.beforeStop()
  assert.equal(onDisk().sort(), [a, b].sort())
  assert.is(statSync(path).mode & 0o777, 0o600)
  assert.is((await AddressBook.open(path)).peers().length, 2)
})

memory('who is not let in any more is forgotten', async () => {
  const { parts, authority } = createParts([seen(self), seen(a)])
  const again = (await AddressBook.open(path)).watch(parts)
  again.start()
  authority.dispatchEvent(new CustomEvent('refused', { detail: { peer: b } }))
  await again.beforeStop()
  assert.equal(onDisk(), [a])
})

memory('a file that is damaged is as good as none', async () => {
  for (const text of ['', '{', '[{"peer":"x"}]', '{}']) {
    writeFileSync(path, text)
    assert.equal((await AddressBook.open(path)).peers(), [])
  }
})
memory.run()
