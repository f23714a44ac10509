/** Searches of real daemons: a server that answers one request after the other, and the rate that it can take. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { record, useTestnet } from '../helpers/mesh.ts'
import { GOOD, type OddServer, oddServer } from '../helpers/odd-server.ts'

const searches = suite('searches of a limit')
const net = useTestnet(searches, { peers: ['a'] })
/** Of one request, ms: 50 a second. */
const SERVICE = 20
let folder: string
let server: OddServer

searches.before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'bak-search-'))
  let free = 0
  server = await oddServer(socket => {
    free = Math.max(free, performance.now()) + SERVICE
    setTimeout(() => socket.write(GOOD), free - performance.now())
  })
})
searches.after(async () => {
  await server.close()
  rmSync(folder, { recursive: true, force: true })
})

/** With a rate of 80 the last of the requests waits for half a second. */
async function search(from: number, to: number, operation = `{ type = "http", url = "${server.origin}/" }`) {
  const file = join(folder, 'x.toml')
  const task = `name = "t"\noperation = ${operation}\nclients = 40\ntime_period = 1\n`
  const limit = '[[threshold]]\nmetric = "t.latency.max"\nmax = 250\nunit = "ms"\n'
  const keys = `[search]\nfrom = ${from}\nto = ${to}\nstep = 60\nconfirm = 1\n`
  writeFileSync(file, `[[task]]\n${task}${limit}${keys}`)
  const options = ['--tools', 'none', '--sysinfo', 'none', '--no-progress']
  const { status, stderr } = await net().bak('a', ['run', file, ...options])
  const run = /run (\d{8}T\d{6}-\w{6})/.exec(stderr)?.[1] as string
  return { status, stderr, run, record: record(net(), 'a', run) }
}

searches(
  'the knee is between the highest rate that holds and the lowest that does not; its result can be verified',
  async () => {
    const { status, stderr, run, record } = await search(20, 320)
    assert.is(status, 0, stderr)
    const { knee, thresholds } = record
    assert.equal(
      [knee?.found, knee?.holds?.value, knee?.breaks?.value],
      ['between', 20, 80],
      JSON.stringify([
        knee,
        record.workload.map(({ step, metrics }) => [step, metrics?.find(({ name }) => name === 't.latency.max')])
      ])
    )
    assert.match(stderr, 'the knee of t.target_throughput is between 20 (1 of 1 sample holds) and 80 (0 of 1)\n')
    assert.equal(
      thresholds?.map(({ outcome, iteration }) => [outcome, iteration.number]),
      [['met', 1]]
    )
    const verified = await net().bak('a', ['verify', run])
    assert.is(verified.status, 0, verified.stdout + verified.stderr)
    assert.match((await net().bak('a', ['show', run])).stdout, /the knee of t\.target_throughput is between 20/)
  }
)

searches('a first rate that does not hold misses the threshold, with exit status 99', async () => {
  const { status, stderr, record } = await search(140, 200)
  assert.is(status, 99, stderr)
  assert.equal([record.verdict, record.knee?.found, record.workload.length], ['threshold', 'below', 1])
  assert.match(stderr, 'the knee of t.target_throughput is below the first value, 140 (0 of 1 sample holds)\n')
})

searches('a rate at which the target refuses connections does not hold, and the search goes on', async () => {
  const refused = "Object.assign(new Error('refused'), { code: 'ECONNREFUSED' })"
  const over = "Number(context.settings['t.target_throughput']) > 150"
  writeFileSync(join(folder, 'm.mjs'), `export default async context => { if (${over}) throw ${refused} }`)
  const operation = '{ type = "module", module = "m.mjs" }'
  const { status, stderr, run, record } = await search(20, 320, operation)
  assert.is(status, 0, stderr)
  assert.equal([record.knee?.holds?.value, record.knee?.breaks?.value], [140, 200], stderr)
  assert.match(record.workload.find(({ error }) => error != null)?.error ?? '', /^a: t: ECONNREFUSED$/)
  const verified = await net().bak('a', ['verify', run])
  assert.is(verified.status, 0, verified.stdout + verified.stderr)
})

searches.run()
