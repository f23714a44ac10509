import { hostname } from 'node:os'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { metadataOf } from '../../../node/run/hooks/metadata.ts'
import { FORMAT, type RunRecord } from '../../../protocols/record.ts'
import { controller, manifest, member, run, specOf } from '../../protocols/samples.ts'

const test = suite('metadata.log')

const entry = manifest.roster[0] as RunRecord['roster'][number]
const record: RunRecord = {
  format: FORMAT,
  run,
  name: 'nightly',
  state: 'ended',
  verdict: 'ok',
  status: 0,
  partial: false,
  controller: { peer: controller.peer, name: 'node-a' },
  epoch: 1,
  created: Date.UTC(2026, 10, 22, 21, 30, 15, 123),
  begun: 1,
  ended: Date.UTC(2026, 10, 22, 21, 31, 0, 5),
  program: '0.1.0',
  directory: '/tmp',
  spec: specOf({
    command: ['fio', 'job.fio'],
    iterations: [{ name: 'read', args: ['--rw=read'] }, { name: 'write' }]
  }),
  roster: [
    { ...entry, rank: 0, peer: controller.peer, name: 'node-a', tools: [] },
    {
      ...entry,
      rank: 1,
      peer: member.peer,
      name: 'node-b',
      tools: [
        { group: 'default', tool: 'vmstat', options: { options: ['-n', '-w'] } },
        { group: 'db', tool: 'iostat', options: {} }
      ]
    }
  ],
  excluded: [],
  shortfalls: [],
  beside: [],
  workload: [],
  skew: [],
  sent: []
}

const golden = `[pbench]
config = nightly
date = 2026-11-22T21:30:15.123000
timezone = UTC
iterations = 1-read, 2-write
name = 20261122T213015-k3f9ab
rpm-version = v0.1.0
script = fio job.fio
hostname_f = ${hostname()}

[controller]
hostname = node-a

[run]
controller = node-a
start_run = 2026-11-22T21:30:15.123000
end_run = 2026-11-22T21:31:00.005000

[tools]
hosts = node-a node-b
group = default db

[tools/node-a]
tools = ${''}

[tools/node-b]
tools = vmstat,iostat
vmstat = -n -w
iostat = ${''}

[iterations/1-read]
iteration_number = 1
iteration_name = read
user_script = fio job.fio --rw=read

[iterations/2-write]
iteration_number = 2
iteration_name = write
user_script = fio job.fio
`

test('is what pbench writes of such a run', () => assert.fixture(metadataOf(record), golden))

test('says that a run was cancelled, and leaves out the end of one that has none', () => {
  const text = metadataOf({ ...record, verdict: 'cancelled', ended: undefined })
  assert.match(text, '\nrun_interrupted = true\n')
  assert.not.match(text, 'end_run')
})

test('a command of several lines stays on one, so that it makes no section of its own', () => {
  const text = metadataOf({ ...record, spec: specOf({ command: 'date\n[run]\ncontroller = evil' }) })
  assert.match(text, '\nscript = date [run] controller = evil\n')
  assert.is(text.split('\n').filter(line => line === '[run]').length, 1)
})

test('a carriage return ends no line either', () => {
  const text = metadataOf({ ...record, spec: specOf({ command: 'date\r[run]\r\ncontroller = evil' }) })
  assert.match(text, '\nscript = date [run] controller = evil\n')
})

test('tools whose names differ in case only are one key, as in what reads the file', () => {
  const [first, second] = record.roster
  const tools = ['Net', 'net', 'TOOLS'].map(tool => ({ group: 'default', tool, options: {} }))
  const text = metadataOf({ ...record, roster: [first, { ...second, tools }] as RunRecord['roster'] })
  const keys = (text.split('[tools/node-b]\n')[1] as string).split('\n\n')[0]?.split('\n')
  assert.equal(keys, ['tools = Net,net,TOOLS', 'Net = '])
})

test.run()
