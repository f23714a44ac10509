import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { cancelProtocol } from '../../protocols/cancel.ts'
import { changeToolsProtocol } from '../../protocols/changed-tools.ts'
import { decode, encode } from '../../protocols/codec.ts'
import { collectProtocol } from '../../protocols/collect.ts'
import { getProtocol } from '../../protocols/content.ts'
import { digestOf } from '../../protocols/digest.ts'
import { type Envelope, envelope, peek, seal } from '../../protocols/envelope.ts'
import { BakError } from '../../protocols/errors.ts'
import { attachProtocol, describeProtocol } from '../../protocols/events.ts'
import { registerProtocol } from '../../protocols/hello.ts'
import { offerSubject } from '../../protocols/manifest.ts'
import type { Role } from '../../protocols/membership.ts'
import { ackSubject, certificateSubject } from '../../protocols/phase.ts'
import { runStreamProtocol } from '../../protocols/run-stream.ts'
import { askOne, call } from '../../protocols/stream.ts'
import { sendTarball } from '../../protocols/tarball.ts'
import {
  goneWithin,
  processesWith,
  record,
  type Started,
  sleep,
  startRun,
  uniqueSleep,
  untilLogged,
  useTestnet
} from '../helpers/mesh.ts'
import { keyOf, type Rogue, sealCommand, startRogue } from '../helpers/rogue.ts'
import { specOf } from '../protocols/samples.ts'

const roles = suite('roles at every protocol')
const net = useTestnet(roles, { peers: ['a', 'c'], args: name => (name === 'c' ? ['--label', 'archive=true'] : []) })
let rogue: Rogue
let tool = ''
let run: Started
let elsewhere: Started

const ticketOf = async (role: Role): Promise<string> => {
  for await (const { ticket } of net().call('a', 'invite', { role })) return ticket
  return ''
}
const peerOf = async (name: string) => (await net().members('a')).find(member => member.name === name)?.peer as string
const log = (peer: string) => readFileSync(join(net().folder, `${peer}.log`), 'utf8')
const logged = (peer: string, line: RegExp) => untilLogged(net(), peer, line)
const waits = (file: string) => ['sh', '-c', `while [ ! -e ${join(net().folder, file)} ]; do sleep 0.1; done`]

/** b is an agent. One run of c in mid workload with b in it, and another of a without b. */
roles.before(async () => {
  net().add('b')
  await net().startPeer('b', await ticketOf('agent'))
  for (const peer of ['a', 'c'])
    await net().until(peer, members => members.some(member => member.name === 'b' && member.role === 'agent'))
  rogue = await startRogue(net(), { ticket: await ticketOf('agent') })
  tool = uniqueSleep()
  const spec = join(net().folder, 'run.toml')
  writeFileSync(spec, `tools = ["idle"]\n[tool.idle]\ncommand = ["sleep", "${tool}"]\n`)
  run = await startRun(net(), 'c', [spec, '--on', 'a,b', '--', ...waits('done')])
  elsewhere = await startRun(net(), 'a', ['--on', 'a', '--tools', 'proc', '--', ...waits('done')])
  await run.until(event => event.type === 'workload-started')
  await elsewhere.until(event => event.type === 'workload-started')
})
roles.after(async () => {
  await rogue?.stop()
})

const MEND = /this peer is an agent: it may not .*bak-node invite --role controller/
const asked: Array<[what: string, words: () => string[]]> = [
  ['run', () => ['run', '--', 'true']],
  ['cancel', () => ['cancel', run.run]],
  ['collect', () => ['collect', run.run]],
  ['move a result', () => ['move', run.run, 'c']],
  ['read the sysinfo of others', () => ['sysinfo']],
  ['check whether others are fit to measure', () => ['check', '--noise']],
  ['attach a tool to a run', () => ['tools', 'attach', run.run, 'vmstat']],
  ['register tools on others', () => ['tools', 'register', 'vmstat', '--on', 'all']]
]
for (const [what, words] of asked) {
  roles(`a person at an agent cannot ${what}: exit 77 with what mends it`, async () => {
    const { status, stderr } = await net().bak('b', words())
    assert.is(status, 77, stderr)
    assert.match(stderr, MEND)
  })
}

roles('nothing came of it', async () => {
  assert.equal(readdirSync(join(net().peer('b').home, 'runs')), [])
  assert.is(processesWith(tool).length, 2)
  assert.not(run.events.some(event => event.type === 'cancel'))
  for (const member of await net().members('c')) assert.equal(member.registered, [])
})

roles(
  'a person at an agent may register tools on that machine itself, and sees members and runs; a plan says what a run would',
  async () => {
    for (const words of [
      ['tools', 'register', 'vmstat', '--on', 'b'],
      ['tools', 'clear', '--on', 'b'],
      ['members'],
      ['ps']
    ]) {
      const { status, stderr } = await net().bak('b', words)
      assert.is(status, 0, `${words.join(' ')}: ${stderr}`)
    }
    assert.match((await net().bak('b', ['ps'])).stdout, run.run)
    const plan = await net().bak('b', ['run', '--dry-run', '--', 'true'])
    assert.equal(
      [plan.status, /this peer is an agent: it may not drive runs/.test(plan.stderr)],
      [77, true],
      plan.stderr
    )
  }
)

roles('an agent may follow the run that it takes part in, and no other', async () => {
  const signal = AbortSignal.timeout(10_000)
  for await (const event of net().call('b', 'attach', { run: run.run }, { signal })) {
    if (event.type === 'workload-started') break
  }
  const { status, stderr } = await net().bak('b', ['attach', elsewhere.run])
  assert.is(status, 77, stderr)
  assert.match(stderr, /is an agent: it may not follow a run that it takes no part in/)
})

/** What a daemon answers to the rogue, which asks it as an agent. */
const refused: Array<[what: string, ask: (peer: string) => Promise<unknown>]> = [
  ['cancel', peer => askOne(rogue.streams.to(peer), cancelProtocol, { run: run.run, reason: 'I say so' })],
  [
    'attach a tool',
    peer => {
      const change = { change: 'attach' as const, tool: 'vmstat', group: 'default', on: 'all', options: [] }
      return askOne(rogue.streams.to(peer), changeToolsProtocol, { run: run.run, ...change })
    }
  ],
  ['collect', peer => askOne(rogue.streams.to(peer), collectProtocol, { run: run.run })],
  ['attach', peer => askOne(rogue.streams.to(peer), attachProtocol, { run: run.run, from: 0 })],
  [
    'register',
    peer =>
      askOne(rogue.streams.to(peer), registerProtocol, { group: 'default', add: [{ tool: 'vmstat', options: [] }] })
  ],
  [
    'move',
    peer => {
      const parcel = {
        run: run.run,
        what: 'x',
        kind: 'run' as const,
        digest: 'a'.repeat(64),
        bytes: 9,
        allow: [run.run]
      }
      const options = { signal: AbortSignal.timeout(5_000), to: peer }
      return sendTarball(rogue.streams.to(peer), parcel, { read: async () => new Uint8Array(9) }, options)
    }
  ]
]
for (const [what, ask] of refused) {
  roles(`an agent that keeps to no rule and asks to ${what} is refused by name, and logged`, async () => {
    const error = await ask(await peerOf('c')).then(
      () => undefined,
      cause => cause
    )
    assert.instance(error, BakError)
    assert.is(error.code, 'not-allowed')
    assert.match(error.message, new RegExp(`${rogue.signer.peer} is an agent: it may not `))
    await logged('c', new RegExp(`from=${rogue.signer.peer} code=not-allowed .*is an agent: it may not `))
  })
}

roles('any member may see what proves a run', async () => {
  const open = rogue.streams.to(await peerOf('c'))
  assert.is((await askOne(open, describeProtocol, { run: run.run })).run, run.run)
})

roles(
  'a run that an agent starts is obeyed by nobody: its command goes no further than the first who hears it',
  async () => {
    const asking = new Set<string>()
    const mark = uniqueSleep()
    const candidates = await Promise.all(
      ['a', 'b', 'c'].map(async name => ({
        ...{ peer: await peerOf(name), name },
        tools: [{ group: 'default', tool: 'x', options: { command: ['sleep', mark] } }]
      }))
    )
    const own = '20261122T213015-rogue1'
    const about = { run: own, controller: rogue.signer.peer, epoch: 1, created: Date.now(), program: '0.1.0' }
    const offer = encode(seal(offerSubject, { ...about, spec: specOf(), candidates }, rogue.signer))
    await rogue.streams.serve(getProtocol, async function* (request, { peer }) {
      asking.add(peer)
      yield { total: offer.length, bytes: offer.subarray(request.offset, request.offset + request.length) }
    })
    const command = { run: own, epoch: 1, phase: 'join' as const, subject: digestOf(offer), deadline: 9_000 }
    for (let attempt = 0; attempt < 5; attempt++) {
      rogue.publish(sealCommand({ ...command, seq: 1, attempt, issued: Date.now() }, rogue.signer))
      await sleep(200)
    }
    for (const peer of ['a', 'b', 'c'])
      await logged(
        peer,
        new RegExp(`from=${rogue.signer.peer} code=not-allowed .*it may not drive runs.*message refused`)
      )
    assert.equal([...asking], [])
    assert.is(processesWith(mark).length, 0)
    for (const peer of ['a', 'b', 'c']) assert.not(existsSync(join(net().peer(peer).home, 'work', own)))
  }
)

roles('a flood of refused commands is a few lines in each log', async () => {
  const lines = (peer: string) => log(peer).match(/it may not drive runs/g)?.length ?? 0
  const before = lines('c')
  for (let seq = 0; seq < 300; seq++) {
    const command = { run: run.run, epoch: 1, seq, attempt: 0, phase: 'stop' as const, issued: Date.now(), deadline: 0 }
    rogue.publish(sealCommand({ ...command, subject: '0'.repeat(64) }, rogue.signer))
  }
  await sleep(1_500)
  for (const peer of ['a', 'b', 'c']) assert.ok(lines(peer) <= 20, `${peer} wrote ${lines(peer)} lines`)
  assert.ok(lines('c') > before, 'it has arrived')
  assert.is(processesWith(tool).length, 2)
})

roles('an agent does what it is told, and its answers count: the run ends well', async () => {
  writeFileSync(join(net().folder, 'done'), '')
  const { status, stderr } = await run.finished
  assert.is(status, 0, stderr)
  assert.is((await elsewhere.finished).status, 0)
  const acks = run.events.filter(event => event.type === 'ack')
  assert.ok(acks.some(event => 'name' in event && event.name === 'b'))
  await goneWithin(tool, 2_000)
})

roles('a member cannot answer for another: neither with a relayed answer, nor with one that it made up', async () => {
  const patience = ['--quorum', '1', '--phase-timeout', '3']
  const args = ['--on', 'a,b', '--tools', 'proc', ...patience, '--', ...waits('done2')]
  const second = await startRun(net(), 'c', args)
  await second.until(event => event.type === 'workload-started')
  await net().stopPeer('b', 'SIGKILL')
  const inPlaceOfB = await startRogue(net(), { ticket: await ticketOf('agent'), key: keyOf(net(), 'b') })
  try {
    const [a, c] = [await peerOf('a'), await peerOf('c')]
    const line = await call(inPlaceOfB.streams.to(c), runStreamProtocol)
    await line.send({ type: 'open', run: second.run })
    assert.is((await line.receive())?.type, 'lease')
    const answer = async (sealed: Envelope) => {
      await line.send({ type: 'acks', sealed: [sealed] })
      for (let said = await line.receive(); said !== undefined; said = await line.receive()) {
        if (said.type === 'refused') return said.code
      }
      return undefined
    }
    const [certificate] =
      (await Array.fromAsync(net().call('a', 'describe', { run: second.run })))[0]?.certificates ?? []
    const { acks } = peek(certificateSubject, decode(envelope, Buffer.from(certificate as string, 'base64')))
    const relayed = acks.find(({ by }) => by === a) as Envelope
    assert.is(await answer(relayed), 'phase-closed')
    assert.is(
      await answer({ ...seal(ackSubject, peek(ackSubject, relayed), inPlaceOfB.signer), by: a }),
      'bad-signature'
    )
    await logged('c', new RegExp(`run=${second.run} from=${inPlaceOfB.signer.peer} code=bad-signature by=${a}`))
    await line.close()
  } finally {
    await inPlaceOfB.stop()
  }
  writeFileSync(join(net().folder, 'done2'), '')
  const { status, stderr } = await second.finished
  assert.is(status, 0, stderr)
  const { excluded } = record(net(), 'c', second.run)
  assert.equal(
    excluded.map(({ name }) => name),
    ['b']
  )
  await net().startPeer('b')
})

roles('an agent that gets a ticket for a controller may start runs', async () => {
  await net().stopPeer('b')
  await net().startPeer('b', undefined, ['join', await ticketOf('controller')])
  await net().until('c', members => members.some(member => member.name === 'b' && member.role === 'controller'))
  const { status, stderr } = await net().bak('b', ['run', '--on', 'c', '--tools', 'proc', '--', 'true'])
  assert.is(status, 0, stderr)
})

roles(
  'a controller that is revoked in mid run is obeyed no more: within 5 s nothing of its run goes on anywhere',
  async () => {
    const mark = uniqueSleep()
    const spec = join(net().folder, 'run.toml')
    writeFileSync(spec, `tools = ["idle"]\n[tool.idle]\ncommand = ["sleep", "${mark}"]\n`)
    const last = await startRun(net(), 'b', [spec, '--on', 'a,c', '--', ...waits('never')])
    await last.until(event => event.type === 'workload-started')
    assert.is(processesWith(mark).length, 2)
    for await (const _ of net().call('a', 'revoke', { what: await peerOf('b') }));
    await goneWithin(mark, 5_000)
    // the workload is its own, on its own machine
    writeFileSync(join(net().folder, 'never'), '')
    assert.is.not((await last.finished).status, 0)
    for (const peer of ['a', 'c']) {
      const [status] = await Array.fromAsync(net().call(peer, 'status', {}))
      assert.equal(status?.taking, [])
    }
  }
)

roles.run()
