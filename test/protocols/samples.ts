/** One good value for every message on the wire, and the schema that it fits. */

import { adjacencyProtocol } from '../../protocols/adjacency.ts'
import { proofFrame, verdictFrame } from '../../protocols/admission.ts'
import { cancelProtocol } from '../../protocols/cancel.ts'
import { changeToolsProtocol } from '../../protocols/changed-tools.ts'
import { clockProtocol } from '../../protocols/clock.ts'
import { check, encode, type Schema } from '../../protocols/codec.ts'
import { collectProtocol } from '../../protocols/collect.ts'
import { getProtocol } from '../../protocols/content.ts'
import { digestOf } from '../../protocols/digest.ts'
import { directProtocol } from '../../protocols/direct.ts'
import { echoProtocol } from '../../protocols/echo.ts'
import { envelope, peek, type Subject, seal } from '../../protocols/envelope.ts'
import { attachProtocol, describeProtocol } from '../../protocols/events.ts'
import {
  helloMessage,
  lostSubject,
  type MemberRecord,
  memberSubject,
  registerProtocol,
  syncProtocol
} from '../../protocols/hello.ts'
import { jobRecordsProtocol } from '../../protocols/jobs/job-records.ts'
import { leftoversProtocol } from '../../protocols/leftovers.ts'
import { type Manifest, manifestSubject, type Offer, offerSubject } from '../../protocols/manifest.ts'
import {
  acceptanceSubject,
  invitationSubject,
  links,
  type Membership,
  membershipSubject
} from '../../protocols/membership.ts'
import { type Notice, noticeSubject } from '../../protocols/notice.ts'
import { observationSubject, observeProtocol } from '../../protocols/observe.ts'
import { memberOutputProtocol, outputProtocol } from '../../protocols/output.ts'
import {
  type Ack,
  ackSubject,
  type Certificate,
  type Command,
  certificateSubject,
  commandSubject,
  runMessage
} from '../../protocols/phase.ts'
import { FORMAT, type RunRecord } from '../../protocols/record.ts'
import { runListProtocol } from '../../protocols/run-list.ts'
import { runStreamProtocol } from '../../protocols/run-stream.ts'
import { spec } from '../../protocols/spec.ts'
import { type Receipt, receiptSubject, tarballProtocol } from '../../protocols/tarball.ts'
import { ticket } from '../../protocols/ticket.ts'
import {
  type Revocation,
  type Rotation,
  renewProtocol,
  revocationSubject,
  rotationSubject,
  type TrustEntry,
  trustMessage,
  trustProtocol
} from '../../protocols/trust-entries.ts'
import { twinProtocol } from '../../protocols/twin.ts'
import { newSigner } from '../helpers/streams.ts'
import { founderOf, proofOf, ticketOf } from '../helpers/trust.ts'

export const run = '20261122T213015-k3f9ab'
export const controller = newSigner()
export const member = newSigner()
export const step = { number: 1, name: 'default', sample: 1 }
const digest = digestOf(Buffer.from('something'))
const at = 1_795_383_015_123.5

/** @returns a spec with every default filled in */
export const specOf = (given: object = {}) => check(spec as Schema<Offer['spec']>, { command: ['true'], ...given })

const admin = founderOf(controller)
const proof = proofOf(admin, member.peer, { uses: 3, name: 'rack-7' }, at)
const membership: Membership = {
  mesh: controller.peer,
  peer: member.peer,
  role: 'agent',
  invitation: proof.invitation,
  name: 'rack-7',
  issued: at,
  expires: at + 1
}
const revocation: Revocation = {
  mesh: controller.peer,
  target: proof.invitation as string,
  at,
  reason: 'lost'
}
const rotation: Rotation = {
  mesh: controller.peer,
  generation: 57,
  secret: new Uint8Array(32).fill(7),
  issued: at,
  until: at + 1
}
const entries: TrustEntry[] = [
  { type: 'revocation', sealed: seal(revocationSubject, revocation, controller), proof: proof.bytes },
  { type: 'rotation', sealed: seal(rotationSubject, rotation, controller) },
  { type: 'use', proof: proof.bytes }
]

const observed = { peer: member.peer, address: '/ip4/192.0.2.7/tcp/4001' }

const directOffer = {
  type: 'offer',
  addresses: ['/ip4/10.0.0.7/tcp/4001'],
  proofs: [seal(observationSubject, observed, controller)]
}

const tools = [{ group: 'default', tool: 'vmstat', options: { interval: 1, options: ['-n'] } }]
const availability = { tool: 'vmstat', usable: true, version: '4.0', reason: 'not as root' }
const capabilities = {
  program: '0.1.0',
  os: 'linux 6.12',
  cores: 8,
  clock: { offset: -1.25, bound: 0.5 },
  tools: [availability]
}
const exclusion = { peer: member.peer, name: 'node-c', phase: 'init' as const, code: 'lost' as const, reason: 'gone' }

export const record: MemberRecord = {
  peer: member.peer,
  name: 'node-b',
  version: at | 0,
  state: 'alive',
  labels: { rack: 'r1' },
  addresses: ['/ip4/10.0.0.7/tcp/4001'],
  tools: [availability],
  registered: [{ group: 'default', tool: 'vmstat', options: ['--interval', '3'] }],
  runs: [{ run, name: 'run', phase: 'work', manifest: digest, begun: at }],
  cores: 8,
  memory: 16e9,
  os: 'linux',
  arch: 'x64',
  program: '0.1.0',
  started: at,
  proof: proof.bytes
}
export const offer: Offer = {
  run,
  controller: controller.peer,
  epoch: 1,
  created: at,
  program: '0.1.0',
  spec: specOf({ groups: [{ name: 'db', tools: ['iostat'] }], expect: 2 }),
  candidates: [
    { peer: member.peer, name: 'node-b', tools },
    { peer: controller.peer, name: 'node-a', tools: [], driver: true }
  ]
}
export const manifest: Manifest = {
  run,
  controller: controller.peer,
  epoch: 1,
  frozen: at,
  offer: digest,
  spec: offer.spec,
  roster: [{ peer: member.peer, name: 'node-b', tools, rank: 0, capabilities }],
  excluded: [exclusion]
}
export const command: Command = {
  run,
  epoch: 1,
  seq: 5,
  attempt: 0,
  phase: 'start',
  subject: digest,
  issued: at,
  deadline: 60_000,
  step,
  at: at + 100,
  to: [member.peer]
}
export const ack: Ack = {
  run,
  epoch: 1,
  seq: 5,
  phase: 'start',
  subject: digest,
  outcome: 'ok',
  received: at,
  done: at + 3.25,
  began: at + 1,
  warnings: ['vmstat: a word'],
  produced: [{ name: 'x', digest, bytes: 17 }],
  capabilities,
  clock: { offset: -1.5, bound: 0.25, at },
  workload: { exit: 0, duration: 12.5, timedOut: false },
  observed: { elapsed: 9.5, user: 1, system: 0.25, tools: 30, voluntary: 3, involuntary: 1, sent: 17, received: 0 }
}
export const certificate: Certificate = {
  run,
  epoch: 1,
  seq: 5,
  phase: 'start',
  subject: digest,
  step,
  verdict: 'met',
  needed: 1,
  asked: 2,
  acks: [seal(ackSubject, ack, member)],
  excluded: [exclusion],
  closed: at + 9
}
/** The record of a run that has ended, without what its members did. */
export const runRecord: RunRecord = {
  ...{ format: FORMAT, run, name: 'x', state: 'ended', partial: false, epoch: 1, created: 1, begun: 1, program: '0' },
  ...{ controller: { peer: controller.peer, name: 'here' }, directory: '/', spec: specOf(), roster: [], excluded: [] },
  ...{ shortfalls: [], beside: [], workload: [], skew: [], sent: [] }
}

export const notice: Notice = {
  run,
  epoch: 1,
  phases: [
    {
      ...{ seq: 5, phase: 'start', subject: digest, step, verdict: 'met', ok: 1, needed: 1, asked: 2 },
      ...{ excluded: [exclusion], closed: at + 9, certificate: digest }
    }
  ],
  members: [member.peer],
  holders: [member.peer]
}
const receipt: Receipt = { run, what: '1-default/sample1', digest, bytes: 17, at }

interface Signed {
  subject: Subject<unknown>
  value: unknown
}
/** Everything that is signed. */
export const signed: Signed[] = [
  { subject: commandSubject, value: command },
  { subject: ackSubject, value: ack },
  { subject: certificateSubject, value: certificate },
  { subject: noticeSubject, value: notice },
  { subject: offerSubject, value: offer },
  { subject: manifestSubject, value: manifest },
  { subject: memberSubject, value: record },
  { subject: lostSubject, value: { peer: member.peer, version: 7 } },
  { subject: receiptSubject, value: receipt },
  { subject: invitationSubject, value: peek(invitationSubject, ticketOf(admin).invitation) },
  { subject: acceptanceSubject, value: { peer: member.peer, at } },
  { subject: membershipSubject, value: membership },
  { subject: revocationSubject, value: revocation },
  { subject: rotationSubject, value: rotation }
]

const sealed = seal(memberSubject, record, member)
const sealedReceipt = seal(receiptSubject, receipt, controller)
const { step: _, ...whole } = command

/** Everything that is decoded: what it is called, its schema, a good value. */
export const messages: Array<[name: string, schema: Schema, value: unknown]> = [
  ...signed.map(({ subject, value }): [string, Schema, unknown] => [subject.name, subject.schema, value]),
  ['command without a step', commandSubject.schema, { ...whole, phase: 'sysinfo', when: 'begin' }],
  [
    'command with changed tools',
    commandSubject.schema,
    {
      ...{ ...command, phase: 'start' },
      tools: {
        attached: [{ group: 'default', tool: 'pidstat', options: { options: ['-t'] }, ranks: [[0, 3]] }],
        detached: [{ group: 'default', tool: 'vmstat', ranks: [[1, 1]] }]
      }
    }
  ],
  ['command of one hop', commandSubject.schema, { ...command, oneHop: true }],
  ['notice of one hop', noticeSubject.schema, { ...notice, oneHop: true }],
  ['envelope', envelope, sealed],
  ['hello: record', helloMessage, { type: 'record', sealed }],
  ['hello: lost', helloMessage, { type: 'lost', sealed }],
  ['run: command', runMessage, { type: 'command', sealed: seal(commandSubject, command, controller) }],
  ['run: notice', runMessage, { type: 'notice', sealed: seal(noticeSubject, notice, controller) }],
  ['ticket', ticket, { ...ticketOf(admin), mesh: undefined }],
  ['proof', links, proof.links],
  ['admission: proof', proofFrame, { proof: proof.bytes, at }],
  ['admission: verdict', verdictFrame, { refused: { code: 'expired', reason: 'too late' } }],
  ['trust: revocation', trustMessage, { entry: entries[0], attempt: 0 }],
  ['trust: rotation', trustMessage, { entry: entries[1], attempt: 1 }],
  ['trust: have', trustProtocol.request, { type: 'have', ids: ['0123456789abcdef0123456789abcdef'] }],
  ['trust: give', trustProtocol.request, { type: 'give', entries }],
  ['trust: response', trustProtocol.response, { entries, want: ['0123456789abcdef0123456789abcdef'] }],
  ['renew: request', renewProtocol.request, {}],
  ['renew: response', renewProtocol.response, { proof: proof.bytes }],
  ['run stream: open', runStreamProtocol.request, { type: 'open', run }],
  ['run stream: acks', runStreamProtocol.request, { type: 'acks', sealed: [seal(ackSubject, ack, member)] }],
  [
    'run stream: workload',
    runStreamProtocol.request,
    {
      type: 'work',
      step: { number: 1, name: 'default', sample: 1 },
      workload: 'client',
      instance: 2,
      state: 'ended',
      since: at,
      exit: 3,
      duration: 5.5,
      timedOut: false,
      error: 'no route'
    }
  ],
  ['run stream: question of the time', runStreamProtocol.request, { type: 'time', asked: at }],
  [
    'run stream: a call',
    runStreamProtocol.request,
    {
      ...{ type: 'call', session: '0123456789abcdef', id: 7, from: { step, workload: 'load', instance: 2 } },
      body: { call: 'barrier', name: 'start', group: 'all', count: 3, timeout: 30_000 }
    }
  ],
  [
    'run stream: calls that wait',
    runStreamProtocol.request,
    { type: 'calls', session: '0123456789abcdef', open: [1, 7] }
  ],
  [
    'run stream: answers',
    runStreamProtocol.response,
    {
      type: 'answers',
      session: '0123456789abcdef',
      answers: [
        { id: 1, answer: { status: 1, reason: 'm1/load is missing', missing: ['m1/load'] } },
        { id: 7, answer: { status: 0, number: 3, messages: [{ from: 'm0/load', value: new Uint8Array(9).fill(7) }] } }
      ]
    }
  ],
  ['run stream: time', runStreamProtocol.response, { type: 'time', asked: at, heard: at + 1, answered: at + 1.5 }],
  ['run stream: lease', runStreamProtocol.response, { type: 'lease' }],
  ['run stream: content', runStreamProtocol.response, { type: 'content', bytes: new Uint8Array(100).fill(3) }],
  [
    'run stream: certificate',
    runStreamProtocol.response,
    { type: 'certificate', sealed: seal(certificateSubject, certificate, controller) }
  ],
  [
    'run stream: refused',
    runStreamProtocol.response,
    { type: 'refused', by: member.peer, seq: 5, code: 'old-epoch', reason: 'it is over' }
  ],
  [
    'tarball: offer',
    tarballProtocol.request,
    { ...receipt, at: undefined, type: 'offer', kind: 'sample', allow: ['a/b'] }
  ],
  ['tarball: data', tarballProtocol.request, { type: 'data', offset: 0, length: 100 }],
  ['tarball: wait', tarballProtocol.response, { type: 'wait', after: 100 }],
  ['tarball: have', tarballProtocol.response, { type: 'have', receipt: sealedReceipt }],
  ['tarball: want', tarballProtocol.response, { type: 'want', offset: 1024, length: 4096 }],
  ['tarball: pulse', tarballProtocol.response, { type: 'pulse' }],
  ['tarball: receipt', tarballProtocol.response, { type: 'receipt', receipt: sealedReceipt }],
  ['get: request', getProtocol.request, { digest, offset: 0, length: 4096 }],
  ['get: response', getProtocol.response, { total: 9, bytes: new Uint8Array(9) }],
  ['clock: request', clockProtocol.request, { asked: at }],
  ['clock: response', clockProtocol.response, { asked: at, heard: at + 1, answered: at + 1.5 }],
  ['echo', echoProtocol.request, { bytes: new Uint8Array(100).fill(2) }],
  ['links: request', adjacencyProtocol.request, {}],
  [
    'links: response',
    adjacencyProtocol.response,
    { links: [{ peer: member.peer, class: 'relayed', via: controller.peer, gossip: true }] }
  ],
  ['observe: request', observeProtocol.request, {}],
  ['observe: response', observeProtocol.response, { token: new Uint8Array(16).fill(7), ports: [4002, 4003] }],
  ['direct: offer', directProtocol.request, directOffer],
  ['direct: ready', directProtocol.request, { type: 'ready', nonce: new Uint8Array(16).fill(7) }],
  ['direct: go', directProtocol.request, { type: 'go' }],
  ['direct: answer', directProtocol.response, directOffer],
  ['direct: ready too', directProtocol.response, { type: 'ready' }],
  ['cancel: request', cancelProtocol.request, { run, reason: 'enough' }],
  ['cancel: response', cancelProtocol.response, { accepted: true }],
  [
    'change tools: request',
    changeToolsProtocol.request,
    { run, change: 'attach', tool: 'vmstat', group: 'default', on: 'role=db', options: ['-a'] }
  ],
  [
    'change tools: response',
    changeToolsProtocol.response,
    { members: ['node-b'], refused: [{ member: 'node-c', reason: 'it runs there already' }] }
  ],
  ['attach: request', attachProtocol.request, { run, from: 3 }],
  [
    'attach: a stored event',
    attachProtocol.response,
    { n: 3, at, type: 'phase-open', seq: 5, phase: 'start', step, asked: 2, needed: 2 }
  ],
  ['attach: a live event', attachProtocol.response, { at, type: 'output', stream: 'stdout', text: 'hello\n' }],
  ['output: request', outputProtocol.request, { run }],
  [
    'member output: request',
    memberOutputProtocol.request,
    {
      ...{ run, member: 'node-b', workload: 'server', instance: 2, step, follow: true },
      skip: [{ path: '1-default/sample1/workload/node-b/server.2/stdout.txt', bytes: 9 }]
    }
  ],
  [
    'member output: response',
    memberOutputProtocol.response,
    {
      path: '1-default/sample1/workload/node-b/server.2/stdout.txt',
      ...{ member: 'node-b', workload: 'server', instance: 2, stream: 'stdout', offset: 9, at, text: 'hello\n' }
    }
  ],
  ['member output: all there was', memberOutputProtocol.response, { caughtUp: at }],
  ['output: more', outputProtocol.request, { more: true }],
  ['job records: jobs', jobRecordsProtocol.request, { type: 'jobs', run, role: 'work', job: 'a*', states: ['failed'] }],
  [
    'job records: log',
    jobRecordsProtocol.request,
    { type: 'log', run, job: 'lib', graph: { role: 'work', step }, attempt: 2, from: 9, follow: true }
  ],
  ['job records: provenance', jobRecordsProtocol.request, { type: 'provenance', digest: '1'.repeat(64) }],
  [
    'job records: lines',
    jobRecordsProtocol.response,
    { type: 'lines', lines: [{ n: 9, t: 1.5, phase: 'cc', text: 'x' }] }
  ],
  [
    'job records: slots',
    jobRecordsProtocol.response,
    { type: 'slots', max: 4, taken: 1, runs: [{ run, controller: controller.peer, taken: 1, wanted: 3 }] }
  ],
  ['output: end', outputProtocol.response, { end: true }],
  [
    'output: response',
    outputProtocol.response,
    { path: '1-default/sample1/workload/node-b/stdout.txt', member: 'node-b', stream: 'stdout', base64: 'Y2Fm6Q==' }
  ],
  ['leftovers: request', leftoversProtocol.request, {}],
  [
    'leftovers: response',
    leftoversProtocol.response,
    { leftovers: [{ kind: 'data', run, controller: controller.peer, files: 1, bytes: 9, since: at, folder: '/x' }] }
  ],
  ['describe: request', describeProtocol.request, { run }],
  [
    'describe: response',
    describeProtocol.response,
    { run, controller: controller.peer, record: '{}', manifest: sealed, certificates: [sealed] }
  ],
  ['run list: request', runListProtocol.request, {}],
  [
    'run list: response',
    runListProtocol.response,
    {
      runs: [
        {
          run,
          name: 'smoke',
          begun: at,
          beside: [],
          state: 'ended',
          partial: false,
          excluded: [],
          controller: { peer: controller.peer, name: 'a' }
        }
      ]
    }
  ],
  [
    'twin: request',
    twinProtocol.request,
    { challenge: new Uint8Array(16).fill(7), twin: { proof: sealed, address: '/ip4/192.0.2.7/tcp/4001' } }
  ],
  [
    'twin: response',
    twinProtocol.response,
    { life: new Uint8Array(16).fill(7), challenge: new Uint8Array(16).fill(8), proof: sealed }
  ],
  ['records: have', syncProtocol.request, { type: 'have', versions: [{ peer: member.peer, version: 7 }] }],
  ['records: give', syncProtocol.request, { type: 'give', records: [sealed] }],
  ['records: response', syncProtocol.response, { records: [sealed], want: [member.peer] }],
  [
    'register: request',
    registerProtocol.request,
    { group: 'db', add: [{ tool: 'sar', options: [] }], remove: ['iostat'] }
  ],
  ['register: response', registerProtocol.response, { registered: record.registered, tools: record.tools }],
  ['collect: request', collectProtocol.request, { run, custody: [sealed] }],
  [
    'collect: response',
    collectProtocol.response,
    { what: 'sysinfo begin', digest, bytes: 9, outcome: 'failed', code: 'no-space', reason: 'full' }
  ]
]

/** @returns the value without what is undefined, and all its bytes of one type, as a decoder gives one or another */
export function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return new Uint8Array(value)
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, each]) => (each === undefined ? [] : [[key, plain(each)]]))
  )
}

export const framed = messages.map(([name, schema, value]) => ({ name, schema, bytes: encode(value) }))
