/** Jobs in an image of podman on real daemons, where that is: with inputs and outputs, as the owner's word goes, and gone when they are cancelled. */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { readJobsFile, resultOf } from '../../protocols/jobs/read-jobs-file.ts'
import { goneWithin, processesWith, Testnet, uniqueSleep } from '../helpers/mesh.ts'
import { IMAGE, makeImage, whyNoPodman } from '../helpers/podman.ts'
import { skipWhere } from '../helpers/skip.ts'
import { until } from '../helpers/until.ts'
import { endOf, runWorkloads, startFile } from '../helpers/workloads.ts'

const test = suite('jobs in images')
const absent = whyNoPodman()
const testPodman = skipWhere(absent, test)
const PEERS: Record<string, string[]> = {
  c: ['--label', 'role=driver'],
  lets: ['--label', 'role=member', '--allow-images', 'localhost/bak-*:*'],
  refuses: ['--label', 'role=member', '--label', 'rule=none']
}
let net: Testnet
let removeImage = () => {}
test.before(async () => {
  if (absent != null) return
  removeImage = makeImage()
  net = await Testnet.start({ peers: Object.keys(PEERS), args: name => PEERS[name] ?? [] })
})
test.after(async () => {
  await net?.stop()
  removeImage()
})

const job = (name: string, script: string, more: string) =>
  `[[job]]\nname = "${name}"\nscript = ${JSON.stringify(script)}\n${more}\n`
const containersOf = (peer: string) => {
  const folder = join(net.peer(peer).home, 'containers')
  return existsSync(folder) ? readdirSync(folder) : []
}

testPodman('a job in an image goes to the member whose owner lets it, and hands on what it made', async () => {
  const made = await runWorkloads(
    net,
    'c',
    job('plain', 'echo plain > "$BAK_JOB_OUTPUTS/a"', 'on = "rule=none"\noutputs = ["a"]') +
      job(
        'contained',
        'cat "$BAK_JOB_INPUTS/plain/a" > "$BAK_JOB_OUTPUTS/b"; echo "#BAK:PHASE made"; ls / > "$BAK_JOB_OUTPUTS/root"; id -u',
        `needs = ["plain"]\nimage = "${IMAGE}"\non = "role=member"\noutputs = ["b", "root"]`
      ) +
      job('reader', 'cat "$BAK_JOB_INPUTS/contained/b"; cat "$BAK_JOB_INPUTS/contained/root"', 'needs = ["contained"]')
  )
  assert.is(made.status, 0, made.stderr)
  const jobs = (await readJobsFile(join(net.peer('c').home, 'runs', made.run))) ?? []
  const contained = jobs.find(each => each.job === 'contained')
  assert.equal([contained?.state, contained?.member], ['done', 'lets'])
  assert.is(contained == null ? undefined : resultOf(contained)?.image, IMAGE)
  assert.match(made.text('jobs/contained.ndjson'), /"phase":"made".*"text":"65534"/)
  const said = made.text('jobs/reader.ndjson')
  assert.match(said, /"plain"/)
  assert.not.match(said, /"(root|home)"/)
  assert.equal(containersOf('lets'), [])
  const verified = await net.bak('c', ['verify', made.run])
  assert.is(verified.status, 0, verified.stdout)
})

testPodman('a job for whose image nobody lets it is a failure that says so', async () => {
  const refused = await runWorkloads(net, 'c', job('x', 'id', `image = "${IMAGE}"\non = "rule=none"`))
  assert.is(refused.status, 1)
  assert.match(refused.stderr + refused.stdout, /allow\.images/)
})

testPodman('a job in an image is gone within 5 s of a cancel', async () => {
  const mark = uniqueSleep()
  const started = await startFile(net, 'c', job('x', `sleep ${mark}; id`, `image = "${IMAGE}"\non = "role=member"`))
  await started.until(event => event.type === 'job' && event.state === 'running')
  await until(() => processesWith(`sleep ${mark}`).length > 0)
  const { status } = await net.bak('c', ['cancel', started.run])
  assert.is(status, 0)
  await goneWithin(mark, 5_000)
  assert.is((await endOf(net, 'c', started)).status, 4)
  assert.equal(containersOf('lets'), [])
})

test.run()
