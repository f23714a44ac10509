/** A name that lets a peer in is bound to it, for every rule. */
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { BoundNames } from '../../../node/mesh/names/bound-names.ts'
import { namesOf, refusalOfPeer } from '../../../node/mesh/names/listed-peers.ts'
import { askingOf } from '../../../node/mesh/names/peer-rule.ts'
import type { MemberView } from '../../../protocols/control.ts'
import { newSigner } from '../../helpers/streams.ts'
import { scratch } from '../../store/scratch.ts'

const test = suite('a rule that names peers')
const [first, second, agent] = [newSigner().peer, newSigner().peer, newSigner().peer]

test('another peer that takes the name while the first is away is refused, and an agent with it keeps nobody out', async () => {
  const names = await BoundNames.open(join(scratch(), 'controllers.json'))
  const view = (peer: string, role: string) => ({ peer, name: 'cleo', shown: 'cleo', role }) as MemberView
  const ask = async (peer: string, here: MemberView[]) => {
    const asking = askingOf(peer, { list: () => here, isHere: () => true }, names)
    const why = refusalOfPeer(['cleo'], asking)
    if (why == null) await names.bind(namesOf(['cleo'], asking), peer)
    return why
  }
  assert.match((await ask(second, [view(first, 'controller'), view(second, 'admin')])) ?? '', /as 2 peers call/)
  assert.is(names.peerOf('cleo'), undefined)
  assert.is(await ask(first, [view(first, 'controller'), view(agent, 'agent')]), undefined)
  assert.is(names.peerOf('cleo'), first)
  assert.match((await ask(second, [view(second, 'controller')])) ?? '', new RegExp(`which is ${first} here`))
  assert.is(await ask(first, [view(first, 'controller'), view(second, 'controller')]), undefined)
})

test.run()
