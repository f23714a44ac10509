/** Situations of machines and their owners: signals, odd words and variables, clocks, environments of tools, controllers that are gone. */
import { spawn } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import * as assert from 'uvu/assert'
import { BAK, WORKLOAD } from '../../testnets/programs.ts'
import {
  type Finished,
  finished,
  goneWithin,
  isPhase,
  record,
  sleep,
  startRun,
  type Testnet,
  uniqueSleep
} from '../helpers/mesh.ts'
import { fixture, until } from '../helpers/workspace.ts'
import { QUIET } from './shell.ts'
import { type Situation, situations } from './table.ts'

const HOUR = 3_600_000

const run = (net: Testnet, words: string[], env: Record<string, string> = {}) =>
  net.bak('a', ['run', ...QUIET, ...words], { env })

/** A line of bash in which `$R` runs a workload: the only way to a word that is no UTF-8. */
function typed(net: Testnet, line: string): Promise<Finished> {
  const env = { ...process.env, BAK_HOME: net.peer('a').home, R: `${BAK} run ${QUIET.join(' ')}` }
  return finished(spawn('bash', ['-c', line], { cwd: net.folder, env, stdio: ['ignore', 'pipe', 'pipe'] }))
}

function writeRunFile(net: Testnet, text: string, encoding: BufferEncoding = 'utf8'): string {
  const path = join(net.folder, 'run.toml')
  writeFileSync(path, text, encoding)
  return path
}

/** The run begun last: ids do not tell, where two begin within a second. */
const lastRun = (net: Testnet, peer = 'a') =>
  readdirSync(join(net.peer(peer).home, 'runs'))
    .map(run => ({ run, begun: record(net, peer, run).begun }))
    .sort((a, b) => a.begun - b.begun)
    .at(-1)?.run as string
const inResult = (net: Testnet, peer: string, ...path: string[]) =>
  readFileSync(join(net.peer(peer).home, 'runs', lastRun(net, peer), ...path), 'utf8')

/** A workload that ends so is a failure, told so. */
const fails = (when: string, script: string, told: RegExp, from?: string): Situation => ({
  ...{ from, when, then: `the run has failed: ${told.source}` },
  async try(net) {
    const { status, stderr } = await run(net, ['--', 'bash', '-c', script])
    assert.is(status, 1, stderr)
    assert.match(stderr, told)
  }
})

/** A command line of bash that is refused by name. */
const refuses = (when: string, line: string, status: number, told: RegExp, from?: string): Situation => ({
  ...{ from, when, then: `refused with ${status}: ${told.source}` },
  async try(net) {
    const ended = await typed(net, line)
    assert.is(ended.status, status, ended.stderr)
    assert.match(ended.stderr, told)
    assert.not.match(ended.stderr, /\n +at /)
  }
})

const verdicts: Situation[] = [
  fails('a real-time signal ends the workload', 'kill -34 $$', /ended by signal 34/, 'fio#2127'),
  fails('the last real-time signal does', 'kill -64 $$', /ended by signal 64/),
  fails('it exits with a status as shells give it for signal 34', 'exit 162', /exit 162/),
  fails(
    'it says that it failed and exits with 0',
    'echo "#BAK:STATE ERR disk is full"',
    /exit 0 in 1-default\/sample1: disk is full/
  ),
  {
    when: 'a real-time signal ends a tool in mid run',
    then: 'its warning has the number',
    async try(net) {
      const tool = 'mine=echo begun; sleep 0.5; kill -40 $$'
      const ran = await net.bak('a', ['run', '--sysinfo', 'none', '--on', 'a', '--tool', tool, '--', 'sleep', '1.5'])
      assert.is(ran.status, 0, ran.stderr)
      assert.match((await net.bak('a', ['show', 'last'])).stdout, /mine +a +ended early with signal 40/)
    }
  },
  {
    when: 'a run is over in less than a second',
    then: 'the cost of observation is too short to measure',
    async try(net) {
      const { status, stderr } = await run(net, ['--', 'true'])
      assert.is(status, 0)
      assert.match(stderr, /too short to measure the cost of observation/)
    }
  },
  {
    when: 'the demo runs its workload',
    then: 'it prints nothing that nobody reads',
    async try(net) {
      const { status, stdout } = await run(net, ['--', ...WORKLOAD, '0.2'])
      assert.is(status, 0)
      assert.match(stdout, /^sha256: [\d.]+ MiB\/s\nwrite: [\d.]+ MiB\/s\n$/)
    }
  }
]

const words: Situation[] = [
  refuses(
    'a word of the workload is Latin-1',
    `$R -- echo $'caf\\xe9'`,
    64,
    /the word caf\\xe9 is not UTF-8/,
    'findutils#816'
  ),
  refuses('a variable is', `export WHAT=$'caf\\xe9'; $R -- true`, 64, /the variable WHAT=caf\\xe9 is not UTF-8/),
  refuses(
    'the current folder is',
    `d=$'caf\\xe9'; mkdir $d; cd $d; $R -- true`,
    64,
    /current folder .*caf\\xe9 is not UTF-8/
  ),
  refuses(
    'the run file is',
    `printf 'name = "x"\\ncommand = ["caf\\xe9"]\\n' >l.toml; $R l.toml`,
    65,
    /l.toml:2: is not UTF-8/
  ),
  refuses(
    'a quote is not closed',
    `$R --iteration "q --query it's here" -- echo`,
    64,
    /quote at character 13 is not closed/
  ),
  {
    from: 'jsdoc#12',
    when: 'a tool that is asked for has the name of what every object has',
    then: 'it is unknown, as any other',
    async try(net) {
      const words = (tool: string) => ['run', '--sysinfo', 'none', '--no-progress', '--tools', tool, '--', 'true']
      const [odd, other] = await Promise.all(['constructor', 'nosuch'].map(tool => net.bak('a', words(tool))))
      assert.is(odd?.status, other?.status, odd?.stderr)
      assert.not.match(odd?.stderr ?? '', /CBOR|encode/)
    }
  },
  {
    when: 'variables have names that no shell knows',
    then: 'the workload gets them',
    async try(net) {
      const env = { 'my.var': '1\n2', 'a-b': '', 'BASH_FUNC_f%%': '() {  echo f\n}', constructor: 'c', prototype: 'p' }
      const print = 'JSON.stringify(["my.var","a-b","BASH_FUNC_f%%","constructor","prototype"].map(n=>process.env[n]))'
      const { status, stdout, stderr } = await run(net, ['--', process.execPath, '-p', print], env)
      assert.is(status, 0, stderr)
      assert.equal(JSON.parse(stdout), Object.values(env))
    }
  },
  {
    from: 'actions/runner#2283',
    when: 'a parameter has a name that is no variable',
    then: 'its variable has _ for the rest',
    async try(net) {
      const file = writeRunFile(net, '[[iterations]]\nname = "i"\nparams = { block-size = "4k", "a.b" = "" }\n')
      const { stdout, stderr } = await run(net, [
        file,
        '--',
        'sh',
        '-c',
        'echo "$BAK_PARAM_BLOCK_SIZE-$BAK_PARAM_A_B-"'
      ])
      assert.is(stdout, '4k--\n', stderr)
    }
  },
  {
    when: 'two parameters would be one variable',
    then: 'both are named, with the line',
    async try(net) {
      const file = writeRunFile(net, '[[iterations]]\nname = "i"\nparams = { block-size = "1", block_size = "2" }\n')
      const { status, stderr } = await run(net, [file, '--', 'true'])
      assert.is(status, 65)
      assert.match(stderr, /run.toml:3: .*block-size and block_size would both be BAK_PARAM_BLOCK_SIZE/)
    }
  },
  {
    when: 'a tag and an iteration have quotes, escapes and such names',
    then: 'they arrive as a shell would give them',
    async try(net) {
      const iteration = `q --query "it's here" a\\ b`
      const { status, stdout, stderr } = await run(net, [
        '--tag',
        'constructor=x',
        '--iteration',
        iteration,
        '--',
        'printf',
        '%s|'
      ])
      assert.is(status, 0, stderr)
      assert.is(stdout, `--query|it's here|a b|`)
      assert.equal(Object.entries(record(net, 'a', lastRun(net)).spec.tags), [['constructor', 'x']])
    }
  },
  {
    when: 'variables of bak are empty',
    then: 'they are not set',
    async try(net) {
      const empty = { BAK_RUN_ON: '', BAK_RUN_SAMPLES: '', BAK_RUN_QUORUM: '', BAK_RUN_STRICT: '', BAK_JSON: '' }
      const { status, stderr } = await run(net, ['--', 'true'], empty)
      assert.is(status, 0, stderr)
    }
  },
  {
    from: 'sysstat#331',
    when: 'the daemon was started with colours, another language and another zone',
    then: 'tools get none of it',
    async try(net) {
      const ran = await net.bak('a', [
        'run',
        '--on',
        'a',
        '--tool',
        'mine=env; date; exec sleep 60',
        '--',
        'sleep',
        '0.3'
      ])
      assert.is(ran.status, 0, ran.stderr)
      const folder = ['1-default', 'sample1', 'tools-default', 'a', 'mine']
      const text = inResult(net, 'a', ...folder, 'mine-stdout.txt')
      assert.match(text, /^TZ=UTC$/m)
      assert.match(text, /^LC_ALL=C.UTF-8$/m)
      assert.match(text, /^S_COLORS=never$/m)
      assert.match(text, / UTC /)
      assert.not.match(text, /LANGUAGE|LS_COLORS|^COLUMNS/m)
      assert.match(inResult(net, 'a', ...folder, 'mine.cmd'), /^TZ=UTC LC_ALL=C.UTF-8 S_COLORS=never /)
    }
  }
]

/** A run of c whose workload goes on. @returns the argument by which its tool is found */
async function startWithTool(net: Testnet) {
  const tool = uniqueSleep()
  const run = await startRun(net, 'c', ['--tool', `mine=echo x; exec sleep ${tool}`, '--', 'sleep', uniqueSleep()])
  await run.until(event => event.type === 'workload-started')
  return { run, tool }
}

const controllers: Situation[] = [
  {
    when: 'the controller is killed, and a person at a member cancels the run there',
    then: 'the part of this member ends, and its data is kept',
    async try(net) {
      const { run, tool } = await startWithTool(net)
      await net.stopPeer('c', 'SIGKILL')
      await net.until('a', members => members.some(({ name, state }) => name === 'c' && state === 'lost'))
      for (const peer of ['a', 'b']) {
        const { status, stdout, stderr } = await net.bak(peer, ['cancel', run.run])
        assert.is(status, 0, stderr)
        assert.match(stdout, /ended on this member only/)
      }
      await goneWithin(tool, 5_000)
      const taking = async () => {
        for await (const { taking } of net.call('a', 'status', {})) return taking
      }
      // what its tools wrote is packed when they have ended
      await until(async () => (await taking())?.length === 0, { what: 'a takes part in nothing' })
      assert.is((await net.bak('a', ['cancel', run.run])).status, 66, 'there is nothing left to cancel')
      await net.startPeer('c')
      await collects(net, run.run)
    }
  },
  {
    when: 'the controller is killed in mid run and started again',
    then: 'nobody stays busy, members stop at once, and the result verifies',
    async try(net) {
      const { run, tool } = await startWithTool(net)
      await net.until('b', members => members.every(({ state }) => state === 'busy'))
      // a certificate is written while the next phase is open; one that was not is not proven
      const certificates = join(net.peer('c').home, 'runs', run.run, 'certificates')
      await until(() => readdirSync(certificates).some(name => name.endsWith('-start.cbor')))
      await net.stopPeer('c', 'SIGKILL')
      await net.startPeer('c')
      for (const peer of ['a', 'b', 'c']) {
        await net.until(peer, members => members.length === 3 && members.every(({ state }) => state === 'alive'))
        assert.is((await net.bak(peer, ['ps', '--json'])).stdout, '{"runs":[]}\n')
      }
      await goneWithin(tool, 5_000)
      const verified = await net.bak('c', ['verify', run.run])
      assert.is(verified.status, 0, verified.stdout + verified.stderr)
      await collects(net, run.run)
    }
  },
  {
    when: 'the controller is killed right after stage',
    then: 'members still prove what was certified',
    async try(net) {
      const run = await startRun(net, 'c', [...QUIET, '--', 'sleep', uniqueSleep()])
      await run.until(isPhase('stage', 'phase-closed'))
      await net.stopPeer('c', 'SIGKILL')
      await net.until('b', members => members.some(({ name, state }) => name === 'c' && state === 'lost'))
      for (const peer of ['a', 'b']) {
        const { status, stdout, stderr } = await net.bak(peer, ['verify', run.run, '--json'])
        assert.is(status, 0, stdout + stderr)
        assert.ok(JSON.parse(stdout).certificates >= 2, stdout)
      }
      await net.startPeer('c')
      await net.until('c', members => members.filter(({ state }) => state === 'alive').length === 3)
    }
  }
]

/** What members keep comes to the controller that is back, and nothing is left on them. */
async function collects(net: Testnet, run: string): Promise<void> {
  await net.until('c', members => members.filter(({ state }) => state === 'alive').length === 3)
  const collected = await net.bak('c', ['collect', run])
  assert.is(collected.status, 0, collected.stderr)
  for (const peer of ['a', 'b']) assert.equal(readdirSync(join(net.peer(peer).home, 'work')), [], peer)
}

situations(
  'machines',
  {
    peers: ['a', 'b', 'c'],
    env: { S_COLORS: 'always', TZ: 'Asia/Tokyo', LANGUAGE: 'de', LS_COLORS: 'x', COLUMNS: '40', LC_ALL: 'C' }
  },
  [...verdicts, ...words, ...controllers]
)

/** Sets the wall clock of a peer's daemon by an hour, or back. */
const setClock = (net: Testnet, peer: string) => void net.peer(peer).child?.kill('SIGUSR2')

/** The times of a member's samples of the load in ms. */
function timesOf(net: Testnet, member: string, sample: number): number[] {
  const text = inResult(net, 'a', '1-default', `sample${sample}`, 'tools-default', member, 'proc', 'load.csv')
  return text
    .trim()
    .split('\n')
    .slice(1)
    .map(line => Number(line.split(',')[0]))
}

/** A clock is set while the workload of the first of two samples runs. */
const sets = (when: string, peer: string, by: number): Situation => ({
  when,
  then: 'the run goes well, says so, and its series, skew and length are those of one clock',
  async try(net) {
    const began = performance.now()
    const words = ['--tools', 'proc', '--interval', '0.2', '--samples', '2', '--sysinfo', 'none', '--', 'sleep', '1.5']
    const run = await startRun(net, 'a', words)
    await run.until(event => event.type === 'workload-started')
    await sleep(500)
    setClock(net, peer)
    const { status, stderr } = await run.finished
    assert.is(status, 0, stderr)
    const { took = -1, clocks = [], skew } = record(net, 'a', run.run)
    assert.ok(took > 0 && took < performance.now() - began, `${took} ms`)
    const jump = Math.max(...steps(timesOf(net, peer, 1)).map(Math.abs))
    assert.ok(Math.abs(jump - Math.abs(by)) < 5_000, `proc jumps by ${jump}`)
    const { set = 0 } = clocks.find(({ name }) => name === peer) ?? {}
    assert.ok(Math.abs(set - by) < 1_000, `the record says ${set}`)
    assert.ok((skew[1]?.skew ?? HOUR) < 1_000, `the second sample starts ${skew[1]?.skew} ms apart`)
    const shown = (await net.bak('a', ['show', run.run, '--all'])).stdout
    assert.match(
      shown,
      new RegExp(`${peer} .*the clock of this machine was set ${by < 0 ? 'back' : 'forward'} by 3600`)
    )
    assert.match(shown, new RegExp(`set by ${by < 0 ? '-' : '\\+'}3600`))
    assert.is((await net.bak('a', ['verify', run.run])).status, 0)
  }
})

const steps = (times: number[]) => times.slice(1).map((at, i) => at - (times[i] as number))

const clocks: Situation[] = [
  {
    when: 'the clock of a member is two seconds behind',
    then: 'a warning names it, and every command shows it with one sign and one unit',
    async try(net) {
      const { status, stderr } = await run(net, ['--', 'true'])
      assert.is(status, 0)
      assert.match(stderr, /warning: clocks are not the controller's: late -2\.\d s/)
      const { clock } = record(net, 'a', lastRun(net)).roster.find(({ name }) => name === 'late')?.capabilities ?? {}
      assert.ok(clock != null && Math.abs(clock.offset + 2_000) < 500, JSON.stringify(clock))
      assert.match((await net.bak('a', ['show', 'last', '--all'])).stdout, /late .* -(20|19)\d\d\.\d ms ± /)
      assert.match((await net.bak('a', ['reachability'])).stdout, /late .* -(20|19)\d\d\.\d ms ± /)
    }
  },
  sets('the clock of a member is set forward by an hour in mid run', 'b', HOUR),
  sets('the clock of a member is set back by an hour in mid run', 'b', -HOUR),
  {
    from: 'faro-web-sdk#2179',
    ...sets('the clock of the controller is set forward by an hour in mid run', 'a', HOUR)
  },
  sets('the clock of the controller is set back by an hour in mid run', 'a', -HOUR)
]

situations(
  'clocks that are set',
  {
    peers: ['a', 'b', 'late'],
    env: {
      NODE_OPTIONS: `--import ${pathToFileURL(fixture('clock.mjs'))}`,
      BAK_TEST_CLOCK: JSON.stringify({ a: { step: HOUR }, b: { step: HOUR }, late: { shift: -2_000 } })
    }
  },
  clocks
)
