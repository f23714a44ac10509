/** Who has a ticket accepts it for as many keys as it likes: a rogue peer floods real daemons with such uses. */
import { readFileSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { readTrust } from '../../node/mesh/trust/trust-file.ts'
import { checkTrustEntry, type TrustLog } from '../../node/mesh/trust/trust-log.ts'
import { syncTrust } from '../../node/mesh/trust/trust-sync.ts'
import { homeAt } from '../../node/store/home.ts'
import { acceptTicket, readTicket } from '../../protocols/ticket.ts'
import { MAX_SURPLUS_USES, type TrustEntry, trustEntryId } from '../../protocols/trust-entries.ts'
import { ticketFrom, useTestnet } from '../helpers/mesh.ts'
import { type Rogue, startRogue } from '../helpers/rogue.ts'
import { newSigner } from '../helpers/streams.ts'
import { until } from '../helpers/until.ts'

const INVENTED = 600
const test = suite('the uses of an invitation')
const net = useTestnet(test, { peers: ['a', 'b'] })
const rogues: Rogue[] = []
test.after(async () => {
  for (const each of rogues) await each.stop()
})

async function enter(ticket: string): Promise<Rogue> {
  const rogue = await startRogue(net(), { ticket })
  rogues.push(rogue)
  return rogue
}

/** Uses of one ticket by peers that there are not, each with a good signature. */
function inventedUses(ticket: string): Map<string, TrustEntry> {
  const read = readTicket(ticket)
  const uses = Array.from({ length: INVENTED }, (): TrustEntry => {
    return { type: 'use', proof: acceptTicket(read, newSigner().peer, Date.now()).bytes }
  })
  return new Map(uses.map(use => [trustEntryId(use), use]))
}

/** @returns how many uses of each invitation a daemon has stored */
async function storedUses(name: string): Promise<Map<string, number>> {
  const { mesh } = readTicket(net().ticket)
  const { entries } = await readTrust(homeAt(net().peer(name).home))
  const checked = entries.map(entry => checkTrustEntry(mesh, entry))
  const ids = checked.flatMap(each => (each.type === 'use' ? [each.proof.invitation ?? ''] : []))
  return new Map([...Map.groupBy(ids, id => id)].map(([id, all]) => [id, all.length]))
}
const idOf = async (ticket: string) =>
  acceptTicket(readTicket(ticket), newSigner().peer, Date.now()).invitation as string

test('that one peer invents are dropped beyond a few, and a ticket for one peer lets in one, also after a restart', async () => {
  const flooded = await ticketFrom(net(), 'a', { name: 'flooded', role: 'agent', uses: 1 })
  const rogue = await enter(flooded)
  const invented = inventedUses(flooded)
  const log = { ids: () => [...invented.keys()], get: (id: string) => invented.get(id), has: () => false }
  for (const { peer } of await net().members('a')) {
    if (peer === rogue.signer.peer) continue
    await syncTrust(rogue.streams.to(peer), peer, { log: log as unknown as TrustLog, add: () => {} })
  }
  const id = await idOf(flooded)
  const most = 1 + MAX_SURPLUS_USES
  for (const name of ['a', 'b']) {
    await until(async () => ((await storedUses(name)).get(id) ?? 0) >= most, { what: `${name} has stored some` })
    assert.is((await storedUses(name)).get(id), most)
    assert.ok(readFileSync(homeAt(net().peer(name).home).trust).length < 64 * 1024)
  }
  const once = await ticketFrom(net(), 'a', { name: 'once', role: 'controller', uses: 1 })
  const first = await enter(once)
  const used = await idOf(once)
  for (const name of ['a', 'b']) {
    await until(async () => (await storedUses(name)).get(used) === 1, { what: `${name} has stored the true use` })
  }
  await first.stop()
  for (const name of ['a', 'b']) {
    await net().stopPeer(name)
    await net().startPeer(name)
  }
  const second = await enter(once).then(
    () => undefined,
    error => error as Error
  )
  assert.match(second?.message ?? 'it was admitted', /its invitation "once" may be used once, and was/)
})

test.run()
