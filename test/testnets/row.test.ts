import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { labMissing } from '../../testnets/lab/available.ts'
import { type LabMesh, startLabMesh } from '../../testnets/lab/mesh.ts'
import { runToEnd } from '../../testnets/runs.ts'
import { record } from '../helpers/mesh.ts'
import { skipWhere } from '../helpers/skip.ts'

const row = suite('three peers in a row, the outer two not connected and not allowed to be')
const missing = labMissing()
const test = skipWhere(missing, row)

const RUN_TIMEOUT_MS = 60_000

let mesh: LabMesh

row.before(async () => {
  if (missing != null) return
  mesh = await startLabMesh({
    topology: { hosts: ['left', 'middle', 'right'].map(name => ({ name })) },
    // the first founds the mesh, so that both others join through it
    peers: ['middle', 'left', 'right'],
    args: () => ['--no-relay', '--no-upnp'],
    prepare: lab => {
      const address = lab.host('right').address
      const rules = `table inet row { chain input { type filter hook input priority 0; ip saddr ${address} drop; }; chain output { type filter hook output priority 0; ip daddr ${address} drop; }; }`
      lab.host('left').namespace.run(['nft', '-f', '-'], rules)
    }
  })
})

row.after(async () => {
  await mesh?.stop()
})

test('a member without a connection to the controller takes part: commands are passed on, its answers and its data arrive', async () => {
  const { testnet } = mesh
  const spec = { on: 'all', command: ['true'], tools: ['proc'], interval: 0.2, sysinfo: 'default' as const }
  const { run, ended } = await runToEnd(testnet, 'left', spec, { limit: RUN_TIMEOUT_MS })
  assert.equal([ended.verdict, ended.partial, ended.excluded], ['ok', false, []])
  const { roster, sent } = record(testnet, 'left', run)
  assert.equal(roster.map(({ name }) => name).sort(), ['left', 'middle', 'right'])
  const arrived = sent.filter(({ name }) => name === 'right')
  assert.equal(
    arrived.map(({ what }) => what),
    ['sysinfo begin', '1-default/sample1', 'sysinfo end']
  )
  assert.ok(arrived.every(each => each.arrived))
  const [links] = await Array.fromAsync(testnet.call('left', 'members', {}))
  const seen = (links as { members: Array<{ name: string; path: string }> }).members.find(
    ({ name }) => name === 'right'
  )
  assert.is.not(seen?.path, 'direct', 'left is not connected with right')
})

test('so it does where the controller is the one at the other end', async () => {
  const { ended } = await runToEnd(
    mesh.testnet,
    'right',
    { on: 'all', command: ['true'], tools: [], sysinfo: 'none' },
    {
      limit: RUN_TIMEOUT_MS
    }
  )
  assert.equal([ended.verdict, ended.partial], ['ok', false])
})

row.run()
