/** The example of iperf3 on three hosts of a laboratory: a server, a client behind a NAT, and who starts the run. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { labMissing } from '../../testnets/lab/available.ts'
import { type LabMesh, startLabMesh } from '../../testnets/lab/mesh.ts'
import { needs, skipWhere } from '../helpers/skip.ts'

const example = suite('iperf3 between two groups of machines')
const missing = labMissing() ?? needs('iperf3')
const test = skipWhere(missing, example)

const ROLES: Record<string, string[]> = { srv: ['--label', 'role=server'], home: ['--label', 'role=client'] }
let mesh: LabMesh

example.before(async () => {
  if (missing != null) return
  mesh = await startLabMesh({
    topology: {
      routers: [{ name: 'router', nat: 'preserving' }],
      hosts: [{ name: 'ctl' }, { name: 'srv' }, { name: 'home', behind: 'router' }]
    },
    args: name => ROLES[name] ?? []
  })
})
example.after(() => mesh?.stop())

test('the run file of the examples gives JSON of the client and telemetry of all three', async () => {
  const { testnet } = mesh
  const { status, stderr } = await testnet.bak('ctl', ['run', join(import.meta.dirname, '../../examples/iperf3.toml')])
  assert.is(status, 0, stderr)
  const runs = join(testnet.peer('ctl').home, 'runs')
  const [run = ''] = readdirSync(runs)
  const sample = join(runs, run, '1-default/sample1')
  const { end, error } = JSON.parse(readFileSync(join(sample, 'workload/home/client/stdout.txt'), 'utf8'))
  assert.is(error, undefined)
  assert.ok(end.sum_sent.bytes > 0)
  assert.match(readFileSync(join(sample, 'workload/srv/server/stdout.txt'), 'utf8'), 'Accepted connection from')
  assert.equal(readdirSync(join(sample, 'tools-default')).sort(), ['ctl', 'home', 'srv'])
  const verified = await testnet.bak('ctl', ['verify', run])
  assert.is(verified.status, 0, verified.stdout + verified.stderr + stderr)
})

example.run()
