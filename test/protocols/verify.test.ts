import { execFileSync } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as v from 'valibot'
import { encode } from '../../protocols/codec.ts'
import { digestOf } from '../../protocols/digest.ts'
import { type Envelope, type Signer, seal } from '../../protocols/envelope.ts'
import { fileLine, sealFileList } from '../../protocols/file-list.ts'
import { folderDigests } from '../../protocols/folder-digests.ts'
import { peerIdOf } from '../../protocols/identity.ts'
import { certificateFile } from '../../protocols/layout.ts'
import { type Manifest, manifestSubject, type Offer, offerSubject } from '../../protocols/manifest.ts'
import { type Ack, ackSubject, type Certificate, certificateSubject } from '../../protocols/phase.ts'
import { type RunRecord, writeRecord } from '../../protocols/record.ts'
import { writeRunFile } from '../../protocols/run-file.ts'
import { spec } from '../../protocols/spec.ts'
import { verifyFolder } from '../../protocols/verify.ts'

const newPeer = (): Signer => {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  return { peer: peerIdOf(Buffer.from(publicKey.export({ format: 'jwk' }).x as string, 'base64url')), key: privateKey }
}

const controller = newPeer()
const members = [newPeer(), newPeer(), newPeer()]
const stranger = newPeer()
const RUN = '20261122T213015-k3f9ab'
const effective = v.parse(spec, { command: ['true'] })
const tarball = { name: 'default', digest: digestOf(Buffer.from('tarball')), bytes: 7 }

const offer: Offer = {
  run: RUN,
  controller: controller.peer,
  epoch: 1,
  created: 1,
  program: '0.1.0',
  spec: effective,
  candidates: members.map(({ peer }, i) => ({ peer, name: `m${i}`, tools: [] }))
}
const capabilities = { program: '0.1.0', os: 'Linux', cores: 2, clock: { offset: 0, bound: 1 }, tools: [] }
const sealedOffer = seal(offerSubject, offer, controller)
const manifest: Manifest = {
  run: RUN,
  controller: controller.peer,
  epoch: 1,
  frozen: 2,
  offer: digestOf(encode(sealedOffer)),
  spec: effective,
  roster: offer.candidates.map((candidate, rank) => ({ ...candidate, rank, capabilities })),
  excluded: []
}
const sealedManifest = seal(manifestSubject, manifest, controller)
const subjectOf = (phase: string) => digestOf(encode(phase === 'join' ? sealedOffer : sealedManifest))

const ackOf = (by: Signer, seq: number, phase: Ack['phase'], more: Partial<Ack> = {}): Envelope => {
  const head = { run: RUN, epoch: 1, seq, phase, subject: subjectOf(phase), outcome: 'ok' as const }
  return seal(ackSubject, { ...head, received: 3, done: 4, ...more }, by)
}

const answerTo = (phase: string): Partial<Ack> =>
  phase === 'send' ? { produced: [tarball] } : phase === 'join' ? { capabilities } : {}

const certificateOf = (seq: number, phase: Ack['phase'], more: Partial<Certificate> = {}): Certificate => ({
  run: RUN,
  epoch: 1,
  seq,
  phase,
  subject: subjectOf(phase),
  verdict: 'met',
  needed: 3,
  asked: 3,
  acks: members.map(member => ackOf(member, seq, phase, answerTo(phase))),
  excluded: [],
  closed: 5,
  ...more
})

const STEP = { number: 1, name: 'default', sample: 1 }

const write = (dir: string, path: string, bytes: Uint8Array | string) => {
  mkdirSync(dirname(join(dir, path)), { recursive: true })
  writeFileSync(join(dir, path), bytes)
}

/** Names each certificate that is there. */
const writeJournal = (dir: string, verdict: string | undefined) => {
  const names = readdirSync(join(dir, 'certificates')).filter(name => /^\d/.test(name))
  const closed = names.sort().map(name => {
    const [, seq, phase] = /^(\d+)-(\w+)/.exec(name) ?? []
    const certificate = digestOf(readFileSync(join(dir, 'certificates', name)))
    return { type: 'phase-closed', seq: Number(seq), phase, certificate }
  })
  const events = [{ type: 'created' }, ...closed, { type: 'ended', verdict }]
  write(dir, 'journal.ndjson', events.map((event, n) => `${JSON.stringify({ n, at: 1, ...event })}\n`).join(''))
}

const sealFolder = async (dir: string, more: Partial<RunRecord> = {}, signer: Signer = controller) => {
  rmSync(join(dir, 'run.json'), { force: true })
  writeJournal(dir, more.verdict ?? 'failed')
  const { files, others } = await folderDigests(dir)
  const record: RunRecord = {
    format: 1,
    run: RUN,
    name: 'run',
    state: 'ended',
    verdict: 'failed',
    status: 74,
    partial: false,
    controller: { peer: controller.peer, name: 'c' },
    epoch: 1,
    created: 1,
    begun: 1,
    ended: 9,
    program: '0.1.0',
    directory: '/',
    manifest: subjectOf('stop'),
    spec: effective,
    roster: manifest.roster,
    excluded: [],
    shortfalls: [],
    beside: [],
    workload: [],
    skew: [],
    sent: members.map(({ peer }, i) => ({
      peer,
      name: `m${i}`,
      what: 'default',
      digest: tarball.digest,
      bytes: 7,
      arrived: true
    })),
    files,
    others,
    ...more
  }
  write(dir, 'run.json', writeRecord(record, signer))
}

const good = [
  certificateOf(1, 'join'),
  certificateOf(2, 'start'),
  certificateOf(3, 'send'),
  certificateOf(4, 'terminate')
]

const buildFolder = async (certificates = good, signer = controller, more: Partial<RunRecord> = {}) => {
  const dir = mkdtempSync(join(tmpdir(), 'bak-verify-'))
  write(dir, 'certificates/offer.cbor', encode(sealedOffer))
  write(dir, 'certificates/manifest.cbor', encode(sealedManifest))
  for (const each of certificates) write(dir, certificateFile(each), encode(seal(certificateSubject, each, signer)))
  write(dir, '1-default/sample1/workload/m0/stdout.txt', 'hello\n')
  write(dir, '1-default/sample1/tools-default/m0/vmstat/out.txt', '')
  symlinkSync('stdout.txt', join(dir, '1-default/sample1/workload/m0/link'))
  await sealFolder(dir, more)
  return dir
}

const verify = suite('verify')

const build: typeof buildFolder = async (...words) => {
  const dir = await buildFolder(...words)
  dirs.push(dir)
  return dir
}
const dirs: string[] = []
verify.after(() => {
  for (const dir of dirs) rmSync(dir, { recursive: true, force: true })
})

verify('a folder as the controller sealed it is verified without daemon or network', async () => {
  const report = await verifyFolder(await build())
  assert.equal(report.faults, [])
  assert.ok(report.ok)
  assert.is(report.run, RUN)
  // the seal, the offer, the manifest, four certificates with three acknowledgements each
  assert.equal(report.checked, { files: 9, certificates: 4, acks: 12, signatures: 19 })
  // made before members signed lists of their files
  assert.equal(
    report.unproven.map(({ path }) => path),
    ['m0']
  )
  assert.equal(report.origin, { by: controller.peer, controller: { peer: controller.peer, name: 'c' }, named: false })
})

verify('one changed byte in any file is found, and the file is named', async () => {
  const dir = await build()
  const files = [...Object.keys((await folderDigests(dir)).files), 'run.json'].filter(path => !/out\.txt$/.test(path))
  for (const path of files) {
    const before = readFileSync(join(dir, path))
    for (const at of [0, before.length >> 1, before.length - 1]) {
      const bytes = Buffer.from(before)
      bytes[at] = (bytes[at] as number) ^ 1
      writeFileSync(join(dir, path), bytes)
      const found = await verifyFolder(dir).then(
        report => report.faults.some(({ where }) => where === path),
        error => path === 'run.json' && error.code === 'damaged'
      )
      assert.ok(found, `${path}, byte ${at}`)
    }
    writeFileSync(join(dir, path), before)
  }
  assert.ok((await verifyFolder(dir)).ok)
})

verify('files that are missing, extra, longer or replaced by links are named', async () => {
  const dir = await build()
  rmSync(join(dir, '1-default/sample1/workload/m0/stdout.txt'))
  symlinkSync('/etc/passwd', join(dir, '1-default/sample1/workload/m0/stdout.txt'))
  rmSync(join(dir, '1-default/sample1/workload/m0/link'))
  write(dir, '1-default/sample1/tools-default/m0/vmstat/out.txt', 'x')
  write(dir, 'extra/file', 'x')
  const { faults } = await verifyFolder(dir)
  const named = Object.fromEntries(faults.map(({ where, what }) => [where, what]))
  assert.equal(named, {
    '1-default/sample1/tools-default/m0/vmstat/out.txt': 'has 1 bytes, had 0',
    '1-default/sample1/workload/m0/link': 'was a link to stdout.txt, and is no more',
    '1-default/sample1/workload/m0/stdout.txt': 'is a link to /etc/passwd',
    'extra/file': 'was not there when the run was sealed'
  })
})

verify('what is made of a result later is named and is no fault, as long as it is a file of that name', async () => {
  const dir = await build()
  for (const name of ['report.html', 'report.html.part', 'tags.json']) write(dir, name, 'x')
  const report = await verifyFolder(dir)
  assert.equal(report.faults, [])
  assert.equal(report.beside, ['report.html', 'report.html.part', 'tags.json'])
  rmSync(join(dir, 'report.html'))
  symlinkSync('/etc/passwd', join(dir, 'report.html'))
  write(dir, 'extra/report.html', 'x')
  write(dir, 'tags.json.part/x', 'x')
  assert.is(
    await faultsIn(dir),
    [
      'extra/report.html: was not there when the run was sealed',
      'tags.json.part/x: was not there when the run was sealed',
      'report.html: is a link to /etc/passwd, which was not there when the run was sealed'
    ].join('\n')
  )
})

verify('a folder without a record of a run is refused', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'bak-verify-'))
  dirs.push(dir)
  const error = await verifyFolder(dir).catch(error => error)
  assert.is(error.code, 'damaged')
})

verify('a run that did not end has no seal, which is a fault', async () => {
  const dir = await build()
  const record = JSON.parse(readFileSync(join(dir, 'run.json'), 'utf8'))
  write(dir, 'run.json', writeRecord({ ...record, files: undefined }))
  const { ok, faults } = await verifyFolder(dir)
  assert.not(ok)
  assert.match(faults[0]?.what ?? '', /has no seal/)
})

// each is sealed by the controller itself: what the members signed gives it away
const lies: [string, Certificate[], RegExp][] = [
  ['a seq twice', [certificateOf(1, 'start'), certificateOf(1, 'stop')], /its number 1 does not follow 1/],
  ['too few answers', [certificateOf(1, 'start', { acks: [] })], /0 good answers of 3 needed/],
  [
    'one answer counted twice',
    [certificateOf(1, 'start', { acks: [0, 0, 1].map(i => ackOf(members[i] as Signer, 1, 'start')) })],
    /two answers of/
  ],
  [
    'an answer of a stranger',
    [certificateOf(1, 'start', { acks: [ackOf(stranger, 1, 'start')], needed: 0 })],
    /not on the roster/
  ],
  [
    'an answer with a false signature',
    [
      certificateOf(1, 'start', {
        acks: [{ ...ackOf(members[2] as Signer, 1, 'start'), signature: new Uint8Array(64) }],
        needed: 0
      })
    ],
    /signature of/
  ],
  [
    'an answer to another phase',
    [certificateOf(1, 'start', { acks: [ackOf(members[0] as Signer, 1, 'stop')], needed: 0 })],
    /is for phase stop/
  ],
  [
    'an answer of another seq',
    [certificateOf(1, 'start', { acks: [ackOf(members[0] as Signer, 7, 'start')], needed: 0 })],
    /is for seq 7/
  ],
  [
    'an answer of another epoch',
    [certificateOf(1, 'start', { acks: [ackOf(members[0] as Signer, 1, 'start', { epoch: 2 })], needed: 0 })],
    /is for epoch 2/
  ],
  [
    'an answer for another manifest',
    [
      certificateOf(1, 'start', {
        acks: [ackOf(members[0] as Signer, 1, 'start', { subject: subjectOf('join') })],
        needed: 0
      })
    ],
    /is for subject/
  ],
  [
    'failures counted as success',
    [certificateOf(1, 'start', { acks: members.map(m => ackOf(m, 1, 'start', { outcome: 'failed' })) })],
    /0 good answers/
  ],
  ['the manifest where the offer is due', [certificateOf(1, 'join', { subject: subjectOf('stop') })], /its subject is/],
  ['another run', [certificateOf(1, 'start', { run: '20261122T213015-aaaaaa' })], /it is of run/],
  [
    'a tarball that the record does not list',
    [
      certificateOf(1, 'sysinfo', {
        acks: members.map(m => ackOf(m, 1, 'sysinfo', { produced: [{ ...tarball, bytes: 8 }] }))
      })
    ],
    /announced default/
  ]
]

for (const [what, certificates, expected] of lies) {
  verify(`a false certificate is found: ${what}`, async () => {
    const { ok, faults } = await verifyFolder(await build(certificates))
    assert.not(ok)
    assert.match(faults.map(fault => fault.what).join('\n'), expected)
  })
}

verify('a phase that failed needs no quorum', async () => {
  const failed = certificateOf(2, 'start', { acks: [], verdict: 'failed' })
  const report = await verifyFolder(await build([certificateOf(1, 'join'), failed, certificateOf(3, 'terminate')]))
  assert.equal(report.faults, [])
})

verify('a run that too few members joined has no manifest and is verified with its offer', async () => {
  const subject = subjectOf('join')
  const ended = certificateOf(2, 'terminate', {
    subject,
    acks: members.map(member => ackOf(member, 2, 'terminate', { subject }))
  })
  const dir = await build([certificateOf(1, 'join', { acks: [], verdict: 'failed' }), ended])
  rmSync(join(dir, 'certificates/manifest.cbor'))
  const more = { manifest: undefined, roster: [], verdict: 'quorum' as const, sent: [] }
  await sealFolder(dir, more)
  assert.equal((await verifyFolder(dir)).faults, [])

  rmSync(join(dir, 'certificates/offer.cbor'))
  await sealFolder(dir, more)
  assert.match((await verifyFolder(dir)).faults[0]?.what ?? '', /there is no offer to check it against/)
})

verify('a certificate, a manifest or a seal of another peer is refused', async () => {
  const byMember = await verifyFolder(await build(good, members[0]))
  assert.match(byMember.faults[0]?.what ?? '', /signed it, the controller is/)

  const dir = await build()
  write(dir, 'certificates/manifest.cbor', encode(seal(manifestSubject, manifest, stranger)))
  await sealFolder(dir)
  assert.match((await verifyFolder(dir)).faults[0]?.what ?? '', /names .* as controller/)

  await sealFolder(dir, {}, stranger)
  assert.match((await verifyFolder(dir)).faults[0]?.what ?? '', /^sealed by .*; the controller is/)
})

verify('a record that names another manifest or another spec is refused', async () => {
  const other = await verifyFolder(await build(good, controller, { manifest: subjectOf('join') }))
  assert.match(other.faults[0]?.what ?? '', /run\.json names the digest/)
  const spec = { ...effective, samples: 3 }
  assert.match((await verifyFolder(await build(good, controller, { spec }))).faults[0]?.what ?? '', /its spec is not/)
})

const excluded = { peer: members[2]?.peer as string, name: 'm2', phase: 'start', code: 'lost', reason: 'gone' } as const
const without: [string, Partial<RunRecord>, RegExp][] = [
  ['does not name who was excluded', { excluded: [] }, /does not say that m2 was excluded at start/],
  ['names another reason', { excluded: [{ ...excluded, reason: 'slow' }] }, /m2 was excluded otherwise/],
  [
    'says that all went well',
    { excluded: [excluded], verdict: 'ok' },
    /the sample 1-default\/sample1 has no certificate/
  ]
]

for (const [what, more, expected] of without) {
  verify(`a record that ${what} is refused`, async () => {
    const start = certificateOf(2, 'start', { excluded: [excluded] })
    const dir = await build([certificateOf(1, 'join'), start, certificateOf(3, 'terminate')], controller, more)
    assert.match((await verifyFolder(dir)).faults.map(fault => fault.what).join('\n'), expected)
  })
}

verify('a phase that was open when the daemon of the controller was killed is no gap', async () => {
  const dir = await build([certificateOf(1, 'join'), certificateOf(3, 'terminate', { acks: [], verdict: 'failed' })])
  assert.match((await verifyFolder(dir)).faults[0]?.what ?? '', /there is no certificate of number 2/)
  const lines = readFileSync(join(dir, 'journal.ndjson'), 'utf8').trim().split('\n')
  const open = JSON.stringify({ n: lines.length, at: 1, type: 'phase-open', seq: 2, phase: 'stage' })
  write(dir, 'journal.ndjson', [...lines, open, ''].join('\n'))
  const { files } = await folderDigests(dir, { except: ['run.json'] })
  const record = JSON.parse(readFileSync(join(dir, 'run.json'), 'utf8'))
  write(dir, 'run.json', writeRecord({ ...record, files }, controller))
  assert.equal((await verifyFolder(dir)).faults, [])
  write(dir, 'run.json', writeRecord({ ...record, files, verdict: 'cancelled' }, controller))
  assert.match(await faultsIn(dir), /there is no certificate of number 2/, 'only that of a daemon that was killed')
})

verify('a phase that is said to have been open, and after which others came, is a gap', async () => {
  const dir = await build([certificateOf(1, 'join'), certificateOf(3, 'send'), certificateOf(4, 'terminate')])
  const lines = readFileSync(join(dir, 'journal.ndjson'), 'utf8').trim().split('\n')
  const open = JSON.stringify({ n: lines.length, at: 1, type: 'phase-open', seq: 2, phase: 'start' })
  write(dir, 'journal.ndjson', [...lines, open, ''].join('\n'))
  const { files } = await folderDigests(dir, { except: ['run.json'] })
  const record = JSON.parse(readFileSync(join(dir, 'run.json'), 'utf8'))
  write(dir, 'run.json', writeRecord({ ...record, files }, controller))
  assert.match(await faultsIn(dir), /there is no certificate of number 2/)
})

/** Of a run that was ok, with these in the places of its certificates. */
async function buildOk(change: (all: Certificate[]) => Certificate[] = all => all, more: Partial<RunRecord> = {}) {
  const step = STEP
  const workload = { exit: 0, duration: 1, timedOut: false, ...more.workload?.[0] }
  const [first] = members as [Signer]
  const work = { step, needed: 1, asked: 1, acks: [ackOf(first, 3, 'work', { workload })] }
  const all = [
    certificateOf(1, 'join'),
    certificateOf(2, 'start'),
    certificateOf(3, 'work', work),
    certificateOf(4, 'send', { step }),
    certificateOf(5, 'terminate')
  ]
  return build(change(all), controller, { verdict: 'ok', ...more, workload: [{ step, ...workload }] })
}

const faultsIn = async (dir: string) =>
  (await verifyFolder(dir)).faults.map(({ where, what }) => `${where}: ${what}`).join('\n')

verify('a run that was ok is as it was signed', async () => {
  assert.is(await faultsIn(await buildOk()), '')
})

verify('an answer that the controller took out of a certificate is missed, whatever it says was needed', async () => {
  const dropped = (phase: string, change: Partial<Certificate> = {}) =>
    buildOk(all =>
      all.map(each => (each.phase !== phase ? each : { ...each, needed: 0, acks: each.acks.slice(1), ...change }))
    )
  assert.match(await faultsIn(await dropped('send')), /certificates: m0 neither answered send nor is excluded there/)
  assert.match(await faultsIn(await dropped('start')), /m0 neither answered start/)
  const out = { peer: members[0]?.peer as string, name: 'm0', phase: 'send', code: 'lost', reason: 'gone' } as const
  const told = await buildOk(
    all =>
      all.map(each => {
        if (each.phase === 'send') return { ...each, needed: 0, acks: each.acks.slice(1), excluded: [out] }
        return each.phase === 'terminate' ? { ...each, needed: 0, acks: each.acks.slice(1) } : each
      }),
    { excluded: [out], partial: true }
  )
  assert.is(await faultsIn(told), '', 'an exclusion is in words')
})

verify('in a run that was not ok an answer that is missing leaves unproven what it announced', async () => {
  const dir = await build([
    certificateOf(1, 'join'),
    certificateOf(2, 'start', { acks: [], verdict: 'failed' }),
    certificateOf(3, 'send', { step: STEP, needed: 0, acks: good[2]?.acks.slice(1) as Envelope[] }),
    certificateOf(4, 'terminate')
  ])
  const { faults, unproven } = await verifyFolder(dir)
  assert.equal(faults, [])
  assert.ok(unproven.some(({ path, reason }) => path === 'm0' && /neither answered send/.test(reason)))
  const what = '1-default/sample1'
  const lines = fileLine(`${what}/workload/m0/stdout.txt`, { sha256: digestOf(Buffer.from('hello\n')), bytes: 6 })
  const { sealed, digest } = sealFileList(RUN, Buffer.from(lines), members[0] as Signer)
  write(dir, 'files.txt', sealed)
  const sent = [{ peer: members[0]?.peer as string, name: 'm0', what, digest, bytes: 7, arrived: true, files: digest }]
  const others = [1, 2].map(i => ({ ...tarball, peer: members[i]?.peer as string, name: `m${i}`, what, arrived: true }))
  await sealFolder(dir, { sent: [...sent, ...others] })
  const collected = await verifyFolder(dir)
  assert.not.match(JSON.stringify(collected.unproven), /neither answered send/, 'its list came later')
})

verify('an answer to end that is missing leaves nothing unproven of who has no persistent tools', async () => {
  const certificates = [
    ...[certificateOf(1, 'join'), certificateOf(2, 'start', { acks: [], verdict: 'failed' })],
    certificateOf(3, 'end', { needed: 0, acks: certificateOf(3, 'end').acks.slice(1) }),
    certificateOf(4, 'terminate')
  ]
  const missing = /m0 neither answered end/
  const without = await verifyFolder(await build(certificates))
  assert.not.match(JSON.stringify(without.unproven), missing)
  const attached = {
    change: 'attach' as const,
    group: 'default',
    tool: 'x',
    by: 'c',
    members: ['m0'],
    refused: [],
    at: 1
  }
  const tools = await verifyFolder(await build(certificates, controller, { tools: [attached] }))
  assert.equal(tools.faults, [])
  assert.match(JSON.stringify(tools.unproven), missing)
})

const contradictions: Array<[string, Partial<RunRecord>, RegExp]> = [
  [
    'is ok with a workload that failed',
    { workload: [{ exit: 3 }] as never },
    /its verdict is ok, its workload ended by exit 3/
  ],
  [
    'lacks files, and says that nothing is missing',
    { refused: [{ path: 'x', reason: 'y' }] },
    /says that nothing is missing, and names files that were not taken/
  ],
  ['was made at another time than the members were asked', { created: 2 }, /the run was offered at 1, run.json says 2/],
  ['is of another epoch', { epoch: 2 }, /it is of epoch 1, run.json of 2/]
]

for (const [what, more, expected] of contradictions) {
  verify(`a record that ${what} contradicts itself or the offer`, async () => {
    const change = 'workload' in more ? { workload: more.workload } : more
    const dir = await buildOk(undefined, change as Partial<RunRecord>)
    assert.match(await faultsIn(dir), expected)
  })
}

verify('samples that have one certificate between them are counted once', async () => {
  const dir = await buildOk(all => [...all.slice(0, 3), certificateOf(4, 'terminate')].map(each => each))
  assert.not.match(await faultsIn(dir), /samples have a certificate/)
  const twice = { ...effective, samples: 2 }
  assert.match(
    await faultsIn(await buildOk(undefined, { spec: twice })),
    /the sample 1-default\/sample2 has no certificate/
  )
})

verify('a spec.toml that says something else than the record is found', async () => {
  const dir = await build()
  write(dir, 'spec.toml', writeRunFile(effective))
  await sealFolder(dir)
  assert.is(await faultsIn(dir), '')
  write(dir, 'spec.toml', writeRunFile({ ...effective, command: ['false'] }))
  await sealFolder(dir)
  assert.is(await faultsIn(dir), 'spec.toml: it is not the spec in run.json')
  write(dir, 'spec.toml', 'command = [')
  await sealFolder(dir)
  assert.match(await faultsIn(dir), /^spec.toml: /)
})

verify(
  'a file in the place of one that was not taken is found, also below what could not be read a note is left',
  async () => {
    const dir = await build()
    const path = '1-default/sample1/tools-default/m0/cpu.csv'
    await sealFolder(dir, { partial: true, refused: [{ path, reason: 'taken' }] })
    assert.is(await faultsIn(dir), '')
    write(dir, path, 'x')
    assert.is(await faultsIn(dir), `${path}: was not there when the run was sealed`)
  }
)

verify('pipes and links in the place of files do not hold it up', async () => {
  for (const path of [
    'certificates/0002-start.cbor',
    'certificates/proofs.cbor',
    'journal.ndjson',
    'files.txt',
    'spec.toml'
  ]) {
    const dir = await build()
    rmSync(join(dir, path), { force: true })
    execFileSync('mkfifo', [join(dir, path)])
    assert.ok(!(await verifyFolder(dir)).ok, path)
  }
  for (const how of ['mkfifo', 'ln -s /dev/zero']) {
    const dir = await build()
    rmSync(join(dir, 'run.json'))
    execFileSync('sh', ['-c', `${how} "$0"`, join(dir, 'run.json')])
    assert.is((await verifyFolder(dir).catch(cause => cause)).code, 'damaged')
  }
})

verify('a certificate that the seal says was never written is named, and no fault', async () => {
  const dir = await build()
  rmSync(join(dir, certificateFile({ seq: 2, phase: 'start' })))
  const path = certificateFile({ seq: 2, phase: 'start' })
  const record = JSON.parse(readFileSync(join(dir, 'run.json'), 'utf8'))
  const { [path]: _, ...files } = record.files
  write(dir, 'run.json', writeRecord({ ...record, files, unreadable: [{ path, reason: 'killed' }] }, controller))
  const { faults, unproven } = await verifyFolder(dir)
  assert.equal(faults, [])
  assert.equal(unproven.slice(0, 1), [{ path, reason: 'not in the seal: killed' }])
  for (const [verdict, left] of [
    ['ok', path],
    ['cancelled', path],
    ['failed', 'certificates']
  ] as const) {
    const told = { ...record, files, verdict, unreadable: [{ path: left, reason: 'killed' }] }
    write(dir, 'run.json', writeRecord(told, controller))
    const { faults } = await verifyFolder(dir)
    assert.ok(
      faults.some(({ where, what }) => where === path && /is missing: the journal names it/.test(what)),
      `${verdict} ${left}`
    )
  }
})

verify('a certificate in a file of another name is found', async () => {
  const dir = await build([certificateOf(1, 'start')])
  write(dir, 'certificates/0002-stop.cbor', readFileSync(join(dir, 'certificates/0001-start.cbor')))
  await sealFolder(dir)
  const { faults } = await verifyFolder(dir)
  assert.equal(
    faults.map(fault => fault.where).filter(where => where.startsWith('certificates/')),
    ['certificates/0002-stop.cbor', 'certificates/0002-stop.cbor']
  )
})

verify.run()
