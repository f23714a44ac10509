/** Executables of the owner in hooks.d, with real daemons. */
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  goneWithin,
  isPhase,
  logOf,
  processesWith,
  record,
  startRun,
  uniqueSleep,
  untilLogged,
  useTestnet
} from '../helpers/mesh.ts'
import { until } from '../helpers/until.ts'

const hooks = suite('hooks of the owner')
const net = useTestnet(hooks, { peers: ['a', 'b', 'c'] })

const folderOf = (peer: string) => join(net().peer(peer).home, 'hooks.d')
const saidOn = (peer: string) => join(net().folder, `${peer}.said`)

/** Puts hooks on a peer, in the place of those that were there. */
function put(peer: string, scripts: Record<string, string>): void {
  rmSync(folderOf(peer), { recursive: true, force: true })
  rmSync(saidOn(peer), { force: true })
  mkdirSync(folderOf(peer), { mode: 0o700 })
  for (const [name, script] of Object.entries(scripts))
    writeFileSync(join(folderOf(peer), name), `#!/bin/sh\n${script}\n`, { mode: 0o700 })
}
const said = (peer: string) => (existsSync(saidOn(peer)) ? readFileSync(saidOn(peer), 'utf8').trim().split('\n') : [])
const say = (peer: string, what: string) => `echo "${what}" >> "${saidOn(peer)}"`

hooks(
  'they run in the order of their names, at join and before the end, with the run in their environment',
  async () => {
    const facts = '$BAK_HOOK $BAK_PHASE $BAK_VERDICT $BAK_RUN $BAK_CONTROLLER $BAK_PEER'
    put('b', {
      '20-second': say('b', facts),
      '03-first': `${say('b', facts)}; test -d "$(dirname "$BAK_DATA")" && echo prepared`,
      '99-last': say('b', facts),
      '50-undo': say('b', facts),
      README: say('b', 'no hook'),
      '7-short': say('b', 'no hook')
    })
    const run = await startRun(net(), 'a', ['--tools', 'none', '--', 'sh', '-c', `cat "${saidOn('b')}"`])
    assert.is((await run.finished).status, 0)
    const { roster, controller } = record(net(), 'a', run.run)
    const about = `${run.run} ${controller.peer} ${roster.find(({ name }) => name === 'b')?.peer}`
    assert.equal(said('b'), [
      `03-first join  ${about}`,
      `20-second join  ${about}`,
      `50-undo terminate ok ${about}`,
      `99-last terminate ok ${about}`
    ])
    await untilLogged(net(), 'b', /hook=03-first took=\d+ output=prepared msg="hook"/)
    assert.equal(record(net(), 'a', run.run).shortfalls, [])
  }
)

hooks('one that fails is a warning that names it, with the line that says why', async () => {
  put('b', { '10-bad': 'echo busy; echo "cannot set the governor" >&2; exit 3', '11-next': say('b', 'next') })
  const run = await startRun(net(), 'a', ['--tools', 'none', '--', 'true'])
  assert.is((await run.finished).status, 0)
  assert.equal(said('b'), ['next'])
  const shown = await net().bak('a', ['show', run.run])
  assert.match(shown.stdout, /b +join +- +the hook 10-bad of this machine failed: exit 3: cannot set the governor/)
})

hooks('one that takes too long is ended with all that it started', async () => {
  const mark = uniqueSleep()
  writeFileSync(join(net().peer('b').home, 'config.toml'), 'hooks = { timeout = "1s" }\n')
  await net().stopPeer('b')
  await net().startPeer('b')
  await net().until('a', members => members.filter(m => m.state === 'alive').length === 3)
  put('b', { '10-slow': `sleep ${mark} & sleep ${mark}`, '60-undo': say('b', 'undone') })
  const run = await startRun(net(), 'a', ['--tools', 'none', '--', 'true'])
  assert.is((await run.finished).status, 0)
  await goneWithin(mark, 5_000)
  assert.equal(said('b'), ['undone'])
  const shown = await net().bak('a', ['show', run.run])
  assert.match(shown.stdout, /the hook 10-slow of this machine did not end within 1 s, and was ended/)
})

hooks('what others could have written is not started, and named', async () => {
  put('b', { '10-open': say('b', 'open'), '11-plain': say('b', 'plain'), '13-good': say('b', 'good') })
  chmodSync(join(folderOf('b'), '10-open'), 0o770)
  chmodSync(join(folderOf('b'), '11-plain'), 0o600)
  symlinkSync('/bin/true', join(folderOf('b'), '12-link'))
  const root = process.getuid?.() === 0
  if (root) {
    writeFileSync(join(folderOf('b'), '14-theirs'), '#!/bin/sh\n', { mode: 0o700 })
    chownSync(join(folderOf('b'), '14-theirs'), 65534, 65534)
  }
  const run = await startRun(net(), 'a', ['--tools', 'none', '--', 'true'])
  assert.is((await run.finished).status, 0)
  assert.equal(said('b'), ['good'])
  const { stdout } = await net().bak('a', ['show', run.run])
  assert.match(stdout, /10-open of this machine was not started: its group may write it/)
  assert.match(stdout, /11-plain of this machine was not started: it is not executable/)
  assert.match(stdout, /12-link of this machine was not started: it is a link/)
  if (root) assert.match(stdout, /14-theirs of this machine was not started: it belongs to /)
})

hooks('by config a failure excludes the machine, and what did not join has nothing to undo', async () => {
  writeFileSync(join(net().peer('b').home, 'config.toml'), 'hooks = { on_failure = "exclude" }\n')
  await net().stopPeer('b')
  await net().startPeer('b')
  await net().until('a', members => members.filter(m => m.state === 'alive').length === 3)
  put('b', { '10-bad': 'exit 1', '11-next': say('b', 'next'), '60-undo': say('b', 'undone') })
  put('c', { '60-undo': say('c', 'undone') })
  const run = await startRun(net(), 'a', ['--tools', 'none', '--quorum', 'majority', '--', 'true'])
  assert.is((await run.finished).status, 0)
  const { excluded } = record(net(), 'a', run.run)
  assert.equal(
    excluded.map(({ name, phase, code, reason }) => [name, phase, code, reason]),
    [['b', 'join', 'not-allowed', 'the hook 10-bad of this machine failed: exit 1']]
  )
  assert.equal([said('b'), said('c')], [[], ['undone']])
})

hooks(
  'a daemon that stops does not wait for a hook, and runs those of the end when it takes the run up again',
  async () => {
    const mark = uniqueSleep()
    const gate = join(net().folder, 'gate')
    put('c', { '60-slow': `[ -e "${gate}" ] || sleep ${mark}`, '61-undo': say('c', 'undone') })
    const run = await startRun(net(), 'a', [
      '--tools',
      'none',
      '--quorum',
      'majority',
      '--phase-timeout',
      '2',
      '--',
      'true'
    ])
    await until(() => run.events.some(isPhase('terminate')), {
      timeout: 20_000,
      what: () => 'the run ends'
    })
    await until(() => processesWith(mark).length > 0, { timeout: 5_000, what: () => 'the hook runs' })
    const began = performance.now()
    await net().stopPeer('c')
    assert.ok(performance.now() - began < 10_000, 'it was not waited for')
    await goneWithin(mark, 5_000)
    await run.finished
    writeFileSync(gate, '')
    await net().startPeer('c')
    // the file is there before its line is
    await until(() => said('c').join('') !== '', {
      timeout: 15_000,
      what: () => `the hook of c ran\n${logOf(net(), 'c')}`
    })
    assert.equal(said('c'), ['undone'])
    await net().until('a', members => members.filter(m => m.state === 'alive').length === 3)
  }
)

hooks('those of the end run where the controller never came back', async () => {
  put('b', { '60-undo': say('b', 'undone $BAK_PHASE $BAK_VERDICT') })
  put('c', {})
  const run = await startRun(net(), 'a', ['--tools', 'none', '--lease', '2', '--', 'sleep', uniqueSleep()])
  await run.until(event => event.type === 'workload-started')
  await net().stopPeer('a', 'SIGKILL')
  await run.finished
  await until(() => said('b').length > 0, { timeout: 15_000, what: () => `the hook of b ran\n${logOf(net(), 'b')}` })
  assert.equal(said('b'), ['undone terminate'])
  await net().startPeer('a')
  await net().until('b', members => members.filter(m => m.state === 'alive').length === 3)
  assert.is(said('b').length, 1)
})

hooks.run()
