/** Jobs and artifacts of a real run, asked for on other peers: while it goes on, behind it, and when who led it is gone. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { processesWith, uniqueSleep, useTestnet } from '../helpers/mesh.ts'
import { until } from '../helpers/until.ts'
import { startFile } from '../helpers/workloads.ts'

const test = suite('commands about jobs on other peers')
const net = useTestnet(test, { peers: ['a', 'b', 'c'] })

const bak = async (peer: string, ...words: string[]) => {
  const { status, stdout, stderr } = await net().bak(peer, words)
  return { status, stdout, stderr, said: `${words.join(' ')}: ${stdout}${stderr}` }
}
const jobsAt = async (peer: string, ...words: string[]): Promise<Array<Record<string, unknown>>> => {
  const { stdout, said, status } = await bak(peer, 'job', 'ls', '--json', ...words)
  // 2 where a peer says nothing
  assert.ok(status === 0 || status === 2, said)
  return JSON.parse(stdout).jobs
}

/** @param wait a command of `lib` that the test ends, so that it is looked at while it runs */
const graph = (wait: string) => `
name = "graph"
[[job]]
name = "lib"
on = "b"
outputs = ["lib.a"]
env = { LEVEL = "2" }
[job.phases]
prepare = "echo begin"
build = "${wait} || true; echo built; echo '#BAK:METRIC size=4 B less'; echo lib > $BAK_JOB_OUTPUTS/lib.a"
[[job]]
name = "app"
needs = ["lib"]
on = "c"
outputs = ["app"]
script = 'mkdir "$BAK_JOB_OUTPUTS/app"; cp "$BAK_JOB_INPUTS/lib/lib.a" "$BAK_JOB_OUTPUTS/app/"; echo linked'
[[job]]
name = "bad"
on = "c"
script = 'echo oops; exit 3'
[[job]]
name = "behind"
needs = ["bad", "lib"]
command = ["true"]
`

const EXPECTED = ['app waiting -', 'bad failed c', 'behind skipped -', 'lib running b']

test('a graph is told on every peer: while it runs, by line as it is written, and behind it with what it made', async () => {
  const wait = `sleep ${uniqueSleep()}`
  const started = await startFile(net(), 'a', graph(wait))
  const { run } = started
  await started.until(event => event.type === 'job' && event.job === 'bad' && event.state === 'failed')
  const followed = net().spawnBak('c', ['job', 'log', `${run}/lib`, '--follow'])
  let log = ''
  followed.stdout?.on('data', data => {
    log += data
  })
  await until(() => log.includes('begin'), { what: () => log })
  const states = async () =>
    (await jobsAt('c', '--run', run)).map(({ job, state, member }) => `${job} ${state} ${member ?? '-'}`).sort()
  // its records are at most a second behind
  let now: string[] = []
  const isTold = async () => {
    now = await states()
    return now.join() === EXPECTED.join()
  }
  await until(isTold, { what: () => now.join() })
  const slots = await bak('c', 'members', '--slots')
  assert.match(slots.stdout, new RegExp(`\nb +1/\\d+ +${run}: 1\nc +0/\\d+ `))
  const here = await bak('b', 'ps')
  assert.match(here.stdout, new RegExp(`${run} .* 1 slot taken here `))
  assert.match((await bak('a', 'ps')).stdout, /1 running/)
  for (const pid of processesWith(wait)) process.kill(pid, 'SIGKILL')
  const { status } = await started.finished
  assert.is(status, 1)
  await until(() => followed.exitCode != null, { what: () => log })
  assert.match(log, /^#BAK:PHASE prepare\nbegin\n#BAK:PHASE build\n(Killed\n)?built\n#BAK:METRIC size=4 B less\n$/)
  assert.equal([followed.exitCode, (await bak('b', 'job', 'log', 'app')).stdout], [0, 'linked\n'])
  const behind = await bak('b', 'job', 'log', 'behind')
  assert.match(behind.stderr, /^behind is skipped: (inherited from )?bad/)
  const shown = await bak('b', 'job', 'show', `${run}/lib`)
  assert.match(
    shown.stdout,
    /\n {2}echo '#BAK:PHASE prepare'\n {2}echo begin\n[\s\S]*LEVEL +2\n[\s\S]*\nlib.a +file +4 B[\s\S]*\nsize +4 B\n[\s\S]*\n1 +b +done +0 /
  )
})

test('what jobs made is found, written and released on any peer, also when who made it and who led the run are gone', async () => {
  const into = join(net().folder, 'out')
  const made = await bak('b', 'artifact', 'get', 'last/app/app', '-o', `${into}/`)
  assert.is(made.status, 0, made.said)
  assert.is(readFileSync(join(into, 'app/lib.a'), 'utf8'), 'lib\n')
  assert.is((await bak('b', 'artifact', 'get', 'last/app', '-o', join(into, 'app'))).status, 0)
  assert.is((await bak('b', 'artifact', 'get', 'last/app', '-o', join(into, 'app'))).status, 73)
  const released = await bak('b', 'artifact', 'release', 'last/app/app', 'app-1')
  assert.is(released.status, 0, released.said)
  const { stdout } = await bak('b', 'artifact', 'show', 'app-1', '--json')
  const { made: results, holders } = JSON.parse(stdout)
  assert.equal(
    [results[0].job, results[0].byName, results[0].inputs[0].path, results[0].exit],
    ['app', 'c', 'lib/lib.a', 0]
  )
  assert.equal(holders.map(({ name }: { name: string }) => name).sort(), ['b', 'c'])
  const [run] = (await jobsAt('b')).map(each => each.run)
  await Promise.all(['a', 'c'].map(name => net().end(net().peer(name), 'SIGKILL')))
  const again = await bak('b', 'artifact', 'get', 'app-1', '-o', join(into, 'again'))
  assert.is(again.status, 0, again.said)
  assert.ok(existsSync(join(into, 'again/lib.a')))
  const known = await jobsAt('b', '--run', run as string)
  assert.equal(known.map(({ job, state, member }) => [job, state, member]).sort(), [
    ['app', 'done', 'c'],
    ['lib', 'done', 'b']
  ])
  assert.match((await bak('b', 'job', 'log', `${run}/lib`)).stdout, /\nbuilt\n#BAK:METRIC size=4 B less\n$/)
})

test.run()
