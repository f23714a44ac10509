/** The commands about runs and their results. */
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { RunLine } from '../../protocols/control.ts'
import { AT, ended, PEER, RUN, startBak, useFakes, yields } from './fake.ts'

const bak = suite('commands about runs')
const fake = useFakes(bak)

const line: RunLine = {
  run: RUN,
  name: 'smoke',
  state: 'ended',
  verdict: 'ok',
  partial: true,
  excluded: [
    { peer: PEER, name: 'b', phase: 'stop', code: 'lost', reason: 'gone' },
    { peer: PEER, name: 'c', phase: 'start', code: 'tool-failed', reason: 'sar: no' }
  ],
  controller: { peer: PEER, name: 'db-1' },
  created: AT,
  begun: AT,
  beside: [],
  took: 1500,
  members: 3,
  bytes: 2048
}

const head = (table: string) => table.split('\n').map(row => row.split(/ {2,}/))

bak('ls and ps list runs', async () => {
  const asked: unknown[] = []
  const { bak } = await fake({
    async *ls(request) {
      asked.push(request)
      yield { runs: [request.active ? { ...line, state: 'running', phase: 'work', verdict: undefined } : line] }
    }
  })
  const row = [
    RUN,
    'smoke',
    'ok (partial)',
    '3',
    '2.0 KiB',
    '2026-11-22 21:30:15',
    '1.5 s',
    'db-1',
    'b (stop: lost), c (start: tool-failed)'
  ]
  assert.equal(head((await bak('ls')).stdout)[1], row)
  const [top, first] = head((await bak('ps')).stdout)
  assert.equal(top, ['RUN', 'NAME', 'STATE', 'PHASE', 'MEMBERS', 'AGE', 'CONTROLLER', 'EXCLUDED', 'BESIDE'])
  assert.equal(first?.slice(2, 5), ['running', 'work', '3'])
  assert.equal(JSON.parse((await bak('ls', '--json')).stdout), { runs: [line] })
  assert.equal(asked, [{}, { mesh: true, active: true }, {}])
})

bak('ls names runs that go on with others, where there are some', async () => {
  const other = `${RUN.slice(0, -1)}z`
  const { bak } = await fake({
    ls: yields({
      runs: [
        { ...line, resumedBy: [other] },
        { ...line, run: other, resumes: RUN }
      ]
    })
  })
  const rows = head((await bak('ls')).stdout)
  assert.equal(
    rows.slice(0, 3).map(row => row.at(-1)),
    ['RESUMES', `by ${other}`, RUN]
  )
})

bak('resume follows the run that it begins, and ends well where nothing is missing', async () => {
  const asked: unknown[] = []
  const { bak } = await fake({
    async *resume(request) {
      asked.push(request.run)
      if (request.run === 'last') yield { run: RUN, complete: 'nothing is missing' }
      else {
        yield { run: RUN, existed: false, absent: [] }
        yield { n: 0, at: AT, ...ended() }
      }
    }
  })
  assert.equal(await bak('resume', 'last'), { status: 0, stdout: 'nothing is missing\n', stderr: '' })
  assert.equal(JSON.parse((await bak('resume', 'last', '--json')).stdout).complete, 'nothing is missing')
  assert.equal(await bak('resume', 'x', '--detach'), { status: 0, stdout: `${RUN}\n`, stderr: '' })
  const followed = await bak('resume', 'x', '--quiet')
  assert.equal([followed.status, followed.stdout], [0, '/results/x\n'])
  assert.equal(asked, ['last', 'last', 'x', 'x'])
})

bak('cancel prints the run, and fails if it has ended', async () => {
  const { bak } = await fake({
    async *cancel({ run, reason }) {
      yield { run: RUN, accepted: run === 'last' && reason === 'why' }
    }
  })
  assert.equal(await bak('cancel', 'last', '--reason', 'why'), { status: 0, stdout: `${RUN}\n`, stderr: '' })
  assert.is((await bak('cancel', 'k3')).status, 70)
})

bak('collect counts tarballs, and exits with 2 while one is missing', async () => {
  const { bak } = await fake({
    collect: yields(
      { name: 'a', what: 'default', bytes: 2048, outcome: 'arrived' as const },
      { name: 'b', what: 'default', bytes: 1, outcome: 'failed' as const, reason: 'unreachable' }
    )
  })
  const { status, stdout } = await bak('collect', 'last')
  assert.is(stdout, 'a: default arrived, 2.0 KiB\nb: default failed: unreachable\n1 arrived, 1 failed\n')
  assert.is(status, 2)
})

bak('move prints where the result is', async () => {
  const step = { run: RUN, to: 'archive', done: 1, total: 2048, finished: false }
  const { bak } = await fake({ move: yields(step, { ...step, done: 2048, finished: true }) })
  assert.equal(await bak('move', 'last', 'archive'), {
    status: 0,
    stdout: `run ${RUN} is with archive, 2.0 KiB\n`,
    stderr: ''
  })
})

bak('logs gives back each stream on its own, as bytes', async () => {
  const portion = (stream: 'stdout' | 'stderr', more: object) => ({ path: 'x', member: 'a', stream, ...more })
  const { bak } = await fake({
    logs: yields(
      portion('stdout', { text: 'hello ' }),
      portion('stderr', { text: 'err\n' }),
      portion('stdout', { base64: 'gA==' })
    )
  })
  assert.equal(await bak('logs', 'last'), { status: 0, stdout: 'hello \ufffd', stderr: 'err\n' })
  assert.equal(await bak('logs', 'last', '--stderr'), { status: 0, stdout: '', stderr: 'err\n' })
  const lines = (await bak('logs', 'last', '--json')).stdout.trim().split('\n')
  assert.equal(JSON.parse(lines[2] as string), portion('stdout', { base64: 'gA==' }))
})

bak('rm and gc say what they deleted', async () => {
  const left = { kind: 'data' as const, run: RUN, files: 2, bytes: 2048, since: Date.now() - 86_400_000, folder: '/x' }
  const { bak } = await fake({ rm: yields({ run: RUN }), gc: yields({ deleted: [left] }) })
  assert.is((await bak('rm', 'last')).stdout, `run ${RUN} deleted\n`)
  assert.match((await bak('gc', 'k3')).stdout, new RegExp(`^DELETED .*\n${RUN} +data +2 +2.0 KiB +1 d`))
  assert.match((await bak('gc', '--older', '0s', '--dry-run')).stdout, /^WOULD DELETE/)
  assert.is((await bak('gc', '--older', 'soon')).status, 64)
})

bak('members --orphans lists what was not collected, and who did not answer', async () => {
  const left = { kind: 'data' as const, run: RUN, files: 1, bytes: 9, since: Date.now(), folder: '/home/work/x' }
  const { bak } = await fake({
    leftovers: yields(
      { peer: PEER, name: 'a', leftovers: [left] },
      { peer: PEER, name: 'b', leftovers: [], error: 'no answer' }
    )
  })
  const { status, stdout, stderr } = await bak('members', '--orphans')
  assert.match(stdout, new RegExp(`a +${RUN} +data +1 +9 B +\\d s +/home/work/x`))
  assert.equal([status, stderr], [69, 'b did not answer: no answer\n'])
})

bak('verify works without a daemon, and names a run that does not exist', async () => {
  const { home } = await fake()
  const alone = startBak(['--home', join(home, 'none'), 'verify', 'last'])
  const { status, stderr } = await alone.ended
  assert.is(status, 66)
  assert.match(stderr, /^bak: no id contains "last" in /)
})

bak.run()
