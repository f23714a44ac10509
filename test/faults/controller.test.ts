import { readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { RunEvent } from '../../protocols/events.ts'
import { finished, goneWithin, isPhase, record, startRun, uniqueSleep, useTestnet } from '../helpers/mesh.ts'
import { until } from '../helpers/until.ts'

const faults = suite('a run whose caller or controller goes away')
const net = useTestnet(faults, { peers: ['a', 'b', 'c'] })

faults(
  'the command line killed in mid run: the run goes on, and another peer attaches with the whole past',
  async () => {
    const run = await startRun(net(), 'c', ['--tools', 'proc', '--', 'sh', '-c', 'echo begun; sleep 3; echo done'])
    await run.until(event => event.type === 'workload-started')
    run.kill('SIGKILL')
    await run.finished
    const attached = await net().bak('a', ['attach', '--json', run.run])
    assert.is(attached.status, 0, attached.stderr)
    const events = attached.stdout
      .trim()
      .split('\n')
      .map(line => JSON.parse(line) as RunEvent)
    const numbers = events.flatMap(event => ('n' in event ? [event.n] : []))
    assert.equal(
      numbers,
      numbers.map((_, i) => i),
      'every stored event, once, in order'
    )
    assert.is(events.at(-1)?.type, 'ended')
    assert.ok(
      events.some(event => event.type === 'output' && event.text?.includes('done')),
      'and what comes live'
    )
  }
)

faults('a run that has ended can be attached to from any peer, and shown', async () => {
  const run = await startRun(net(), 'c', ['--tools', 'none', '--', 'true'])
  await run.finished
  const attached = await net().bak('b', ['attach', '--json', run.run])
  assert.is(attached.status, 0)
  assert.is((JSON.parse(attached.stdout.trim().split('\n').at(-1) as string) as RunEvent).type, 'ended')
  const shown = await net().bak('b', ['show', run.run, '--json'])
  assert.is(shown.status, 0, shown.stderr)
  assert.match(shown.stdout, new RegExp(record(net(), 'c', run.run).manifest as string))
})

faults('any peer cancels a run that another drives', async () => {
  const mark = uniqueSleep()
  const run = await startRun(net(), 'c', ['--tools', 'proc', '--', 'sleep', mark])
  await run.until(event => event.type === 'workload-started')
  const cancelled = await net().bak('b', ['cancel', run.run])
  assert.is(cancelled.status, 0, cancelled.stderr)
  assert.is((await run.finished).status, 4)
  await goneWithin(mark, 5_000)
  assert.ok(run.events.some(event => event.type === 'cancel' && event.by === 'b'))
})

faults('a run that nobody knows is said to be unknown, with status 66', async () => {
  for (const command of ['attach', 'cancel', 'show', 'collect']) {
    const { status, stderr } = await net().bak('a', [command, '20200101T000000-abcdef'])
    assert.is(status, 66, `${command}: ${stderr}`)
    assert.is(stderr.trim().split('\n').length, 1)
  }
})

faults(
  'a controller killed in mid run: members stop, and the run is closed in order when it is back, its torn journal cut',
  async () => {
    const [work, tool] = [uniqueSleep(), uniqueSleep()]
    const file = join(net().folder, 'run.toml')
    writeFileSync(file, `tools = ["idle"]\n[tool.idle]\ncommand = ["sleep", "${tool}"]\n`)
    const run = await startRun(net(), 'c', [file, '--lease', '2', '--', 'sleep', work])
    await run.until(event => event.type === 'workload-started')
    // a certificate is written while the next phase is open; one that was not is not proven
    const certificates = join(net().peer('c').home, 'runs', run.run, 'certificates')
    await until(() => readdirSync(certificates).some(name => name.endsWith('-start.cbor')))
    await net().stopPeer('c', 'SIGKILL')
    const { status, stderr } = await run.finished
    assert.is(status, 69, stderr)
    assert.match(stderr, /the daemon here has ended; run \S+ ends when it starts again: bak-node daemon --home/)
    await Promise.all([goneWithin(work, 5_000), goneWithin(tool, 12_000)])
    const journal = join(net().peer('c').home, 'runs', run.run, 'journal.ndjson')
    truncateSync(journal, statSync(journal).size - 7)
    await net().startPeer('c')
    const { verdict, reason } = record(net(), 'c', run.run)
    assert.is(verdict, 'failed')
    assert.match(reason as string, /daemon/)
    const verified = await net().bak('c', ['verify', run.run])
    assert.is(verified.status, 0, verified.stdout + verified.stderr)
    assert.match(readFileSync(journal, 'utf8'), /cut off/)
    await net().until('c', members => members.filter(m => m.state === 'alive').length === 3)
    const collected = await net().bak('c', ['collect', run.run])
    assert.is(collected.status, 0, collected.stderr + collected.stdout)
    const sent = record(net(), 'c', run.run).sent.map(each => `${each.name} ${each.what}`)
    assert.ok(sent.includes('a 1-default/sample1') && sent.includes('b 1-default/sample1'), sent.join(', '))
    for (const peer of ['a', 'b']) {
      assert.equal(readdirSync(join(net().peer(peer).home, 'work')), [], `nothing of the run is left on ${peer}`)
    }
  }
)

faults('one flipped byte anywhere in the result is found and named, offline', async () => {
  const run = await startRun(net(), 'a', ['--tools', 'proc', '--', 'true'])
  assert.is((await run.finished).status, 0)
  const folder = join(net().peer('a').home, 'runs', run.run)
  const verify = () => finished(net().spawnBak('b', ['verify', folder], { env: { BAK_HOME: '/nowhere' } }))
  assert.is((await verify()).status, 0)
  for (const file of [
    'run.json',
    'journal.ndjson',
    'certificates/0005-start.cbor',
    'metadata.log',
    'spec.toml',
    'sysinfo/end/b/os.json'
  ]) {
    const path = join(folder, file)
    const bytes = readFileSync(path)
    const at = Math.floor(bytes.length / 2)
    writeFileSync(
      path,
      bytes.map((byte, i) => (i === at ? byte ^ 1 : byte))
    )
    const { status, stdout, stderr } = await verify()
    assert.is(status, 66, file)
    assert.ok((stdout + stderr).includes(file), `${file} is named`)
    writeFileSync(path, bytes)
  }
  assert.is((await verify()).status, 0)
})

faults('a member proves the phases of a run whose controller is gone, from what it heard', async () => {
  const run = await startRun(net(), 'c', ['--tools', 'none', '--', 'true'])
  assert.is((await run.finished).status, 0)
  await net().stopPeer('c', 'SIGKILL')
  await net().until('a', members => members.some(m => m.name === 'c' && m.state === 'lost'))
  const { status, stdout, stderr } = await net().bak('a', ['verify', run.run, '--json'])
  assert.is(status, 0, stdout + stderr)
  const { ok, certificates, answers } = JSON.parse(stdout)
  assert.equal([ok, certificates, answers], [true, 11, 31])
  await net().startPeer('c')
})

faults('a daemon that is asked to stop in mid run cancels it and leaves nothing', async () => {
  const mark = uniqueSleep()
  const run = await startRun(net(), 'b', ['--tools', 'proc', '--', 'sleep', mark])
  await run.until(event => event.type === 'workload-started')
  await net().stopPeer('b', 'SIGTERM')
  await goneWithin(mark, 1_000)
  await run.finished
  assert.is(record(net(), 'b', run.run).verdict, 'cancelled')
  await net().startPeer('b')
  await net().until('a', members => members.every(({ state }) => state !== 'lost'))
})

faults('a phase past is closed: isPhase finds each phase once in a whole run', async () => {
  const run = await startRun(net(), 'a', ['--tools', 'none', '--', 'true'])
  await run.finished
  for (const phase of ['join', 'stage', 'init', 'start', 'work', 'stop', 'send', 'end', 'terminate']) {
    assert.is(run.events.filter(isPhase(phase, 'phase-closed')).length, 1, phase)
  }
})

for (const phase of ['join', 'send']) {
  faults(`a result whose controller is killed once ${phase} is certified is closed so that it verifies`, async () => {
    const tool = ['--tool', 't=head -c 300000 /dev/urandom; exec sleep 600']
    const run = await startRun(net(), 'c', ['--sysinfo', 'none', ...tool, '--samples', '2', '--', 'true'])
    const home = net().peer('c').home
    const certificates = join(home, 'runs', run.run, 'certificates')
    await until(() => readdirSync(certificates).some(name => name.endsWith(`-${phase}.cbor`)))
    await net().stopPeer('c', 'SIGKILL')
    await run.finished
    await net().startPeer('c')
    const verified = await net().bak('c', ['verify', run.run])
    assert.match(verified.stdout, /: as it was signed/)
    // what was not written yet when it was killed is named, and not proven
    const { unreadable = [] } = record(net(), 'c', run.run)
    const isCut = / neither answered (send|sysinfo) nor is excluded there$/m.test(verified.stdout)
    assert.is(verified.status, unreadable.length > 0 || isCut ? 2 : 0, verified.stdout)
    // a member may still have to be found again, and to end its part
    let said = ''
    const collected = async () => {
      const { status, stdout, stderr } = await net().bak('c', ['collect', run.run])
      said = stdout + stderr
      return status === 0
    }
    await until(collected, { timeout: 30_000, what: () => `what is left is collected: ${said}` })
    assert.match((await net().bak('c', ['verify', run.run])).stdout, /: as it was signed/)
  })
}

faults.run()
