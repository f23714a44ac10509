/** The example of iperf3 on three hosts of a laboratory: a server, a client behind a NAT, and who starts the run. */
import { createHash, randomBytes } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
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

test('what a run stages comes to a client behind the NAT as it is', async () => {
  const { testnet } = mesh
  const folder = testnet.peer('ctl').home
  const content = randomBytes(3 * 1024 * 1024)
  writeFileSync(join(folder, 'data.bin'), content)
  const spec = join(folder, 'staged.toml')
  writeFileSync(
    spec,
    `tools = []\nsysinfo = "none"\nstage = ["data.bin"]\n[[workload]]\nname = "sum"\non = "home,srv"\ncommand = ["sha256sum", "data.bin"]\n`
  )
  const { status, stderr, stdout } = await testnet.bak('ctl', ['run', spec, '--json'])
  assert.is(status, 0, stderr)
  const { folder: result } = JSON.parse(stdout.trim().split('\n').at(-1) as string)
  const digest = createHash('sha256').update(content).digest('hex')
  for (const member of ['home', 'srv'])
    assert.is(
      readFileSync(join(result, `1-default/sample1/workload/${member}/sum/stdout.txt`), 'utf8'),
      `${digest}  data.bin\n`
    )
})

example.run()
