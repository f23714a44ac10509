/** The examples of jobs, as they are, on a mesh of real daemons: a C program built by three members and linked by a fourth. */
import { execFileSync } from 'node:child_process'
import { appendFileSync, cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { readJobsFile } from '../../protocols/jobs/read-jobs-file.ts'
import { readRecord } from '../../protocols/record.ts'
import { useTestnet } from '../helpers/mesh.ts'
import { needs, skipWhere } from '../helpers/skip.ts'

const test = suite('examples of jobs')
const BUILDERS = ['a', 'b', 'c']
const net = useTestnet(test, {
  peers: [...BUILDERS, 'd'],
  args: name => ['--label', BUILDERS.includes(name) ? 'role=build' : 'role=link']
})
const withCompiler = skipWhere(needs('cc'), test)
const folder = mkdtempSync(join(tmpdir(), 'bak-job-examples-'))
test.after(() => rmSync(folder, { recursive: true }))

async function run(file: string, ...flags: string[]) {
  const ended = await net().bak('d', ['run', file, '--quiet', ...flags])
  assert.is(ended.status, 0, ended.stderr)
  const result = ended.stdout.trim().split('\n')[0] as string
  const record = readRecord(readFileSync(join(result, 'run.json'), 'utf8'))
  const verified = await net().bak('d', ['verify', record.run])
  assert.is(verified.status, 0, verified.stdout + verified.stderr)
  return { record, jobs: (await readJobsFile(result)) ?? [] }
}

withCompiler(
  'build.toml compiles on three members and links on a fourth; a change builds only what needs it',
  async () => {
    const examples = join(folder, 'examples')
    cpSync(join(import.meta.dirname, '../../examples'), examples, { recursive: true })
    const file = join(examples, 'build.toml')
    const out = join(folder, 'out')
    const first = await run(file, '--fetch', out)
    assert.equal(first.record.jobs, { done: 4 })
    const members = new Map(first.jobs.map(({ job, member }) => [job, member]))
    assert.is(members.get('app'), 'd')
    assert.equal(['sieve', 'clock', 'main'].map(job => members.get(job)).sort(), BUILDERS)
    assert.match(execFileSync(join(out, 'app/sieve'), ['1000', '1'], { encoding: 'utf8' }), /^round 1: 168 primes in /)

    const again = await run(file)
    assert.equal(again.record.jobs, { reused: 4 })

    appendFileSync(join(examples, 'build/clock.c'), '\nint clock_unused = 1;\n')
    const changed = await run(file)
    const states = changed.jobs.map(({ job, state }) => `${job} ${state}`)
    assert.equal(states.sort(), ['app done', 'clock done', 'main reused', 'sieve reused'])
    const why = new Map(changed.jobs.map(each => [each.job, each.why]))
    assert.match(why.get('clock') ?? '', /input build\/clock\.c has changed/)
    assert.match(why.get('app') ?? '', /input clock\/clock\.o has changed/)
  }
)

withCompiler(
  'build-and-measure.toml builds a program, measures it on all members, and makes a table of it',
  async () => {
    const out = join(folder, 'table')
    const { record, jobs } = await run(
      join(import.meta.dirname, '../../examples/build-and-measure.toml'),
      ...['--sysinfo', 'none', '--fetch', out]
    )
    assert.equal(record.jobs, { done: 2 })
    assert.equal(
      jobs.map(({ job, role, graph }) => [job, role, graph.role]),
      [
        ['build', 'setup', 'setup'],
        ['table', 'report', 'report']
      ]
    )
    assert.is(record.workload.length, 3 * 4)
    const lines = readFileSync(join(out, 'table/table.txt'), 'utf8').trim().split('\n')
    const rows = lines.map(line => line.split(/ +/))
    const members = [...BUILDERS, 'd']
    assert.equal(
      rows.map(([sample, member]) => `${sample} ${member}`).sort(),
      [1, 2, 3].flatMap(n => members.map(member => `sample${n} ${member}`))
    )
    for (const [, , rounds, , took] of rows) assert.ok(rounds === '20' && Number(took) > 0)
  }
)

test.run()
