/** `bak job tree`, `deps` and `run`, which need no daemon to say what a file is. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { BakError } from '../../protocols/errors.ts'
import { startBak, useFakes } from './fake.ts'

const test = suite('the graph of jobs for people')
const fake = useFakes(test)
const folder = mkdtempSync(join(tmpdir(), 'bak-job-'))
test.after(() => rmSync(folder, { recursive: true }))

function file(name: string, text: string): string {
  writeFileSync(join(folder, name), text)
  return join(folder, name)
}
const job = (name: string, keys = '') => `[[job]]\nname = "${name}"\nscript = "true"\n${keys}\n`
const build = file(
  'build.toml',
  [
    job('tool', 'role = "setup"\nslots = 2'),
    job('base', 'outputs = ["x"]'),
    job('left', 'needs = ["base", { job = "docs", when = { env = "DOCS" } }]\non = "cc"'),
    job('right', 'needs = ["base"]\ninputs = [{ job = "tool" }]'),
    job('app', 'needs = ["left", "right"]\nwhen = { label = "arch=arm64" }'),
    job('docs'),
    job('ci', 'needs = ["app"]\nwhen = { env = "CI" }')
  ].join('')
)

test('bak job tree has each job below those that need it, once, with roles, conditions and selectors', async () => {
  const { stdout, stderr, status } = await startBak(['job', 'tree', build]).ended
  assert.is(stderr, '')
  assert.is(status, 0)
  assert.is(
    stdout,
    `setup:
  tool (2 slots)
work:
  app (when a member fits arch=arm64)
    left (on cc)
      base
      docs (if DOCS is set; not needed now)
    right
      base
      tool (of setup)
  docs
ci (left out: there is no variable CI)
`
  )
})

test('bak job tree has the conditions that hold with variables of the command line', async () => {
  const { stdout } = await startBak(['job', 'tree', build, '--env', 'CI=1', '--env', 'DOCS=']).ended
  assert.match(
    stdout,
    /^ {2}ci \(when CI is set\)\n {4}app \(.*\n {6}left \(on cc\)\n {8}base\n {8}docs \(if DOCS is set\)$/m
  )
})

test('bak job tree draws a shared job once, and says where it is again', async () => {
  const shared = file(
    'shared.toml',
    job('a') + job('b', 'needs = ["a"]') + job('c', 'needs = ["b"]') + job('d', 'needs = ["b", "c"]')
  )
  const { stdout } = await startBak(['job', 'tree', shared]).ended
  assert.is(stdout, 'd\n  b\n    a\n  c\n    b (as above)\n')
})

test('bak job tree has a value of JSON for each job, and a graph for graphviz', async () => {
  const [json, dot] = await Promise.all([
    startBak(['job', 'tree', build, '--json']).ended,
    startBak(['job', 'tree', build, '--dot']).ended
  ])
  const nodes = json.stdout
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
  assert.equal(
    nodes.map(({ job }) => job),
    ['tool', 'base', 'left', 'right', 'app', 'docs', 'ci']
  )
  assert.equal(nodes[1].neededBy, ['left', 'right'])
  assert.equal(nodes[6], { job: 'ci', leftOut: 'there is no variable CI' })
  assert.match(dot.stdout, /^digraph jobs \{[\s\S]*"tool" \[style=dashed\];[\s\S]*"base" -> "left";[\s\S]*\}\n$/)
})

test('bak job deps has what a job needs, and what needs it, in their order', async () => {
  const [needs, dependents, unknown, left, none] = await Promise.all([
    startBak(['job', 'deps', 'app', build]).ended,
    startBak(['job', 'deps', '--reverse', 'base', build, '--json']).ended,
    startBak(['job', 'deps', 'bsae', build]).ended,
    startBak(['job', 'deps', 'ci', build]).ended,
    startBak(['job', 'deps', 'a', file('none.toml', 'command = ["x"]')]).ended
  ])
  assert.is(needs.stdout, 'tool\nbase\nleft\nright\n')
  assert.equal(
    dependents.stdout
      .trim()
      .split('\n')
      .map(line => JSON.parse(line)),
    [
      { job: 'left', direct: true },
      { job: 'right', direct: true },
      { job: 'app', direct: false }
    ]
  )
  assert.equal([unknown.status, unknown.stderr], [64, 'bak: there is no job bsae; did you mean base?\n'])
  assert.equal([left.status, left.stderr], [64, 'bak: ci is left out: there is no variable CI\n'])
  assert.equal([none.status, none.stderr], [64, `bak: ${join(folder, 'none.toml')} has no [[job]]\n`])
})

test('a circle is refused with its path by bak job tree and by bak run, before any peer is asked', async () => {
  const circle = file('circle.toml', job('a', 'needs = ["b"]') + job('b', 'needs = ["c"]') + job('c', 'needs = ["a"]'))
  const [tree, run] = await Promise.all([startBak(['job', 'tree', circle]).ended, startBak(['run', circle]).ended])
  const said = `bak: ${circle}:4: job.0.needs: is a circle: a needs b needs c needs a\n`
  assert.equal([tree.status, tree.stderr], [65, said])
  assert.equal([run.status, run.stderr], [65, said])
})

test('bak job run asks for the same run as bak run, with paths beside the file and its settings, and refuses a file without jobs', async () => {
  const asked: any[] = []
  const daemon = await fake({
    async *run(request) {
      asked.push(request.spec)
      throw new BakError('busy', 'for now')
    }
  })
  const plain = file('plain.toml', job('a', 'inputs = ["src", { path = "/etc/hosts" }]'))
  const env = { BAK_RUN_NAME: 'named' }
  const answers = await Promise.all(
    [['job', 'run'], ['run']].map(words => daemon.start([...words, plain], { env }).ended)
  )
  for (const { status } of answers) assert.is(status, 75)
  assert.equal(asked[0], asked[1])
  assert.equal([asked[0].name, asked[0].policy.quorum], ['named', 1])
  assert.equal(asked[0].job[0].inputs, [{ path: `${folder}/./src` }, { path: '/etc/hosts' }])
  const none = await daemon.bak('job', 'run', file('none.toml', 'command = ["x"]'))
  assert.equal([none.status, none.stderr.includes('has no [[job]]: bak run')], [64, true])
})

test.run()
