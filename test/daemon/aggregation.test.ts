import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { subtreesOf } from '../../node/channels/tree.ts'
import { decode } from '../../protocols/codec.ts'
import { envelope, open } from '../../protocols/envelope.ts'
import { type Certificate, certificateSubject } from '../../protocols/phase.ts'
import { isPhase, record, startRun, useTestnet } from '../helpers/mesh.ts'

const runs = suite('runs whose acknowledgements are aggregated')
const members = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']
const net = useTestnet(runs, {
  peers: [...members, 'x'],
  args: name => ['--label', `role=${name === 'x' ? 'x' : 'db'}`]
})

/** A run of eight members, of which the controller receives from three. */
function start(options: string[], policy = '') {
  const file = join(net().folder, 'aggregated.toml')
  writeFileSync(file, `on = "role=db"\n[policy]\nfanout = 3\n${policy}`)
  return startRun(net(), 'x', [file, '--sysinfo', 'none', ...options])
}

const folderOf = (run: string) => join(net().peer('x').home, 'runs', run)

function certificates(run: string): Certificate[] {
  const folder = join(folderOf(run), 'certificates')
  const names = readdirSync(folder).filter(name => /^\d/.test(name))
  return names.map(name => open(certificateSubject, decode(envelope, readFileSync(join(folder, name)))).value)
}

runs('aggregated answers all count, and anyone can check each of them', async () => {
  const run = await start(['--tools', 'proc', '--samples', '3', '--', 'true'])
  const { status, stderr } = await run.finished
  assert.is(status, 0, stderr)
  // of eight, three by three: each aggregator has one or two below it
  assert.equal(
    subtreesOf(members, 3).map(({ root, children }) => [root, children.length]),
    [
      ['a', 1],
      ['c', 2],
      ['f', 2]
    ]
  )
  const later = certificates(run.run).filter(({ phase }) => ['start', 'stop', 'send'].includes(phase))
  assert.is(later.length, 9)
  for (const each of later) assert.equal([each.asked, each.acks.length, each.verdict], [9, 9, 'met'])
  const verified = await net().bak('x', ['verify', run.run, '--json'])
  assert.is(verified.status, 0, verified.stdout + verified.stderr)
  const report = JSON.parse(verified.stdout)
  assert.is(report.checked.acks, 9 * 14 + 3)
  // what is only known from the answers of members below another
  const { skew, observed, clocks } = record(net(), 'x', run.run)
  assert.equal([skew.length, observed?.map(({ members }) => members.length), clocks?.length], [3, [9, 9, 9], 9])
  const acks = run.events.filter(event => event.type === 'ack' && event.phase === 'stop')
  assert.is(acks.length, 27)
})

runs('an aggregator that is killed in mid run is lost, and those below it go on', async () => {
  const run = await start(['--tools', 'proc', '--samples', '2', '--', 'sleep', '3'], 'quorum = 6\n')
  await run.until(isPhase('work'))
  await net().stopPeer('c', 'SIGKILL')
  const { status } = await run.finished
  assert.is(status, 0)
  const { excluded, verdict } = record(net(), 'x', run.run)
  assert.equal([verdict, excluded.map(({ name, code }) => [name, code])], ['ok', [['c', 'lost']]])
  const last = certificates(run.run)
    .filter(({ phase }) => phase === 'send')
    .at(-1) as Certificate
  assert.is(last.acks.length, 8)
  await net().startPeer('c')
})

runs('an aggregator that stands still delays those below it, and no answer but its own is missing', async () => {
  const run = await start(['--tools', 'proc', '--', 'sleep', '2'], 'quorum = 6\nphase_timeout = 20\n')
  await run.until(isPhase('work'))
  const pid = net().peer('f').child?.pid as number
  process.kill(pid, 'SIGSTOP')
  const { status } = await run.finished.finally(() => process.kill(pid, 'SIGCONT'))
  assert.is(status, 0)
  const { excluded } = record(net(), 'x', run.run)
  assert.equal(
    excluded.map(({ name }) => name),
    ['f']
  )
})

runs.run()
