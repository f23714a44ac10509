/** Every file and text format that is read, and a valid one of each. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { restoreMember } from '../../node/agent/member-state.ts'
import { BoundNames } from '../../node/mesh/names/bound-names.ts'
import { AddressBook } from '../../node/mesh/peering/address-book.ts'
import { MeshFile } from '../../node/mesh-file.ts'
import { readAudit } from '../../node/processes/audit.ts'
import { sweep } from '../../node/processes/ledger.ts'
import { parseSelector } from '../../node/run/selector.ts'
import { copiesOf } from '../../node/store/copied.ts'
import { loadJournal } from '../../node/store/journal.ts'
import { openOutbox } from '../../node/store/outbox.ts'
import { Register } from '../../node/tools/register.ts'
import { LineReader } from '../../node/work/calls/line-reader.ts'
import { parseCall } from '../../node/work/calls/parse-call.ts'
import { statedIn } from '../../node/work/stated/stated-in.ts'
import { makeArtifact, readArtifact } from '../../protocols/artifact.ts'
import { checkCertificate, readEvidence } from '../../protocols/certificate.ts'
import { check, decode, encode } from '../../protocols/codec.ts'
import { readConfigFile } from '../../protocols/config-file.ts'
import { digestOf } from '../../protocols/digest.ts'
import { envelope, open, seal } from '../../protocols/envelope.ts'
import { BakError } from '../../protocols/errors.ts'
import { storedEvent } from '../../protocols/events.ts'
import { list, text as told } from '../../protocols/fields.ts'
import { checkFileList, isSignedList, linesOfList, splitFileLists } from '../../protocols/file-list.ts'
import { FILE_LISTS_FILE, PROOFS_FILE } from '../../protocols/layout.ts'
import { addressOf, observationSubject, openProof, readProof, writeLine } from '../../protocols/observe.ts'
import { workloadResult } from '../../protocols/phase.ts'
import { checkProof } from '../../protocols/proof.ts'
import { checkSeal, readRecord } from '../../protocols/record.ts'
import { checkSpec, readRunFile, writeRunFile } from '../../protocols/run-file.ts'
import { runProofs, validProofs } from '../../protocols/run-proofs.ts'
import { readTags, writeTags } from '../../protocols/tags.ts'
import { acceptTicket, readTicket, ticket as ticketSchema, writeTicket } from '../../protocols/ticket.ts'
import { toolOptions } from '../../protocols/tool-options.ts'
import { commandWords, readUserTool } from '../../protocols/user-tool.ts'
import { verifyFolder } from '../../protocols/verify.ts'
import { readKeep } from '../../protocols/where/keep.ts'
import { readOrder, readWhere } from '../../protocols/where/where.ts'
import { RESULT_READERS } from '../../protocols/workload-results.ts'
import { readSamples } from '../helpers/read-samples.ts'
import { member, signed, specOf } from '../protocols/samples.ts'
import { ownFile, type ReaderInit } from './files.ts'
import type { World } from './world.ts'

const seen = { host: '192.0.2.7', port: 4001 }
const text = (bytes: Uint8Array) => Buffer.from(bytes).toString()
const json = (value: unknown) => JSON.stringify(value, null, 2)
const folderOf = ({ target, ended }: World) => target.parts.coordinator.folder(ended)
const fileOf = (path: (world: World) => string) => (world: World) => [readFileSync(path(world))]
const envelopes = (world: World) => {
  const { certificates } = folderOf(world)
  const names = readdirSync(certificates).filter(name => name !== 'proofs.cbor')
  return names.map(name => readFileSync(join(certificates, name)))
}

export const readers: ReaderInit[] = [
  {
    name: 'ticket',
    refusals: ['usage'],
    good: ({ ticket }) => [ticket],
    read: bytes => readTicket(text(bytes))
  },
  {
    // without the checksum, which refuses almost all inputs of the target above
    name: 'ticket content',
    refusals: ['usage', 'bad-message'],
    good: ({ ticket }) => [Buffer.from(ticket.slice(4), 'base64url').subarray(0, -4)],
    read: (bytes, { member }) => {
      const ticket = readTicket(writeTicket(decode(ticketSchema, bytes)))
      acceptTicket(ticket, member.parts.identity.peer, Date.now())
    }
  },
  {
    name: 'proof',
    refusals: ['not-allowed', 'bad-signature', 'bad-message'],
    good: ({ member }) => [member.parts.authority.ownProofBytes as Uint8Array],
    read: (bytes, { target }) => checkProof(target.parts.mesh.mesh, bytes)
  },
  {
    name: 'line of an observer',
    refusals: ['bad-message', 'bad-signature', 'not-allowed'],
    good: ({ target }) => [
      writeLine(
        seen,
        seal(observationSubject, { peer: member.peer, address: addressOf(seen) }, target.parts.identity)
      ).trimEnd()
    ],
    read: bytes => openProof(readProof(text(bytes)), member.peer)
  },
  {
    name: 'envelope',
    refusals: ['bad-message', 'bad-signature'],
    good: world => [...envelopes(world), ...signed.map(({ subject, value }) => encode(seal(subject, value, member)))],
    read: bytes => {
      const sealed = decode(envelope, bytes)
      for (const { subject } of signed) open(subject, sealed)
    }
  },
  {
    name: 'certificate',
    refusals: ['bad-message', 'bad-signature', 'not-the-controller'],
    good: envelopes,
    read: (bytes, world) => {
      const stored = (name: string) => decode(envelope, readFileSync(folderOf(world).path('certificates', name)))
      checkCertificate(decode(envelope, bytes), readEvidence({ manifest: stored('manifest.cbor') }))
      readEvidence({ manifest: decode(envelope, bytes) })
    }
  },
  {
    name: 'run file',
    refusals: ['bad-run-file'],
    good: world => [readFileSync(folderOf(world).path('spec.toml')), writeRunFile(specOf({ samples: 3 }))],
    read: bytes => readRunFile(text(bytes), 'run.toml')
  },
  {
    name: 'file of a tool',
    refusals: ['bad-config'],
    good: () => [
      'command = ["x", "{interval}", "{queue}"]\nfiles = ["a.csv"]\nneeds = { debian = "y", root = true }\n' +
        '[settings.queue]\ntype = "string"\npattern = "[a-z]+"\ndefault = "mail"\n' +
        '[[read]]\nformat = "regex"\npattern = "(?<t>.*) (?<v>.*)"\ntime = "t"\n',
      'command = "x"\n[[read]]\nformat = "csv"\ntime = "t"\n[[read]]\nformat = "json"\nvalues = ["a.b"]\n'
    ],
    read: bytes => {
      const { read = [], command, settings: _, ...others } = readUserTool(text(bytes), 'x.toml')
      check(toolOptions, { ...others, read, command: commandWords(command) })
      for (const each of read) readSamples(each, '1 2\n1,2\n{"a":{"b":1}}\n')
    }
  },
  {
    name: 'parameters',
    refusals: ['bad-run-file', 'usage'],
    good: () => ['[[params]]\nbs = ["4k", "1m"]\ndepth = 8\n[[params]]\nrw = true\n[[iterations]]\nname = "a"\n'],
    read: bytes => checkSpec({ command: ['x'], ...readRunFile(text(bytes), 'run.toml') })
  },
  {
    name: 'output of a workload',
    refusals: [],
    good: () => ['#BAK:PHASE x\n#BAK:PROGRESS 42\na\n#BAK:METRIC iops=1.5 ops/s\n#BAK:STATE ERR why\n'],
    file: ownFile('stdout.txt'),
    read: async (_, world) => {
      const { error = '', metrics, warnings } = await statedIn(dirname(ownFile('stdout.txt')(world)))
      check(workloadResult, { duration: 1, timedOut: false, error, metrics })
      check(list(told, 64), warnings)
    }
  },
  {
    name: 'output of a benchmark',
    refusals: [],
    good: () =>
      [
        'fio-json.json',
        'iperf3-tcp.json',
        'hyperfine.json',
        'sysbench-cpu.txt',
        'redis-benchmark.txt',
        'perf-stat.txt'
      ].map(file => readFileSync(`test/golden/results/${file}`).subarray(0, 8192)),
    file: ownFile('stdout.txt'),
    read: async (_, world) => {
      const folder = dirname(ownFile('stdout.txt')(world))
      for (const sources of [undefined, ...RESULT_READERS.map(reader => [{ reader }])]) {
        const { error = '', metrics, warnings } = await statedIn(folder, sources)
        check(workloadResult, { duration: 1, timedOut: false, error, metrics })
        check(list(told, 64), warnings)
      }
    }
  },
  {
    name: 'metrics.ndjson',
    refusals: [],
    good: () => ['{"at":1,"type":"sample","name":"iops","value":1.5,"unit":"ops/s"}\n{"type":"period"}\n'],
    file: ownFile('metrics.ndjson'),
    read: async (_, world) => {
      const { metrics, warnings } = await statedIn(dirname(ownFile('metrics.ndjson')(world)))
      check(workloadResult, { duration: 1, timedOut: false, metrics })
      check(list(told, 64), warnings)
    }
  },
  {
    name: 'config.toml',
    refusals: ['bad-config'],
    good: () => ['name = "a"\nlisten = ["/ip4/0.0.0.0/tcp/0"]\nlog = "info"\n[label]\nrack = "r1"\n[cli]\nx = 1\n'],
    read: bytes => readConfigFile(text(bytes), 'config.toml')
  },
  {
    name: 'listing of an artifact',
    refusals: ['bad-message'],
    good: () => {
      const file = { type: 'file', path: 'd/f', mode: 0o644, bytes: 10, digest: digestOf(new Uint8Array(10)) } as const
      const folders = ['', 'd'].map(path => ({ type: 'folder', path, mode: 0o755 }) as const)
      const entries = [...folders, file, { type: 'link', path: 'd/l', target: '../x' } as const]
      return [makeArtifact(entries, new Uint8Array(32)).encoded]
    },
    read: bytes => readArtifact(bytes, digestOf(bytes))
  },
  {
    name: 'lines of a workload',
    refusals: ['usage'],
    good: () => [
      'barrier start --group all --count 3 --timeout 30s\nput key a\\nb\\\\c\n',
      'sample latency -1.5e-3 ms\nperiod begin x\nsubscribe news --count 2\nquit\n'
    ],
    read: bytes => {
      const lines = new LineReader(1024)
      lines.push(Buffer.from(bytes))
      for (let line = lines.next(); line != null; line = lines.next()) parseCall(line)
    }
  },
  {
    name: 'selector',
    refusals: ['usage'],
    good: () => ['all', 'node-*,rack=r1+disk!=ssd', '*a*b*c*', '12D3KooW'],
    read: bytes => parseSelector(text(bytes))({ peer: member.peer, name: 'node-a', labels: { rack: 'r1' } })
  },
  {
    name: 'expression about runs',
    refusals: ['usage'],
    good: () => [
      'tags.kernel = "6.18" and name ~ fio*',
      'not (partial or took > 5m) and created < 2026-11-22',
      '-took,tags.a',
      '30d'
    ],
    read: bytes => {
      for (const reader of [readWhere, readOrder, readKeep]) {
        try {
          reader(text(bytes))
        } catch (cause) {
          if (!(cause instanceof BakError)) throw cause
        }
      }
      readWhere(text(bytes))
    }
  },
  {
    name: 'tags.json',
    refusals: [],
    good: () => [writeTags({ kernel: '6.18', keep: 'yes' })],
    read: bytes => readTags(text(bytes))
  },
  {
    name: 'notes of copies',
    refusals: [],
    good: () => [
      json([
        { peer: member.peer, name: 'a', at: 1, content: digestOf(Buffer.from('x')) },
        { folder: '/x', at: 1, content: digestOf(Buffer.from('y')) }
      ])
    ],
    file: world => `${world.target.parts.home.runs(world.ended)}.copies`,
    read: (_, { target, ended }) => copiesOf(target.parts.home, ended)
  },
  {
    name: 'mesh.json',
    refusals: ['bad-config'],
    good: fileOf(({ member }) => member.parts.home.mesh),
    file: ownFile('mesh.json'),
    read: (_, world) => MeshFile.read({ ...world.target.parts.home, mesh: ownFile('mesh.json')(world) })
  },
  {
    name: 'peers.json',
    refusals: [],
    good: () => [json([{ peer: member.peer, name: 'a', addresses: ['/ip4/10.0.0.7/tcp/4001'], seen: 1 }])],
    file: ownFile('peers.json'),
    read: (_, world) => AddressBook.open(ownFile('peers.json')(world))
  },
  {
    name: 'tools.json',
    refusals: ['bad-config'],
    good: () => [json([{ group: 'default', tool: 'vmstat', options: ['--interval', '3'] }])],
    file: ownFile('tools.json'),
    read: (_, world) => Register.open(ownFile('tools.json')(world))
  },
  {
    name: 'controllers.json',
    refusals: ['bad-config'],
    good: () => [json({ cleo: member.peer, constructor: member.peer })],
    file: ownFile('controllers.json'),
    read: (_, world) => BoundNames.open(ownFile('controllers.json')(world))
  },
  {
    name: 'audit',
    refusals: [],
    good: ({ live }) => [
      `${JSON.stringify({ at: 1, event: 'start', by: member.peer, run: live, name: 'x', argv: ['x'], digest: '0' })}\n`
    ],
    file: ownFile('audit'),
    read: (_, world) => readAudit(ownFile('audit')(world))
  },
  {
    name: 'processes',
    refusals: [],
    // without a group, because a mutation could name a real process
    good: () => [json({ boot: readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(), groups: [] })],
    file: ownFile('processes'),
    read: (_, world) => sweep(ownFile('processes')(world))
  },
  {
    name: 'member.cbor',
    refusals: ['bad-message'],
    good: ({ member, live }) => [readFileSync(join(member.parts.home.work(live), 'member.cbor'))],
    file: ownFile('member.cbor'),
    read: async (_, world) => {
      const folder = join(world.folder, 'files')
      const outbox = await openOutbox(join(folder, 'outbox'), world.live)
      await restoreMember(folder, world.member.parts.identity.peer, outbox)
    }
  },
  {
    name: 'outbox',
    refusals: ['damaged'],
    good: ({ live }) => [
      JSON.stringify({ run: live, what: 'x', kind: 'sample', digest: 'a'.repeat(64), bytes: 9, allow: ['a/b'] })
    ],
    file: ownFile(`outbox/${'a'.repeat(64)}.json`),
    read: async (_, world) => {
      const folder = join(world.folder, 'files', 'outbox')
      writeFileSync(join(folder, `${'a'.repeat(64)}.tar.zst`), '')
      await (await openOutbox(folder, world.live)).list()
    }
  },
  {
    name: 'journal.ndjson',
    refusals: ['damaged'],
    good: fileOf(world => folderOf(world).journal),
    file: ownFile('journal.ndjson'),
    read: (_, world) => loadJournal(ownFile('journal.ndjson')(world), storedEvent as never)
  },
  {
    name: 'run.json',
    refusals: ['damaged'],
    good: fileOf(world => folderOf(world).path('run.json')),
    read: bytes => {
      readRecord(text(bytes))
      checkSeal(text(bytes))
    }
  },
  {
    name: 'proofs of a run',
    refusals: ['bad-message'],
    good: fileOf(world => folderOf(world).path(PROOFS_FILE)),
    read: bytes => {
      const { mesh, proofs } = decode(runProofs, bytes)
      validProofs(mesh, proofs)
    }
  },
  {
    name: 'lists of files',
    refusals: ['bad-message'],
    good: fileOf(world => folderOf(world).path(FILE_LISTS_FILE)),
    read: bytes => {
      for (const list of splitFileLists(bytes).lists) {
        checkFileList(bytes, { ...list, name: 'node-b' })
        isSignedList(list)
        Array.from(linesOfList(list))
      }
    }
  },
  {
    name: 'result folder',
    refusals: ['damaged'],
    share: 0.1,
    good: world => [
      ...envelopes(world),
      ...['run.json', FILE_LISTS_FILE, PROOFS_FILE].map(name => readFileSync(folderOf(world).path(name)))
    ],
    read: async (bytes, world) => {
      const files = [
        'run.json',
        FILE_LISTS_FILE,
        PROOFS_FILE,
        'journal.ndjson',
        'certificates/manifest.cbor',
        'certificates/offer.cbor',
        'certificates/0002-stage.cbor'
      ]
      const path = folderOf(world).path(files[bytes.length % files.length] as string)
      const whole = readFileSync(path)
      try {
        writeFileSync(path, bytes)
        const report = await verifyFolder(folderOf(world).root)
        if (report.ok && !whole.equals(bytes)) throw new Error(`${path} was changed, and verify did not report it`)
      } finally {
        writeFileSync(path, whole)
      }
    }
  }
]
