import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Phase, phases } from '../../protocols/fields.ts'
import {
  certificateFile,
  collectorFolder,
  isFolderOf,
  iterationFolder,
  parseResultPath,
  persistentFolder,
  persistentSeriesFolder,
  persistentToolsFolder,
  type ResultPath,
  restartFolder,
  seriesFolder,
  stepFolder,
  sysinfoFolder,
  toolFolder,
  toolsFolder,
  workloadFolder
} from '../../protocols/layout.ts'

const test = suite('layout')
const step = { number: 2, name: 'read.4k', sample: 30 }

const built: Array<[path: string, expected: string]> = [
  [certificateFile({ seq: 7, phase: 'stop' }), 'certificates/0007-stop.cbor'],
  [certificateFile({ seq: 12345, phase: 'terminate' }), 'certificates/12345-terminate.cbor'],
  [collectorFolder('prometheus'), 'collectors/prometheus'],
  [sysinfoFolder('begin', 'node-b'), 'sysinfo/begin/node-b'],
  [iterationFolder(step), '2-read.4k'],
  [stepFolder(step), '2-read.4k/sample30'],
  [stepFolder({ number: 1, name: 'bs=4k,depth=8', sample: 2, warmup: true }), '1-bs=4k,depth=8/warmup2'],
  [toolsFolder(step, 'db@1', 'node-b'), '2-read.4k/sample30/tools-db@1/node-b'],
  [toolFolder(step, 'db@1', 'node-b', 'sar'), '2-read.4k/sample30/tools-db@1/node-b/sar'],
  [persistentToolsFolder('db@1', 'node-b'), 'tools-db@1/node-b'],
  [persistentFolder('db@1', 'node-b', 'pcp'), 'tools-db@1/node-b/pcp'],
  [restartFolder('tools-db@1/node-b/pcp', 2), 'tools-db@1/node-b/pcp/restart2'],
  [workloadFolder(step, 'node-b'), '2-read.4k/sample30/workload/node-b']
]
for (const [path, expected] of built) test(`${expected} is built`, () => assert.is(path, expected))

const parsed: Array<[path: string, expected: ResultPath]> = [
  ['run.json', { kind: 'record' }],
  ['journal.ndjson', { kind: 'journal' }],
  ['spec.toml', { kind: 'spec' }],
  ['metadata.log', { kind: 'metadata' }],
  ['certificates/offer.cbor', { kind: 'offer' }],
  ['certificates/manifest.cbor', { kind: 'manifest' }],
  ['certificates/0000-join.cbor', { kind: 'certificate', seq: 0, phase: 'join' }],
  ['certificates/12345-send.cbor', { kind: 'certificate', seq: 12345, phase: 'send' }],
  ['collectors/pcp/archive/0.xz', { kind: 'collector', collector: 'pcp', rest: 'archive/0.xz' }],
  ['sysinfo/end/node-b', { kind: 'sysinfo', when: 'end', member: 'node-b', rest: '' }],
  ['sysinfo/end/node-b/cpu.json', { kind: 'sysinfo', when: 'end', member: 'node-b', rest: 'cpu.json' }],
  ['series/node-b', { kind: 'persistent-series', member: 'node-b', rest: '' }],
  ['series/node-b/series.parquet', { kind: 'persistent-series', member: 'node-b', rest: 'series.parquet' }],
  ['tools-db@1/node-b', { kind: 'persistent', group: 'db@1', member: 'node-b', rest: '' }],
  ['tools-a/node-b/pcp/0.xz', { kind: 'persistent', group: 'a', member: 'node-b', rest: 'pcp/0.xz' }],
  ['2-read.4k/sample30/tools-db@1/node-b', { kind: 'tools', step, group: 'db@1', member: 'node-b', rest: '' }],
  [
    '2-read.4k/sample30/tools-a/node-b/sar/sar data',
    { kind: 'tools', step, group: 'a', member: 'node-b', rest: 'sar/sar data' }
  ],
  [
    '2-read.4k/sample30/workload/node-b/client.2/stdout.txt',
    { kind: 'workload', step, member: 'node-b', rest: 'client.2/stdout.txt' }
  ],
  ['2-read.4k/sample30/workload/node-b/stdout.txt', { kind: 'workload', step, member: 'node-b', rest: 'stdout.txt' }],
  [
    '1-bs=4k,depth=8/warmup2/workload/node-b',
    {
      ...{ kind: 'workload', member: 'node-b', rest: '' },
      step: { number: 1, name: 'bs=4k,depth=8', sample: 2, warmup: true }
    }
  ],
  [
    '1-tools-a/sample1/workload/node-b',
    { kind: 'workload', step: { number: 1, name: 'tools-a', sample: 1 }, member: 'node-b', rest: '' }
  ]
]
for (const [path, expected] of parsed) {
  test(`${path} is ${expected.kind}`, () => assert.equal(parseResultPath(path), expected))
}

const refused = [
  '',
  '.',
  '/',
  './run.json',
  '/run.json',
  'run.json/',
  'notes.txt',
  'certificates',
  'certificates/1-join.cbor',
  'certificates/00001-join.cbor',
  'certificates/0001-lunch.cbor',
  'certificates/0001-join.cbor/x',
  'collectors',
  'collectors/..',
  'sysinfo',
  'sysinfo/begin',
  'sysinfo/node-b',
  'sysinfo/middle/node-b',
  'sysinfo/begin/../node-b',
  'sysinfo/begin/.node',
  'sysinfo/begin/node-b/',
  'sysinfo/begin/node-b/../node-c',
  'sysinfo/begin/node-b\n',
  'tools-a',
  'tools-/node-b',
  'tools-a b/node-b',
  'tools-a/.node',
  'tools-a/node-b/',
  'tools-a/../node-b',
  'tools/node-b',
  '1-default',
  '1-default/sample1',
  '1-default/sample1/workload',
  '1-default/sample1/tools-/node-b',
  '1-default/sample1/tools-a b/node-b',
  '1-default/sample1/tools-default\0/node-b',
  '1-default/sample1/reports/node-b',
  '1-default/sample1\n/tools-default/node-b',
  '1-default\n/sample1/tools-default/node-b',
  '1-default/sample/tools-default/node-b',
  '1-default/sample0/tools-default/node-b',
  '1-default/sample01/tools-default/node-b',
  '1-default/sample1x/tools-default/node-b',
  '0-default/sample1/tools-default/node-b',
  '01-default/sample1/tools-default/node-b',
  '1-/sample1/tools-default/node-b',
  '1-.default/sample1/tools-default/node-b',
  'default/sample1/tools-default/node-b',
  '1-default//sample1/tools-default/node-b',
  '1-default\\sample1\\tools-default\\node-b'
]
for (const path of refused) {
  test(`${JSON.stringify(path)} is no path of a result`, () => assert.is(parseResultPath(path), undefined))
}

test('a folder belongs to a member if it ends in its name and is whole', () => {
  for (const path of ['sysinfo/end/b', 'tools-a/b', '1-x/sample1/tools-a/b', '1-x/sample1/workload/b']) {
    assert.ok(isFolderOf(path, 'b'))
    assert.not(isFolderOf(path, 'bb'))
    assert.not(isFolderOf(path, 'B'))
    assert.not(isFolderOf(`${path}/rest`, 'b'))
    assert.not(isFolderOf(`${path}/rest`, 'rest'))
  }
  assert.not(isFolderOf('run.json', 'run.json'))
  assert.not(isFolderOf('collectors/b', 'b'))
})

const name = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._@#-]{0,62}$/)
const positive = fc.integer({ min: 1, max: 999_999_999_999_999 })
const steps = fc.record({ number: positive, name, sample: positive }, { noNullPrototype: true })
const below = fc
  .array(
    fc.string({ minLength: 1 }).filter(part => !part.includes('/') && part !== '.' && part !== '..'),
    { maxLength: 3 }
  )
  .map(parts => parts.join('/'))
const when = fc.constantFrom('begin' as const, 'end' as const)
const under = (folder: string, rest: string) => (rest === '' ? folder : `${folder}/${rest}`)

test('what is built is parsed into what it was built from', () => {
  fc.assert(
    fc.property(steps, name, name, below, when, (step, group, member, rest, when) => {
      const pairs: Array<[string, ResultPath]> = [
        [under(workloadFolder(step, member), rest), { kind: 'workload', step, member, rest }],
        [under(toolsFolder(step, group, member), rest), { kind: 'tools', step, group, member, rest }],
        [toolFolder(step, group, member, 'sar'), { kind: 'tools', step, group, member, rest: 'sar' }],
        [under(seriesFolder(step, member), rest), { kind: 'series', step, member, rest }],
        [under(persistentSeriesFolder(member), rest), { kind: 'persistent-series', member, rest }],
        [under(sysinfoFolder(when, member), rest), { kind: 'sysinfo', when, member, rest }],
        [under(collectorFolder(member), rest), { kind: 'collector', collector: member, rest }]
      ]
      for (const [path, expected] of pairs) assert.equal(parseResultPath(path), expected)
    })
  )
})

test('the file of a certificate is parsed into its number and phase', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), fc.constantFrom<Phase>(...phases), (seq, phase) => {
      assert.equal(parseResultPath(certificateFile({ seq, phase })), { kind: 'certificate', seq, phase })
    })
  )
})

test('any text is either no path of a result or built again from what it was parsed into', () => {
  const part = fc.oneof(
    fc.constantFrom(
      'sysinfo',
      'begin',
      'workload',
      'series',
      'tools-a',
      '1-x',
      '01-x',
      'sample1',
      'sample01',
      '..',
      '',
      'b'
    ),
    fc.string()
  )
  fc.assert(
    fc.property(fc.array(part, { maxLength: 5 }), parts => {
      const path = parts.join('/')
      const found = parseResultPath(path)
      if (found == null || !('member' in found)) return
      assert.is(under(rebuild(found), found.rest), path)
    }),
    { numRuns: 2_000 }
  )
})

function rebuild(found: Extract<ResultPath, { member: string }>): string {
  if (found.kind === 'sysinfo') return sysinfoFolder(found.when, found.member)
  if (found.kind === 'series') return seriesFolder(found.step, found.member)
  if (found.kind === 'persistent-series') return persistentSeriesFolder(found.member)
  if (found.kind === 'workload') return workloadFolder(found.step, found.member)
  if (found.kind === 'persistent') return persistentToolsFolder(found.group, found.member)
  return toolsFolder(found.step, found.group, found.member)
}

test.run()
