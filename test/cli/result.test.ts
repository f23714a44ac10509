import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as v from 'valibot'
import { encode } from '../../protocols/codec.ts'
import type { RunView } from '../../protocols/control.ts'
import { seal } from '../../protocols/envelope.ts'
import { folderDigests } from '../../protocols/folder-digests.ts'
import { peerIdOf } from '../../protocols/identity.ts'
import { ackSubject, certificateSubject } from '../../protocols/phase.ts'
import { type RunRecord, writeRecord } from '../../protocols/record.ts'
import { spec } from '../../protocols/spec.ts'
import { AT, DIGEST, type Fake, PEER, RUN, startBak, startFake, timed, yields } from './fake.ts'

const result = suite('result')
let dir = ''
let fake: Fake | undefined

result.before.each(() => {
  dir = mkdtempSync(join(tmpdir(), 'bak-result-'))
})
result.after.each(async () => {
  await fake?.stop()
  fake = undefined
  rmSync(dir, { recursive: true })
})

const { publicKey, privateKey: key } = generateKeyPairSync('ed25519')
const peer = peerIdOf(Buffer.from(publicKey.export({ format: 'jwk' }).x as string, 'base64url'))
const capabilities = { program: '0.1.0', os: 'Linux', cores: 2, clock: { offset: 1.25, bound: 0.5 }, tools: [] }

const record: RunRecord = {
  format: 1,
  run: RUN,
  name: 'smoke',
  state: 'ended',
  verdict: 'quorum',
  partial: true,
  controller: { peer, name: 'ctl' },
  epoch: 1,
  created: AT,
  begun: AT,
  ended: AT + 1500,
  program: '0.1.0',
  directory: '/',
  spec: v.parse(spec, { command: ['echo', 'a b'], tags: { os: 'new' } }),
  roster: [
    { peer, name: 'db-1', tools: [], rank: 0, capabilities },
    { peer: PEER, name: 'ctl', tools: [], rank: 1, driver: true, capabilities }
  ],
  excluded: [{ peer: PEER, name: 'db-2', phase: 'join', code: 'lost', reason: 'gone' }],
  shortfalls: [{ kind: 'tool', member: 'db-1', what: 'sar', reason: 'not found on PATH' }],
  missing: [{ peer, name: 'db-1', what: 'default', files: 3 }],
  beside: [{ run: RUN, controller: 'ops', members: ['db-1'] }],
  workload: [{ step: { number: 1, name: 'default', sample: 1 }, exit: 3, duration: 1, timedOut: false }],
  skew: [{ step: { number: 1, name: 'default', sample: 1 }, skew: 3.25, latest: 4 }],
  clocks: [{ peer, name: 'db-1', begin: capabilities.clock, end: capabilities.clock, drift: -12.4, bound: 3.6 }],
  paths: [
    {
      peer,
      name: 'db-1',
      begin: { class: 'relayed', via: PEER, roundTrip: 84 },
      end: { class: 'punched', roundTrip: 42 }
    }
  ],
  sent: [
    { peer, name: 'db-1', what: 'default', digest: DIGEST, bytes: 2048, arrived: false },
    { peer, name: 'db-1', what: 'sysinfo begin', digest: DIGEST, bytes: 1, arrived: true, path: 'relayed' }
  ]
}

/** A folder that is sealed and has no certificates, as of a run that nobody joined. */
async function sealFolder(): Promise<void> {
  writeFileSync(join(dir, 'metadata.log'), 'x\n')
  writeFileSync(join(dir, 'journal.ndjson'), `${JSON.stringify({ n: 0, at: AT, type: 'ended', verdict: 'quorum' })}\n`)
  const { files, others } = await folderDigests(dir)
  const ended: RunRecord = { ...record, roster: [], workload: [], sent: [], files, others }
  writeFileSync(join(dir, 'run.json'), writeRecord(ended, { peer, key }))
}

result('verify checks a folder anywhere, without a daemon', async () => {
  await sealFolder()
  const verify = (...words: string[]) => startBak(['--home', join(dir, 'none'), 'verify', dir, ...words]).ended
  const [plain, named, json] = await Promise.all([verify(), verify('--by', peer), verify('--json')])
  const counts = '2 files, 0 certificates, 0 acks, 1 signatures'
  const stdout = `run ${RUN}: as it was signed; ${counts}; ${dir}\nsealed by ctl ${peer}`
  const unnamed = '; by no one you named: --by PEER or --mesh ID says whom you trust'
  assert.equal(plain, { status: 2, stdout: `${stdout}${unnamed}\n`, stderr: '' })
  assert.equal(named, { status: 0, stdout: `${stdout}\n`, stderr: '' })
  const { ok, origin } = JSON.parse(json.stdout)
  assert.equal([ok, origin.by, origin.named], [true, peer, false])
})

result('verify names changed files, and fails', async () => {
  await sealFolder()
  writeFileSync(join(dir, 'metadata.log'), 'y\n')
  const { status, stdout } = await startBak(['verify', dir]).ended
  assert.is(status, 66)
  assert.match(stdout, /^metadata\.log: was changed: its digest differs\nrun \S+: NOT as it was signed, 1 fault;/)
})

result('verify finds the folder of a run by its id', async () => {
  await sealFolder()
  fake = await startFake({ describe: yields({ run: RUN, controller: peer, folder: dir, certificates: [] }) })
  assert.is((await fake.bak('verify', 'last', '--by', peer)).status, 0)
})

result('verify says of a run that goes on that it does, and not that its files are wrong', async () => {
  await sealFolder()
  const line = { run: RUN, name: 'run', state: 'running' as const, partial: false, excluded: [], beside: [], begun: 0 }
  const view = { run: RUN, controller: peer, folder: dir, certificates: [] }
  fake = await startFake({ describe: yields({ ...view, line: { ...line, controller: { peer, name: 'a' } } }) })
  const { status, stdout, stderr } = await fake.bak('verify', 'last', '--by', peer)
  assert.equal([status, stdout], [75, ''])
  assert.match(stderr, `run ${RUN} goes on, and is sealed when it has ended`)
})

result('show says which tools came and went, from which sample on, and where not', async () => {
  const step = { number: 1, name: 'default', sample: 2 }
  const tools: RunRecord['tools'] = [
    { change: 'attach', tool: 'sar', group: 'db', by: 'ops', at: AT, members: ['a'], refused: [], since: step },
    {
      ...{ change: 'detach', tool: 'proc', group: 'default', by: 'ops', at: AT, members: ['a'] },
      refused: [{ member: 'b', reason: 'it does not run there' }]
    }
  ]
  fake = await startFake({
    describe: yields({
      ...{ run: RUN, controller: peer, folder: dir, digest: DIGEST, certificates: [] },
      record: writeRecord({ ...record, tools })
    })
  })
  const { stdout } = await fake.bak('show', 'last')
  assert.match(stdout, /\nCHANGED +HOW +ON +BY +SINCE +NOT ON\nsar of db +attached +a +ops +1-default\/sample2 +-\n/)
  assert.match(stdout, /\nproc +detached +a +ops +no sample +b: it does not run there\n/)
})

result('show has room for a digest on a line of 80 columns', async () => {
  const text = writeRecord(record)
  fake = await startFake({
    describe: yields({ run: RUN, controller: peer, folder: dir, record: text, digest: DIGEST, certificates: [] })
  })
  const { stdout } = await fake.bak('show', 'last', '--all')
  const line = stdout.split('\n').find(each => each.includes(DIGEST)) as string
  assert.match(line, /^manifest: /)
  assert.ok(line.length <= 80, `${line.length} columns`)
})

result('show says where a result is that went elsewhere, and why one has not', async () => {
  const at = 'https://pbench.example.com/api/v1/datasets/0123'
  const line = {
    ...{ run: RUN, name: 'nightly', state: 'ended' as const, verdict: 'ok' as const, partial: false, excluded: [] },
    ...{ beside: [], controller: { peer, name: 'ctl' }, begun: AT }
  }
  let view: RunView = { run: RUN, controller: peer, moved: at, line, certificates: [] }
  fake = await startFake({
    async *describe() {
      yield view
    },
    ls: yields({ runs: [{ ...line, moved: at }] })
  })
  assert.match(
    (await fake.bak('show', 'last')).stdout,
    new RegExp(`name: +nightly\nverdict: +ok\ncontroller: +ctl\nmoved to: +${at}\n`)
  )
  assert.match((await fake.bak('ls')).stdout, new RegExp(`MOVED TO.*\n.*${at}`))
  view = { ...view, moved: undefined, due: { to: 'archive', reason: 'no peer' } }
  assert.match(
    (await fake.bak('show', 'last')).stdout,
    new RegExp(`not moved: +to archive: no peer; bak move ${RUN} archive`)
  )
})

result('show prints verdict, exclusions and certificates', async () => {
  const head = { run: RUN, epoch: 1, seq: 0, phase: 'join' as const, subject: DIGEST }
  const ack = seal(ackSubject, { ...head, outcome: 'ok', received: 1, done: 2 }, { peer, key })
  const certificate = { ...head, verdict: 'met' as const, needed: 1, asked: 2, acks: [ack], excluded: [], closed: AT }
  const sealed = Buffer.from(encode(seal(certificateSubject, certificate, { peer, key }))).toString('base64')
  const view: RunView = {
    run: RUN,
    controller: peer,
    folder: dir,
    record: writeRecord(record),
    certificates: [sealed]
  }
  const acked = { type: 'ack', seq: 1, phase: 'stop', peer, name: 'db-1', outcome: 'ok', after: 1 } as const
  const step = { number: 1, name: 'default', sample: 1 }
  const warned = { ...acked, step, warnings: ['sar: wrote nothing'] }
  const events = timed(warned, { ...warned, name: 'db-0' }, { type: 'warning', text: 'low disk' })
  writeFileSync(join(dir, 'journal.ndjson'), `${events.map(event => JSON.stringify(event)).join('\n')}\n{"half`)
  fake = await startFake({ describe: yields(view) })
  const [plain, json] = await Promise.all([fake.bak('show', 'last', '--all'), fake.bak('show', 'last', '--json')])
  for (const part of [
    /verdict: +quorum not met, partial\n/,
    /command: +echo 'a b'\nexit: +3\ntags: +os=new\n/,
    /\n0 +db-1 +Linux +2 +\+1\.3 ms ± 0\.5 +-12 ± 4 ppm +relayed, then punched +-\n/,
    /\n1 +ctl \(driver\) +Linux/,
    /\n1-default\/sample1 +3\.3 ms +4\.0 ms\n/,
    /\nWARNED BY +PHASE +STEP +WARNING\ndb-0, db-1 +stop +1-default\/sample1 +sar: wrote nothing\nbak +- +- +low disk\n\n/,
    /\ndb-2 +join +lost +gone\n/,
    /\nMISSING +ON +REASON\nsar +db-1 +not found on PATH\nfiles of default +db-1 +3, named in missing\.txt\n\nBESIDE RUN +CONTROLLER +ON\n20261122T213015-k3f9ab +ops +db-1\n/,
    /\ndb-1 +default +2\.0 KiB +on the member +- +aaaaaaaaaaaaaaaa\ndb-1 +sysinfo begin +1 B +here +relayed +aaaaaaaaaaaaaaaa\n/,
    /\n0 +join +- +met +1\/2 +1 +2026-11-22 21:30:15\n$/
  ]) {
    assert.match(plain.stdout, part)
  }
  const shown = JSON.parse(json.stdout)
  assert.equal([shown.record.name, shown.certificates[0].acks[0].peer], ['smoke', peer])
})

result.run()
