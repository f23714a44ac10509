import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createLog } from '../../node/log.ts'
import { isOwn, Receiver, type Reception } from '../../node/run/receiver.ts'
import { openHome } from '../../node/store/home.ts'
import { openOutbox } from '../../node/store/outbox.ts'
import { RunFolder } from '../../node/store/run-folder.ts'
import { receiveDefaults } from '../../protocols/config-file.ts'
import { BakError } from '../../protocols/errors.ts'
import { MAX_SENT } from '../../protocols/record.ts'
import { askOne, type Handler, type Protocol, serve } from '../../protocols/stream.ts'
import { sendTarball, type TarballOffer, tarballProtocol } from '../../protocols/tarball.ts'
import { linkTo, stayAwake } from '../helpers/streams.ts'
import { until } from '../helpers/until.ts'
import { controller, member, run } from '../protocols/samples.ts'
import { codeOf, listAll, plant, scratch } from '../store/scratch.ts'

const own = suite('whose paths they are')
const paths: Array<[path: string, kind: TarballOffer['kind'], own: boolean]> = [
  ['1-default/sample1/tools-default/node-b', 'sample', true],
  ['12-read.4k/sample30/tools-db@1/node-b', 'sample', true],
  ['sysinfo/begin/node-b', 'sysinfo', true],
  ['sysinfo/end/node-b', 'sysinfo', true],
  ['1-default/sample1/tools-default/node-a', 'sample', false],
  ['1-default/sample1/tools-default/node-bb', 'sample', false],
  ['1-default/sample1/tools-default/NODE-B', 'sample', false],
  ['1-default/sample1/tools-default/node-b/', 'sample', false],
  ['1-default/sample1/tools-default/node-b/..', 'sample', false],
  ['1-default/sample1/tools-default/node-a/node-b', 'sample', false],
  ['1-default/sample1/tools-default', 'sample', false],
  ['1-default/sample1/workload/node-b', 'sample', true],
  ['1-default/sample1/workload', 'sample', false],
  ['1-default/sample1/workload/node-a', 'sample', false],
  ['1-default/sample1/workload/node-b/stdout.txt', 'sample', false],
  ['1-default/sample1/workload/node-b', 'sysinfo', false],
  ['1-default/sample1/other/node-b', 'sample', false],
  ['collectors/node-b', 'sample', false],
  ['1-default/../tools-default/node-b', 'sample', false],
  ['../sample1/tools-default/node-b', 'sample', false],
  ['1-../sample1/tools-default/../node-b', 'sample', false],
  ['1-default/sample1/../node-b', 'sample', false],
  ['1-default/sample/tools-default/node-b', 'sample', false],
  ['1-default/sample1x/tools-default/node-b', 'sample', false],
  ['default/sample1/tools-default/node-b', 'sample', false],
  ['1-default/sample1/tools-/node-b', 'sample', false],
  ['1-default/sample1/tools-a b/node-b', 'sample', false],
  ['1-default\n/sample1/tools-default/node-b', 'sample', false],
  ['1-default/sample1\n/tools-default/node-b', 'sample', false],
  ['1-default/sample1/tools-default\0/node-b', 'sample', false],
  ['1-default\\sample1\\tools-default\\node-b', 'sample', false],
  ['/1-default/sample1/tools-default/node-b', 'sample', false],
  ['./1-default/sample1/tools-default/node-b', 'sample', false],
  ['1-default//sample1/tools-default/node-b', 'sample', false],
  ['sysinfo/begin/node-b', 'sample', false],
  ['1-default/sample1/tools-default/node-b', 'sysinfo', false],
  ['sysinfo/middle/node-b', 'sysinfo', false],
  ['sysinfo/begin/../node-b', 'sysinfo', false],
  ['sysinfo/../begin/node-b', 'sysinfo', false],
  ['/sysinfo/begin/node-b', 'sysinfo', false],
  ['sysinfo/begin/node-a', 'sysinfo', false],
  ['sysinfo/begin', 'sysinfo', false],
  ['sysinfo/node-b', 'sysinfo', false],
  ['node-b', 'sysinfo', false],
  ['node-b', 'sample', false],
  ['', 'sample', false],
  ['', 'sysinfo', false],
  ['certificates', 'sample', false],
  ['run.json', 'sample', false],
  ['tools-default/node-b', 'tools', true],
  ['tools-default/node-b', 'sample', false],
  ['tools-default/node-c', 'tools', false],
  ['tools-default/node-b/pcp', 'tools', false],
  ['1-default/sample1/tools-default/node-b', 'tools', false],
  ['sysinfo/begin/node-b', 'tools', false],
  ['sysinfo/begin/node-b', 'run', false],
  ['1-default/sample1/tools-default/node-b', 'run', false]
]
for (const [path, kind, expected] of paths) {
  own(`${JSON.stringify(path)} of kind ${kind} is ${expected ? '' : 'not '}of node-b`, () => {
    assert.is(isOwn(path, 'node-b', kind), expected)
  })
}
own.run()

const test = suite('receiver')
const sleepAgain = stayAwake()
test.after(sleepAgain)
const allow = ['1-default/sample1/tools-default/node-b']

/** A receiver as a run has it, and a member with a tarball for it. */
async function between(init: { names?: Map<string, string>; allow?: string[] } = {}) {
  const root = scratch()
  const home = await openHome(join(root, 'home'))
  let handler: Handler<never, unknown> | undefined
  const streams = {
    serve: async (_: Protocol<never, unknown>, each: Handler<never, unknown>) => {
      handler = each
    }
  }
  const receiver = new Receiver({ streams, paths: { of: () => ({ class: 'punched' }) } } as never, {
    log: createLog('error', () => {}),
    signer: controller,
    home,
    limits: receiveDefaults
  })
  await receiver.start()
  const received: string[] = []
  const names = init.names ?? new Map([[member.peer, 'node-b']])
  const folder = new RunFolder(home.runs(run))
  await mkdir(folder.root)
  const reception: Reception = {
    folder,
    transfers: 1,
    nameOf: peer => names.get(peer),
    check: () => {},
    room: () => MAX_SENT,
    onWait: () => {},
    onProgress: () => {},
    onRefused: () => {},
    onReceived: (peer, { what }, { refused }) =>
      received.push(`${names.get(peer)} ${what} ${refused.map(({ path }) => path).join(' ')}`.trim())
  }
  const paths = init.allow ?? allow
  await plant(join(root, 'data'), Object.fromEntries(paths.map(path => [`${path}/vmstat/out.txt`, 'some numbers\n'])))
  const outbox = await openOutbox(join(root, 'outbox'), run)
  const parcel = await outbox.add(join(root, 'data'), paths, '1-default/sample1', { kind: 'sample', level: 1 })
  const errors: string[] = []
  const way = linkTo(
    serve(tarballProtocol, handler as never, ({ code, message }) => errors.push(`${code}: ${message}`)),
    member.peer
  )
  const send = () =>
    sendTarball(
      way.open,
      parcel,
      { read: (at, n) => outbox.read(parcel.digest, at, n) },
      {
        signal: AbortSignal.timeout(20_000),
        to: controller.peer
      }
    )
  return { receiver, reception, folder, errors, received, send, way, inbox: home.inbox(run) }
}

test('a tarball of a member lies unpacked in its folder when the receipt comes, and is taken once', async () => {
  const { receiver, reception, folder, received, send } = await between()
  receiver.open(run, reception)
  await send()
  assert.equal(received, ['node-b 1-default/sample1'])
  assert.equal(await listAll(folder.path('1-default')), ['sample1/tools-default/node-b/vmstat/out.txt'])
  await send()
  assert.is(received.length, 1)
})

test('a tarball for a run that takes none is refused', async () => {
  const { receiver, reception, send } = await between()
  assert.is(await codeOf(send()), 'no-such-run')
  receiver.open(run, reception)
  await receiver.close(run)
  assert.is(await codeOf(send()), 'no-such-run')
})

test('of a run that is complete nothing stays in the inbox; of another the receipts do, for who asks again', async () => {
  const { receiver, reception, received, send, inbox } = await between()
  receiver.open(run, reception)
  await send()
  await receiver.close(run)
  assert.is((await listAll(inbox)).length, 1)
  receiver.open(run, reception)
  await send()
  assert.is(received.length, 1)
  await receiver.close(run, true)
  assert.not.ok(existsSync(inbox))
  receiver.open(run, reception)
  await receiver.close(run)
  assert.not.ok(existsSync(inbox), 'an empty folder is no use to anybody')
})

test('nothing is put into a result once it is about to be sealed, and what is being unpacked is waited for', async () => {
  const { receiver, reception, folder, received, send } = await between()
  receiver.open(run, reception)
  const sending = send()
  await until(() => existsSync(folder.path('1-default')) || received.length > 0, { what: 'it is being unpacked' })
  await receiver.settle(run)
  const before = await listAll(folder.root)
  assert.equal(received, ['node-b 1-default/sample1'])
  await sending
  assert.equal(await listAll(folder.root), before)
  receiver.open(run, reception)
  await receiver.settle(run)
  assert.is(await codeOf(send()), 'none', 'what arrived before has its receipt')
  const late = await between()
  late.receiver.open(run, late.reception)
  await late.receiver.settle(run)
  assert.is(await codeOf(late.send()), 'no-such-run')
  assert.equal(await listAll(late.folder.root), [])
})

test('a tarball of who is not on the roster is refused', async () => {
  const { receiver, reception, send, errors, received } = await between({ names: new Map() })
  receiver.open(run, reception)
  assert.is(await codeOf(send()), 'not-on-roster')
  assert.equal(errors, [`not-on-roster: ${member.peer} is not on the roster of ${run}`])
  assert.equal(received, [])
})

test('a tarball for the folder of another member is refused, and nothing of it arrives', async () => {
  const { receiver, reception, send, errors, folder } = await between({
    allow: [...allow, '1-default/sample1/tools-default/node-a']
  })
  receiver.open(run, reception)
  assert.is(await codeOf(send()), 'not-allowed')
  assert.match(errors.join(''), 'node-b may not fill 1-default/sample1/tools-default/node-a')
  assert.equal(await listAll(folder.root), [])
})

test('a record that can name no more tarballs takes none, and the run is told of the refusal', async () => {
  const { receiver, reception, send, folder, received } = await between()
  const told: string[] = []
  receiver.open(run, {
    ...reception,
    room: () => 0,
    onRefused: (peer, { what }, reason) => told.push(`${peer} ${what}: ${reason}`)
  })
  assert.is(await codeOf(send()), 'not-allowed')
  assert.equal(told, [
    `${member.peer} 1-default/sample1: 1-default/sample1 of node-b: the record of ${run} can name no more tarballs`
  ])
  assert.equal([received, await listAll(folder.root)], [[], []])
})

test('the run is told of a few refusals of one member, however many there are', async () => {
  const { receiver, reception, send } = await between()
  let told = 0
  const check = () => {
    throw new BakError('not-allowed', 'not expected')
  }
  receiver.open(run, { ...reception, check, onRefused: () => told++ })
  for (let i = 0; i < 20; i++) assert.is(await codeOf(send()), 'not-allowed')
  assert.is(told, 16)
})

test('a stream that does not begin with an offer is refused', async () => {
  const { receiver, reception, way } = await between()
  receiver.open(run, reception)
  const work = askOne(way.open, tarballProtocol, { type: 'data', offset: 0, length: 1 })
  assert.is(await codeOf(work), 'no-such-run')
})

test('a member may have so many tarballs begun and not ended, and no more', async () => {
  const { receiver, reception, way, send } = await between()
  receiver.open(run, reception)
  const offer = (digit: number) =>
    askOne(way.open, tarballProtocol, {
      ...{ type: 'offer' as const, run, what: 'x', kind: 'sample' as const, bytes: 9, allow },
      digest: digit.toString(16).padStart(64, '0')
    })
  for (let i = 0; i < 64; i++) assert.is((await offer(i)).type, 'want')
  assert.is(await codeOf(offer(64)), 'not-allowed')
  assert.is((await offer(63)).type, 'want', 'one of those it has begun it may go on with')
  assert.is(await codeOf(send()), 'not-allowed')
})

test.run()
