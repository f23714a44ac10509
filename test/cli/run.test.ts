/** What `bak run` asks for and prints. */
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Begun, RunRequest } from '../../protocols/control.ts'
import type { EndedEvent, EventBody, LiveBody, RunEvent } from '../../protocols/events.ts'
import { created, DIGEST, ended, PEER, RUN, rosterOf, timed, useFakes, yields } from './fake.ts'

const run = suite('run')
const fake = useFakes(run)
let dir = ''

run.before.each(() => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), 'bak-run-')))
})
run.after.each(() => rmSync(dir, { recursive: true }))

type Line = Begun | RunEvent
const started: Begun = { run: RUN, existed: false, absent: [] }
const runs = (...bodies: (EventBody | LiveBody)[]) => ({ run: yields<Line>(started, ...timed(...bodies)) })
const step = { number: 1, name: 'default', sample: 1 }
const closed: EventBody = {
  type: 'phase-closed',
  seq: 1,
  phase: 'send',
  step,
  verdict: 'met',
  ok: 3,
  asked: 3,
  took: 128,
  certificate: DIGEST
}
const lost = { peer: PEER, name: 'db-3', phase: 'start' as const, code: 'tool-failed' as const, reason: 'sar: no' }
const exited = (exit: number): EventBody => ({ type: 'workload-ended', step, exit, duration: 1, timedOut: false })
const output = (stream: 'stdout' | 'stderr', text: string): LiveBody => ({ type: 'output', stream, text })

run('a run prints a line for each phase, the output of the workload, and a summary line', async () => {
  const { bak } = await fake(
    runs(
      created,
      rosterOf('a'),
      output('stdout', 'out\n'),
      closed,
      output('stderr', 'err\n'),
      { type: 'excluded', ...lost },
      ended({ partial: true, excluded: [lost] })
    )
  )
  const { status, stdout, stderr } = await bak('run', '--', 'true')
  assert.is(stdout, 'out\n')
  assert.equal(stderr.split('\n'), [
    `run ${RUN} started`,
    `2026-11-22T21:30:18.000Z run=${RUN} phase=send step=1-default/sample1 ok 3/3 128 ms`,
    'err',
    `2026-11-22T21:30:20.000Z run=${RUN} excluded=db-3 phase=start tool-failed: sar: no`,
    `run ${RUN}: ok, partial in 1.2 s`,
    'without db-3 (start: sar: no)',
    '/results/x',
    ''
  ])
  assert.is(status, 0)
})

run('flags, file, folder and environment reach the daemon', async () => {
  const asked: RunRequest[] = []
  const { start } = await fake({
    async *run(request) {
      asked.push(request)
      yield started
      yield* timed(ended())
    }
  })
  writeFileSync(join(dir, 'smoke.toml'), 'command = ["old"]\nsamples = 3\npolicy.quorum = "all"\n')
  const words = ['run', 'smoke.toml', '--quorum', '2', '--key', 'k', '--', 'new', '--json']
  const { status, stderr } = await start(words, { cwd: dir, env: { MINE: 'x', BAK_RUN_LEASE: '7', NO_COLOR: '' } })
    .ended
  assert.is(status, 0, stderr)
  const [{ spec, directory, env, key }] = asked as [RunRequest]
  assert.equal([spec.command, spec.samples, spec.policy.quorum, spec.policy.lease], [['new', '--json'], 3, 2, 7])
  assert.equal([directory, env.MINE, key], [dir, 'x', 'k'])
})

const statuses: [string, Partial<EndedEvent>, string[], number][] = [
  ['ok', {}, [], 0],
  ['the workload failed', { verdict: 'workload-failed', status: 1 }, [], 1],
  ['the workload failed, its own status', { verdict: 'workload-failed', status: 1 }, ['--propagate-exit'], 42],
  ['partial', { partial: true }, [], 0],
  ['partial under --strict', { partial: true }, ['--strict'], 2],
  ['quorum not met', { verdict: 'quorum', status: 3 }, ['--strict', '--propagate-exit'], 3],
  ['cancelled', { verdict: 'cancelled', status: 4 }, [], 4],
  ['failed', { verdict: 'failed', status: 74 }, [], 74]
]
for (const [what, end, flags, expected] of statuses) {
  run(`the exit status says how a run ended: ${what}`, async () => {
    const { bak } = await fake(runs(created, exited(42), ended(end)))
    assert.is((await bak('run', ...flags, '--', 'x')).status, expected)
  })
}

run('--json prints the events and nothing else', async () => {
  const events = timed(created, output('stdout', 'x\n'), closed, ended())
  const { bak } = await fake({ run: yields<Line>(started, ...events) })
  const { stdout, stderr } = await bak('run', '--json', '--', 'x')
  const lines = stdout
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
  assert.equal(lines[0], started)
  // live events bear no number
  assert.equal(
    lines.slice(1).map(({ type }) => type),
    ['created', 'output', 'phase-closed', 'ended']
  )
  assert.is(stderr, '')
})

run('--quiet prints the folder, and the reason if the run was no success', async () => {
  const { bak } = await fake(runs(created, output('stdout', 'x\n'), closed, ended()))
  assert.equal(await bak('run', '--quiet', '--', 'x'), { status: 0, stdout: '/results/x\n', stderr: '' })
  const bad = await fake(runs(created, ended({ verdict: 'quorum', status: 3, reason: 'too few' })))
  const stderr = `run ${RUN}: quorum not met in 1.2 s: too few\n`
  assert.equal(await bad.bak('run', '--quiet', '--', 'x'), { status: 3, stdout: '/results/x\n', stderr })
  const partial = await fake(runs(created, ended({ partial: true, missing: [{ name: 'b', files: 2 }] })))
  const missing = `run ${RUN}: ok, partial in 1.2 s\nmissing 2 files of b, named in missing.txt\n`
  assert.equal(await partial.bak('run', '--quiet', '--', 'x'), { status: 0, stdout: '/results/x\n', stderr: missing })
})

run("a tool of one's own runs beside the others, those of the file too", async () => {
  const asked: RunRequest[] = []
  const { start } = await fake({
    async *run(request) {
      asked.push(request)
      yield started
      yield* timed(ended())
    }
  })
  writeFileSync(join(dir, 'smoke.toml'), 'tools = ["sar"]\n[tool.sar]\ninterval = 1\n')
  const tool = ['--tool', 'net=tcpdump -w a=b.pcap']
  await start(['run', ...tool, '--', 'x']).ended
  await start(['run', 'smoke.toml', ...tool, '--', 'x'], { cwd: dir }).ended
  await start(['run', '--tools', 'none', ...tool, '--', 'x']).ended
  const net = { command: ['/bin/sh', '-c', 'tcpdump -w a=b.pcap'] }
  assert.equal(
    asked.map(({ spec }) => [spec.tools, spec.tool]),
    [
      [['proc', 'net'], { net }],
      [['sar', 'net'], { sar: { interval: 1 }, net }],
      [['none', 'net'], { net }]
    ]
  )
})

run('--detach prints the run id and ends', async () => {
  const { promise: gone, resolve } = Promise.withResolvers<void>()
  const { bak } = await fake({
    async *run(_, { signal }) {
      signal.addEventListener('abort', () => resolve())
      yield started
      await gone
    }
  })
  assert.equal(await bak('run', '--detach', '--', 'x'), { status: 0, stdout: `${RUN}\n`, stderr: '' })
  await gone
})

run('--dry-run prints members, tools and phases', async () => {
  const plan = {
    members: [
      {
        peer: PEER,
        name: 'a',
        rank: 0,
        tools: [{ group: 'default', tool: 'sar', options: {} }],
        missing: [{ tool: 'perf', usable: false, reason: 'perf: not installed' }]
      },
      { peer: PEER, name: 'c', rank: 1, driver: true, tools: [], missing: [] }
    ],
    shortfalls: [{ kind: 'member' as const, what: 'd', reason: 'lost' }],
    wait: 60,
    ...{ verdict: 'quorum' as const, status: 3, partial: true, reason: 'd is needed' },
    needed: 3,
    phases: ['join', 'start'],
    iterations: [{ number: 1, name: 'default', args: [], params: {}, warmup: 0, samples: 1, most: 1 }],
    order: 'sample' as const,
    command: ['x', 'y z']
  }
  const { bak } = await fake({ plan: yields(plan) })
  const { status, stdout } = await bak('run', '--dry-run', '--', 'x', 'y z')
  assert.equal(
    [status, ...stdout.split('\n')],
    [
      3,
      'RANK  MEMBER           TOOLS  MISSING',
      '0     a                sar    perf: not installed',
      '1     c (only drives)  -      -',
      '',
      'missing: d: lost',
      'would wait 60 s for members that are not here',
      '2 members must answer each phase, and the controller',
      'would fail: quorum not met, partial: d is needed',
      'phases: join, start',
      'time: not known: no run of this name and program has succeeded here, and the workload has no timeout',
      "command: x 'y z'",
      ''
    ]
  )
})

run('errors in flags and files are found before the daemon is called', async () => {
  const { start } = await fake({})
  writeFileSync(join(dir, 'bad.toml'), 'samples = 0\nqourum = 1\n')
  const said = async (...words: string[]) => {
    const { status, stderr } = await start(['run', ...words], { cwd: dir }).ended
    return [status, stderr.trim()]
  }
  assert.equal(await said('bad.toml'), [
    65,
    'bak: bad.toml:1: samples: expected >= 1, got 0\nbak: bad.toml:2: qourum: is not a known key; there are name, command, results, workload, task, parallel, operation, load, search, job, jobs, ends, stage, stage_outputs, on, tools, group, trigger, triggers, tool, groups, expect, iterations, samples, order, seed, warmup, max_sample_failures, max_stddev, interval, sysinfo, threshold, move_to, policy, tags, params'
  ])
  assert.equal(await said('--samples', '0', '--', 'x'), [64, 'bak: samples: expected >= 1, got 0'])
  assert.equal(await said(), [
    64,
    'bak: a command is missing: bak run [FILE.toml] [options] -- COMMAND; or a [[job]], [[workload]] or [[task]] in the file'
  ])
  assert.equal(await said('echo', 'hello'), [
    64,
    'bak: at most one run file; a command comes after --: bak run -- echo hello'
  ])
  assert.match((await said('none.toml'))[1] as string, /^bak: cannot read the run file none\.toml/)
})

run.run()
