/** A controller that passes for another by the name that it chooses: real daemons. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { bakNode, useTestnet } from '../helpers/mesh.ts'

const test = suite('who a controller says it is')
let trusted = ''
const net = useTestnet(test, {
  peers: ['a', 'c'],
  args: name => (name === 'guarded' ? ['--allow-controllers', trusted] : [])
})

test('the id of another, as a name, lets nobody in while that one is away', async () => {
  const [c] = (await net().members('c')).filter(({ name }) => name === 'c')
  trusted = c?.peer as string
  net().add('guarded')
  await net().startPeer('guarded')
  await net().stopPeer('c')
  net().add(trusted)
  await net().startPeer(trusted)
  await net().until('guarded', members => members.some(({ name, state }) => name === trusted && state === 'alive'))
  const { stderr } = await net().bak(trusted, ['run', '--on', 'guarded', '--tools', 'proc', '--', 'true'])
  assert.match(stderr, /excluded=guarded phase=join not-allowed: allow\.controllers does not name 12D3Koo/)
  await net().stopPeer(trusted)
  await net().startPeer('c')
  await net().until('guarded', members => members.some(({ name, state }) => name === 'c' && state === 'alive'))
  const letIn = await net().bak('c', ['run', '--on', 'guarded', '--tools', 'proc', '--strict', '--', 'true'])
  assert.is(letIn.status, 0, letIn.stderr)
  assert.match(
    (await bakNode(net(), 'guarded', ['allow'])).stdout,
    new RegExp(`allow\\.controllers +\\["${trusted}"\\]`)
  )
})

test.run()
