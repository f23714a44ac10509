/** The schedule of tasks on a terminal, and `bak allocation`. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { drawSchedule } from '../../cli/views/schedule-table.ts'
import type { Plan } from '../../protocols/control.ts'
import { BakError } from '../../protocols/errors.ts'
import { checkSpec, readRunFile } from '../../protocols/run-file.ts'
import { loadPlanOf } from '../../protocols/tasks/workers.ts'
import { startBak, startFake } from './fake.ts'

const test = suite('the schedule of tasks, for people')

const FILE = `
[[operation]]
name = "page"
type = "http"
url = "http://127.0.0.1/"
[[task]]
name = "warm"
operation = "page"
clients = 8
iterations = 200
[[task]]
name = "browse"
operation = "page"
parallel = "day"
clients = 12
target_throughput = 2000
time_period = 30
[[task]]
name = "upload"
operation = { type = "command", command = "true" }
parallel = "day"
clients = 4
schedule = "poisson"
target_throughput = "20 files/s"
[[parallel]]
name = "day"
warmup_time_period = 10
ramp_up_time_period = 5
completed_by = "browse"
`
const twoHosts = ['a', 'b'].map(host => ({ host, cores: 3 }))
const planIn = (text: string, hosts = twoHosts) => loadPlanOf(checkSpec(readRunFile(text, 'f')), hosts)

test('has its elements, a row for clients that do the same, and the workers of each member, in 80 columns', () => {
  const text = drawSchedule(planIn(FILE), 80)
  assert.is(
    text,
    [
      'ELEMENT  TASK    CLIENTS  TARGET',
      '1        warm    8        none',
      '    length: 200 each  operation: http page',
      '2        browse  12       2000 ops/s',
      '    length: 5 s ramp-up, 10 s warm-up, 30 s  operation: http page',
      '-        upload  4        20 files/s, poisson',
      '    length: 5 s ramp-up, 10 s warm-up, until browse ends  operation: command',
      '',
      'CLIENT  DOES',
      '0-7     J0    warm  J1  browse  J2',
      '8-11    J0    -     J1  browse  J2',
      '12-15   J0    -     J1  upload  J2',
      '',
      'MEMBER  CLIENTS  WORKERS  CLIENTS OF EACH WORKER',
      'a       8        3        0-2 3-5 6-7',
      'b       8        3        8-10 11-13 14-15'
    ].join('\n')
  )
})

test('of many elements is several tables, none wider than the terminal', () => {
  const tasks = Array.from({ length: 30 }, (_, i) => `[[task]]\nname = "task-number-${i}"\noperation = "page"\n`)
  const lines = drawSchedule(planIn(`${FILE.split('[[task]]')[0]}${tasks.join('')}`), 80).split('\n')
  assert.is(Math.max(...lines.map(line => line.length)) <= 80, true)
  const drawn = lines.filter(line => /^0 /.test(line)).join(' ')
  for (let i = 0; i < 30; i++)
    assert.ok(drawn.includes(`J${i}  task-number-${i}  J${i + 1}`) || drawn.includes(`task-number-${i} `), `${i}`)
})

test('of very many clients leaves out what each does', () => {
  const text = drawSchedule(
    planIn(
      FILE.replace('clients = 12', 'clients = 99000').replaceAll(
        '[[parallel]]',
        `${Array.from({ length: 9 }, (_, i) => `[[task]]\nname = "t${i}"\noperation = "page"\n`).join('')}[[parallel]]`
      )
    ),
    80
  )
  assert.match(text, /99004 clients are too many/)
  assert.match(text, /a {7}49502/)
})

const withFile = async (text: string, use: (file: string) => Promise<void>) => {
  const folder = mkdtempSync(join(tmpdir(), 'bak-allocation-'))
  try {
    writeFileSync(join(folder, 'load.toml'), text)
    await use(join(folder, 'load.toml'))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

test('bak allocation prints it without a daemon where it is told how many members there are', () =>
  withFile(`${FILE}[params]\n"browse.clients" = [12, 24]\n`, async file => {
    const said = await startBak(['allocation', file, '--members', '2', '--cores', '3']).ended
    assert.is(said.status, 0, said.stderr)
    assert.match(said.stdout, /\n2 {7}8 {8}3 {8}8-10 11-13 14-15\n\nof iteration browse.clients=12, one of 2/)
    const other = await startBak(['allocation', file, '--members', '1', '--json', '--iteration', 'browse.clients=24'])
      .ended
    const { clients, joinPoints, matrix, members } = JSON.parse(other.stdout)
    assert.equal([clients, joinPoints, matrix.length, members[0].workers[0].length], [28, 3, 28, 28])
    const refused = await startBak(['allocation', file, '--members', '1', '--iteration', 'x']).ended
    assert.equal([refused.status, refused.stdout], [64, ''])
    assert.match(refused.stderr, /there is no iteration x: there are browse.clients=12, browse.clients=24/)
  }))

test('bak allocation asks the daemon who would have clients', () =>
  withFile(FILE, async file => {
    const asked: string[] = []
    const daemon = await startFake({
      async *plan({ spec }) {
        asked.push(spec.task.map(({ name }) => name).join(' '))
        yield { ...PLAN, loaders: [{ host: 'here', cores: 2 }] }
      }
    })
    try {
      const { stdout, stderr } = await daemon.bak('allocation', file)
      assert.match(stdout, /\nhere {4}16 {7}2 {8}0-7 8-15\n/, stderr)
      assert.equal(asked, ['warm browse upload'])
      const dry = await daemon.bak('run', file, '--dry-run', '--test-mode')
      assert.match(dry.stdout, /\n0-7 {5}J0 {4}warm {2}J1 {2}browse {2}J2\n/, dry.stderr)
      assert.match(dry.stdout, /\n1 {8}warm {4}8 {8}none {4}1 each/)
    } finally {
      await daemon.stop()
    }
  }))

test('bak allocation finds staged files beside the run file, and names the line of what the daemon refuses', () => {
  const server = '[[workload]]\nname = "web"\nrole = "server"\nstage = ["web.conf"]\ncommand = "true"\n'
  return withFile(`${FILE}[load]\non = "role=nobody"\n${server}`, async file => {
    const staged: Array<string[] | undefined> = []
    const daemon = await startFake({
      async *plan({ spec }) {
        staged.push(spec.workload[0]?.stage)
        throw new BakError('usage', 'load.on: no member of the run fits "role=nobody"')
      }
    })
    try {
      const { status, stderr } = await daemon.bak('allocation', file)
      const line = FILE.split('\n').length + 1
      assert.equal([status, stderr], [64, `bak: ${file}:${line}: load.on: no member of the run fits "role=nobody"\n`])
      assert.equal(staged, [[`${dirname(file)}/./web.conf`]])
    } finally {
      await daemon.stop()
    }
  })
})
const PLAN: Plan = {
  ...{ members: [], shortfalls: [], verdict: 'ok', status: 0, partial: false, needed: 1, phases: ['join'] },
  ...{ iterations: [], order: 'sample' }
}

test('the plan of a search says what it tries, and has no row for each value', () =>
  withFile(FILE, async file => {
    const search =
      '[search]\ntask = "browse"\nfrom = 100\nto = 900\nstep = 100\n[[threshold]]\nmetric = "browse.latency.p99"\nmax = 9\n'
    writeFileSync(file, `${FILE}${search}`)
    const iterations = Array.from({ length: 9 }, (_, i) => ({
      ...{ number: i + 1, name: `x${i}`, args: [], params: { 'browse.target_throughput': `${100 * (i + 1)}` } },
      ...{ warmup: 0, samples: 1, most: 3 }
    }))
    const daemon = await startFake({
      async *plan() {
        yield { ...PLAN, iterations, phases: ['join', 'start 1-x0/1', 'stop 1-x0/1', 'end'] }
      }
    })
    try {
      const { stdout, stderr } = await daemon.bak('run', file, '--dry-run')
      const said =
        'search: browse.target_throughput from 100 to 900, 9 values, until the highest is known that holds, with 3 samples of it and of the next\n'
      assert.ok(stdout.includes(said), stdout + stderr)
      assert.match(stdout, 'phases: join, for each sample (start, stop), end\n')
      assert.not.match(stdout, 'ITERATION')
    } finally {
      await daemon.stop()
    }
  }))

test('a run file without tasks, or a wrong one, is refused', () =>
  withFile('command = "true"', async file => {
    const none = await startBak(['allocation', file, '--members', '1']).ended
    assert.equal([none.status, none.stderr], [64, `bak: ${file} has no [[task]]: there is nothing to allocate\n`])
    writeFileSync(file, FILE.replace('iterations = 200', 'iterations = 200\ntime_period = 3'))
    const wrong = await startBak(['allocation', file, '--members', '1']).ended
    assert.is(wrong.status, 65)
    assert.match(wrong.stderr, /load.toml:10: task\.0\.iterations: is given beside time_period/)
  }))

test.run()
