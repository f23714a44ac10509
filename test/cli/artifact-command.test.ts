/** The commands about what jobs made, and about slots. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { placeOf } from '../../cli/commands/artifact/get.ts'
import { type ArtifactLine, formatArtifacts, linesOf } from '../../cli/commands/artifact/ls.ts'
import type { CallRequest, CallResponse } from '../../protocols/control.ts'
import { AT, DIGEST, PEER, RUN, useFakes, yields } from './fake.ts'

const bak = suite('bak artifact')
const fake = useFakes(bak)

const graph = { role: 'work' as const, step: { number: 1, name: 'default', sample: 1 } }
const OTHER = 'b'.repeat(64)
const made = [{ run: RUN, graph, job: 'link', path: 'bin/app', by: PEER, at: AT }]
const row = { digest: DIGEST, kind: 'file' as const, bytes: 2048, here: true, made: [] }
const answers: CallResponse<'artifacts'>[] = [
  {
    peer: PEER,
    name: 'n1',
    artifacts: [
      { ...row, here: false, made },
      { ...row, digest: OTHER, name: 'data', used: 1 }
    ]
  },
  { peer: PEER, name: 'n2', artifacts: [{ ...row, releases: ['app-1.2'], needed: true }] },
  { name: 'n3', artifacts: [], code: 'unreachable', error: 'it cannot be reached' }
]

bak('what several peers know of an artifact is one line', () => {
  const [app, data] = linesOf(answers)
  const source = { ...row, path: 'src/main.c' }
  const [input] = linesOf([{ peer: PEER, name: 'n1', artifacts: [source] }])
  assert.match(formatArtifacts([input as ArtifactLine], AT), / {2}src\/main.c {2}file /)
  assert.equal([app?.made, app?.holders, app?.releases, app?.isNeeded], [made, ['n2'], ['app-1.2'], true])
  assert.equal([data?.made, data?.holders, data?.name], [[], ['n1'], 'data'])
})

bak('outputs of the same content are one line that names them', () => {
  const [first] = made
  const paths = ['bin/app', 'lib/a', 'bin/app', 'lib/b']
  const line = { ...row, made: paths.map(path => ({ ...(first as (typeof made)[number]), path })) }
  const [one] = linesOf([{ peer: PEER, name: 'n1', artifacts: [line] }])
  assert.match(formatArtifacts([one as ArtifactLine], AT), / {2}link\/bin\/app, link\/lib\/a and 1 more {2}/)
})

bak('artifact ls has who has each and what made it, and names who said nothing', async () => {
  let asked: CallRequest<'artifacts'> | undefined
  const { bak } = await fake({
    async *artifacts(request) {
      asked = request
      yield* answers
    }
  })
  const { stdout, stderr, status } = await bak('artifact', 'ls', '--run', 'last')
  assert.equal(asked, { run: 'last' })
  assert.match(
    stdout,
    new RegExp(`^DIGEST .*\naaaaaaaaaaaaaaaa  link/bin/app  file  2.0 KiB  ${RUN}  n2  app-1.2, in use  `)
  )
  assert.match(stdout, /\nbbbbbbbbbbbbbbbb {2}data +file +2.0 KiB +- +n1 +- /)
  assert.is(stderr, 'n3 did not say what it has: it cannot be reached\n')
  assert.is(status, 2)
  await bak('artifact', 'find', 'app')
  assert.equal(asked, { text: 'app' })
})

bak('artifact show tells the job, its member and its inputs', async () => {
  const result = {
    ...{ run: RUN, graph, job: 'link', attempt: 1, key: OTHER, outcome: 'done' as const, exit: 0, timedOut: false },
    ...{ began: AT, duration: 1200, lines: 12, dropped: 0, tail: [], platform: 'linux-x64', by: PEER, byName: 'n2' },
    inputs: [{ path: 'lib/lib.a', digest: OTHER }],
    outputs: [{ path: 'bin/app', digest: DIGEST, kind: 'file' as const, bytes: 2048 }]
  }
  const holders = [{ peer: PEER, name: 'n2', artifact: { ...row, releases: ['app-1.2'] } }]
  const answer = { digest: DIGEST, kind: 'file' as const, bytes: 2048, made: [result], holders }
  const { bak } = await fake({ artifact: yields(answer) })
  const { stdout, status } = await bak('artifact', 'show', 'app-1.2')
  assert.match(stdout, new RegExp(`digest: +${DIGEST}\n`))
  assert.match(
    stdout,
    /\nreleased as: +app-1.2\non: +n2\nmade by: +link, as bin\/app\nrun: .*\nmember: +n2, attempt 1\n/
  )
  assert.match(
    stdout,
    new RegExp(`\nlog: +12 lines: bak job log ${RUN}/link\n\nINPUT +DIGEST\nlib/lib.a +bbbbbbbbbbbb`)
  )
  assert.is(status, 0)
  const { stdout: json } = await bak('artifact', 'show', 'app-1.2', '--json')
  assert.equal(JSON.parse(json), answer)
})

bak('artifact get goes to a path, or into a folder under its name', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'bak-get-'))
  assert.equal(placeOf(undefined, folder), { folder })
  assert.equal(placeOf('app', folder), { path: join(folder, 'app') })
  assert.equal(placeOf('new/', folder), { folder: join(folder, 'new') })
  assert.equal(placeOf(folder, '/'), { folder })
  rmSync(folder, { recursive: true })
  let asked: CallRequest<'get-artifact'> | undefined
  const { bak } = await fake({
    async *'get-artifact'(request) {
      asked = request
      yield { state: 'fetching', done: 1024, total: 2048 }
      yield { state: 'here', digest: DIGEST, kind: 'file', bytes: 2048, fetched: 2048, path: '/tmp/none/app' }
    }
  })
  const { stdout, stderr, status } = await bak('artifact', 'get', 'last/link/app', '-o', '/tmp/none/app', '--force')
  assert.equal(asked, { what: 'last/link/app', path: '/tmp/none/app', replace: true })
  assert.is(stdout, `/tmp/none/app: 2.0 KiB, ${DIGEST.slice(0, 16)}\n`)
  assert.equal([stderr, status], ['', 0])
})

bak('a release is kept under its name and given up again', async () => {
  const { bak } = await fake({
    'release-artifact': yields({ state: 'released', digest: DIGEST, name: 'app', bytes: 2048, former: OTHER }),
    async *'remove-artifact'({ what }) {
      yield { digest: DIGEST, bytes: 2048, isDeleted: what !== 'app', ...(what === 'app' ? { release: what } : {}) }
    }
  })
  const kept = await bak('artifact', 'release', 'last/link/app', 'app', '--replace')
  assert.is(kept.stdout, `app: ${DIGEST.slice(0, 16)}, 2.0 KiB, instead of ${OTHER.slice(0, 16)}\n`)
  assert.is(
    (await bak('artifact', 'rm', 'app')).stdout,
    `app is no release any more: ${DIGEST.slice(0, 16)}, 2.0 KiB\n`
  )
  assert.is((await bak('artifact', 'rm', 'aaaaaaaa')).stdout, `deleted ${DIGEST.slice(0, 16)}, 2.0 KiB\n`)
})

bak('members --slots has who takes them', async () => {
  const runs = [{ run: RUN, controller: PEER, taken: 2, wanted: 3 }]
  const { bak } = await fake({
    slots: yields(
      { peer: PEER, name: 'n10', max: 4, taken: 2, runs },
      { peer: PEER, name: 'n2', max: 2, taken: 0, runs: [] },
      { peer: PEER, name: 'n3', code: 'unreachable', error: 'it cannot be reached' }
    )
  })
  const { stdout, stderr, status } = await bak('members', '--slots')
  assert.is(
    stdout,
    ['NAME  SLOTS    RUNS', 'n2    0/2      -', 'n3    unknown  -', `n10   2/4      ${RUN}: 2, wants 3 more`, ''].join(
      '\n'
    )
  )
  assert.is(stderr, 'n3 did not answer: it cannot be reached\n')
  assert.is(status, 2)
})

bak.run()
