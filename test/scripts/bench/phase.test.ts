import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { finished } from '../../../testnets/testnet.ts'
import { until } from '../../helpers/until.ts'

const bench = suite('npm run bench')
const folder = mkdtempSync(join(tmpdir(), 'bak-bench-test-'))
/** A tiny mesh and its comparisons, on a machine with other things to do, ms. */
const LIMIT = 150_000

const run = (...args: string[]) => {
  // what it makes is to be seen, and gone, in a folder of its own
  const env = { ...process.env, TMPDIR: folder }
  return spawn(process.execPath, ['scripts/bench/main.ts', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env,
    timeout: LIMIT
  })
}

bench.after(() => rmSync(folder, { recursive: true, force: true }))

bench('phase: bak and the star are measured in one run, and nothing is left of them', async () => {
  const file = join(folder, 'figures.json')
  const { status, stdout, stderr } = await finished(run('phase', '--peers', '2', '--rounds', '1', '--json', file))
  assert.is(status, 0, stderr)
  assert.match(stdout, /command to certificate, 2 members, ms\n {2}bak +[\d.]+ +once\n/)
  const { machine, parts } = JSON.parse(readFileSync(file, 'utf8'))
  assert.ok(machine.cores > 0)
  const [latency, cpu] = parts[0].figures
  const named = (figure: typeof latency, name: string) =>
    figure.entries.find((each: { name: string }) => each.name === name)
  for (const name of ['bak', 'node:net star']) {
    assert.ok(named(latency, name).median > 0, name)
    assert.ok(named(cpu, name).median >= 0, name)
  }
  // Redis is there, or it is said why not
  assert.ok('median' in named(latency, 'Redis sink') || /--install/.test(named(latency, 'Redis sink').absent))
  assert.equal(leftovers(), [])
})

bench('a Ctrl-C in the middle leaves nothing, either', async () => {
  const child = run('phase', '--peers', '2')
  child.stdout?.on('data', data => {
    if (String(data).includes('==')) setTimeout(() => child.kill('SIGINT'), 3_000)
  })
  const { status, stderr } = await finished(child)
  assert.is(status, 130, stderr)
  assert.match(stderr, /stopping/)
  // what is killed at the very end may take a moment to go
  await until(() => leftovers().length === 0, { timeout: 5_000, what: () => `gone are ${leftovers()}` })
})

bench.run()

/** @returns what is still there of a bench: its folder, and processes that have it on their command line */
function leftovers(): string[] {
  const folders = readdirSync(folder).filter(name => name.startsWith('bak-bench-'))
  const processes = readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .map(pid => commandOf(pid))
    .filter(command => command.includes(folder))
  return [...folders, ...processes]
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
  } catch {
    return ''
  }
}
