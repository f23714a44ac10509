import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { encode } from '../../protocols/codec.ts'
import { BakError } from '../../protocols/errors.ts'
import type { RunEvent } from '../../protocols/events.ts'
import type { Command } from '../../protocols/phase.ts'
import { runStreamProtocol } from '../../protocols/run-stream.ts'
import { call } from '../../protocols/stream.ts'
import { sendTarball } from '../../protocols/tarball.ts'
import {
  goneWithin,
  processesWith,
  record,
  type Started,
  sleep,
  startRun,
  uniqueSleep,
  useTestnet
} from '../helpers/mesh.ts'
import { keyOf, type Rogue, sealCommand, startRogue } from '../helpers/rogue.ts'
import { until } from '../helpers/until.ts'

const faults = suite('messages that nobody should obey')
const net = useTestnet(faults, { peers: ['a', 'b', 'c'] })
let rogue: Rogue
let tool = ''
let run: Started

/** One run of c in mid workload, with a tool that can be seen on each member; the workload ends when a file appears. */
faults.before(async () => {
  rogue = await startRogue(net())
  tool = uniqueSleep()
  const file = join(net().folder, 'run.toml')
  writeFileSync(file, `tools = ["idle"]\n[tool.idle]\ncommand = ["sleep", "${tool}"]\n`)
  run = await startRun(net(), 'c', [
    file,
    '--quorum',
    '2',
    '--phase-timeout',
    '5',
    '--',
    'sh',
    '-c',
    'while [ ! -e done ]; do sleep 0.1; done'
  ])
  await run.until(event => event.type === 'workload-started')
})
faults.after(() => rogue?.stop())

/** The command of the phase that is open, which the controller gives to itself alone. */
function latest(): Command {
  const found = <T extends RunEvent['type']>(type: T) =>
    run.events.findLast((event): event is Extract<RunEvent, { type: T }> => event.type === type)
  const [open, roster] = [found('phase-open'), found('roster')]
  if (open == null || roster == null) throw new Error('the run has no roster yet')
  const { seq, phase, step } = open
  const about = { run: run.run, epoch: 1, attempt: 0, issued: Date.now(), deadline: 0 }
  return { ...about, seq, phase, step, subject: roster.manifest }
}
const controller = () => ({ peer: rogue.feed.get(run.run)?.lead.by as string, key: keyOf(net(), 'c') })
const log = (peer: string) => readFileSync(join(net().folder, `${peer}.log`), 'utf8')

/** What a daemon says reaches its file a little later. */
async function logged(peers: string[], line: RegExp): Promise<void> {
  const text = () => peers.map(log).join('\n')
  await until(() => line.test(text()), { timeout: 3_000, what: () => `${peers} log ${line}:\n${text()}` })
}

/** Gossip has been everywhere by now; the run is where it was. */
async function nothingHappens(): Promise<void> {
  await sleep(700)
  assert.is(processesWith(tool).length, 3, 'each tool runs, once')
  assert.is(run.events.filter(event => event.type === 'phase-open').length, 6, 'the workload is still under way')
}

faults('a command of a peer that does not drive the run is not obeyed, and logged', async () => {
  const command = latest()
  rogue.publish(sealCommand({ ...command, seq: command.seq + 1, phase: 'stop' }, rogue.signer))
  await nothingHappens()
  await logged(['a'], new RegExp(`${run.run}.*not-the-controller|not-the-controller.*${run.run}`))
})

faults('a command with the signature of another is refused by the first peer that gets it', async () => {
  const command = latest()
  const forged = sealCommand({ ...command, seq: command.seq + 1, phase: 'stop' }, rogue.signer)
  rogue.publish({ ...forged, by: controller().peer })
  await nothingHappens()
  await logged(['a', 'b', 'c'], /bad-signature/)
})

faults('a command repeated is acted on once, and answered again', async () => {
  const command = latest()
  for (let attempt = 10; attempt < 15; attempt++) {
    rogue.publish(sealCommand({ ...command, phase: 'start', seq: command.seq - 1, attempt }, controller()))
  }
  await nothingHappens()
})

faults('a command from an old epoch changes nothing, and is logged', async () => {
  const command = latest()
  rogue.publish(sealCommand({ ...command, epoch: 0, seq: command.seq + 100, phase: 'terminate' }, controller()))
  await nothingHappens()
  await logged(['a'], /old-epoch/)
})

faults('commands that come late, after newer ones, change nothing', async () => {
  const command = latest()
  for (const [seq, phase] of [
    [2, 'stage'],
    [1, 'join'],
    [3, 'terminate']
  ] as const) {
    rogue.publish(sealCommand({ ...command, seq, phase }, controller()))
  }
  await nothingHappens()
})

faults('a command for another manifest is refused by the members', async () => {
  const command = latest()
  rogue.publish(sealCommand({ ...command, phase: 'terminate', subject: '0'.repeat(64), attempt: 60 }, controller()))
  await nothingHappens()
})

faults('an answer from outside the roster is refused by name', async () => {
  const line = await call(rogue.streams.to(controller().peer), runStreamProtocol)
  await line.send({ type: 'open', run: run.run })
  const error = await line.receive().catch(cause => cause)
  assert.instance(error, BakError)
  assert.is(error.code, 'not-on-roster')
  await logged(['c'], new RegExp(`${rogue.signer.peer}.*not-on-roster`))
  await nothingHappens()
})

faults('a tarball from outside the roster is refused', async () => {
  const parcel = {
    run: run.run,
    what: 'x',
    kind: 'sample' as const,
    digest: 'a'.repeat(64),
    bytes: 10,
    allow: ['1-default/sample1/tools-default/a']
  }
  const sending = sendTarball(
    rogue.streams.to(controller().peer),
    parcel,
    { read: async () => new Uint8Array(10) },
    {
      signal: AbortSignal.timeout(5_000),
      to: controller().peer
    }
  )
  const error = await sending.then(
    () => undefined,
    cause => cause
  )
  assert.is(error?.code, 'not-on-roster')
  await nothingHappens()
})

faults('a corrupted frame on any protocol ends that stream and nothing else', async () => {
  const protocols = [
    '/bak/run/1.0.0',
    '/bak/tarball/1.0.0',
    '/bak/get/1.0.0',
    '/bak/sync/1.0.0',
    '/bak/attach/1.0.0',
    '/bak/clock/1.0.0',
    '/bak/echo/1.0.0',
    '/bak/cancel/1.0.0',
    '/bak/describe/1.0.0',
    '/bak/register/1.0.0',
    '/bak/collect/1.0.0',
    '/bak/adjacency/1.0.0'
  ]
  const bad = [
    Uint8Array.of(0, 0, 0, 3, 0xff, 0xff, 0xff),
    Uint8Array.of(0xff, 0xff, 0xff, 0xff, 1, 2, 3),
    encode({ type: 'open' })
  ]
  for (const protocol of protocols) {
    for (const bytes of bad) {
      const stream = await rogue.streams.to(controller().peer)(protocol)
      stream.send(bytes)
      await stream.close().catch(() => {})
    }
  }
  await nothingHappens()
  const { stdout } = await net().bak('c', ['status', '--json'])
  assert.is(JSON.parse(stdout).name, 'c')
  assert.not.match(log('c'), /ERROR/)
})

faults('a start that comes twice is refused in the state running, and changes nothing', async () => {
  const command = latest()
  const [a] = (await net().members('c')).filter(member => member.name === 'a').map(member => member.peer)
  const again = { ...command, phase: 'start' as const, to: [a as string] }
  rogue.publish(sealCommand({ ...again, seq: command.seq + 1 }, controller()))
  await nothingHappens()
  await logged(['a'], /phase=start/)
  await logged(['a'], /code=state why="start is not legal in state running"/)
})

faults(
  'after all of it the run ends; only the member that was told lies in the name of its controller is out',
  async () => {
    writeFileSync(join(net().folder, 'done'), '')
    await run.finished
    const { excluded } = record(net(), 'c', run.run)
    assert.equal(
      excluded.map(each => each.name),
      ['a']
    )
    await goneWithin(tool, 2_000)
  }
)

faults.run()
