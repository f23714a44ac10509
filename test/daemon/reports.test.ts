/** The report of a run beside its seal, with real daemons: `bak run --report`, and where it goes with the result. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { verifyFolder } from '../../protocols/verify.ts'
import { dataIn } from '../cli/report/page-data.ts'
import { startRun, useTestnet } from '../helpers/mesh.ts'

const reports = suite('reports of runs')
const net = useTestnet(reports, {
  peers: ['a', 'b'],
  args: name => (name === 'b' ? ['--label', 'archive=true'] : [])
})
const quick = ['--sysinfo', 'none', '--tools', 'proc']
let disk: string
reports.before(() => {
  disk = mkdtempSync(join(tmpdir(), 'bak-reports-'))
})
reports.after(() => rmSync(disk, { recursive: true, force: true }))

/** Runs `bak` on a, which must go well. */
async function bak(...words: string[]): Promise<string> {
  const { status, stdout, stderr } = await net().bak('a', words)
  assert.is(status, 0, `${words.join(' ')}: ${stderr}${stdout}`)
  return stdout
}

reports(
  'the report of a run is beside its seal, goes where the result goes, and is written there once it is away',
  async () => {
    const { run, finished } = await startRun(net(), 'a', ['--on', 'a,b', ...quick, '--report', '--', 'true'])
    const { status, stderr } = await finished
    assert.is(status, 0, stderr)
    const html = readFileSync(join(net().peer('a').home, 'runs', run, 'report.html'), 'utf8')
    const { head, members, phases, windows, tables } = dataIn(html)
    assert.equal([head.run, head.verdict, head.partial, head.ran], [run, 'ok', false, 'true'])
    assert.equal(
      members.map(({ name }) => name),
      ['a', 'b']
    )
    assert.is(windows.length, 1)
    for (const phase of ['join', 'init', 'start', 'stop', 'send', 'end'])
      assert.equal(
        phases
          .filter(each => each.phase === phase)
          .map(({ member, outcome }) => `${member} ${outcome}`)
          .sort(),
        ['0 ok', '1 ok'],
        phase
      )
    assert.ok(phases.every(({ from, to }) => from >= 0 && to >= from && to <= head.took + 10))
    assert.ok(tables.some(({ title }) => title === 'certificates'))
    assert.match(await bak('verify', run), /^report\.html: made later, beside what is sealed$/m)
    await bak('move', run, disk)
    const there = join(disk, run)
    assert.is(readFileSync(join(there, 'report.html'), 'utf8'), html)
    const { ok, beside } = await verifyFolder(there)
    assert.equal([ok, beside], [true, ['report.html']])
    rmSync(join(there, 'report.html'))
    assert.match(await bak('report', run), new RegExp(`^${there}/report\\.html, `))
  }
)

reports('a run whose report was asked for prints where it is, unless it is quiet', async () => {
  const words = ['run', '--on', 'a', ...quick, '--report']
  const { status, stderr } = await net().bak('a', [...words, '--', 'true'])
  assert.is(status, 0, stderr)
  assert.match(stderr, /^report: \S+\/runs\/\S+\/report\.html$/m)
  const quiet = await net().bak('a', [...words, '--quiet', '--', 'true'])
  assert.equal([quiet.status, quiet.stderr], [0, ''])
})

reports(
  'a report that was asked for and cannot be made, as the result is with another peer, is said and makes the exit status 2',
  async () => {
    const words = ['run', '--on', 'a', ...quick, '--report', '--move-to', 'b', '--', 'true']
    const { status, stderr } = await net().bak('a', words)
    assert.is(status, 2, stderr)
    assert.match(stderr, /no report: the result of \S+ is not on this machine; it was moved to b/)
  }
)

reports.run()
