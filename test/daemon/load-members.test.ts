/** Clients of tasks on members of a real mesh, as their owners see them: whose rules hold, what is said while they load, and what is left when they end early. */
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Cut } from '../helpers/cut.ts'
import { allSamples, resultOf, tasksIn } from '../helpers/load.ts'
import { bakNode, processesWith, sleep, useTestnet } from '../helpers/mesh.ts'
import { until } from '../helpers/until.ts'
import { endOf, runWorkloads, startFile } from '../helpers/workloads.ts'

const flags: Record<string, string[]> = { b: ['--allow-exec', 'sleep', '--allow-load', 'http://127.0.0.1:*'] }
const test = suite('members with clients of tasks')
const cut = new Cut()
test.after(() => cut.close())
const net = useTestnet(test, { peers: ['a', 'b', 'c'], args: name => flags[name] ?? [], env: cut.env })
let site: Server
let url = ''
/** Without those by which targets are tried. */
let requests = 0
test.before(async () => {
  site = createServer(({ method }, response) => {
    if (method !== 'HEAD') requests++
    response.end('x')
  })
  await new Promise<void>(resolve => site.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(site.address() as AddressInfo).port}/`
})
test.after(() => {
  site.closeAllConnections()
  site.close()
})

const tasks = (on: string, operation: string, lines = 'iterations = 3') =>
  `[load]\non = "${on}"\n[[task]]\nname = "get"\n${lines}\noperation = { ${operation} }\n`
const http = () => `type = "http", url = "${url}"`
/** Other meshes of this machine may have drivers, too. */
const driversOf = (run: string) =>
  processesWith('.bak-load.mjs').filter(pid => {
    try {
      return readFileSync(`/proc/${pid}/environ`, 'utf8').includes(`BAK_RUN=${run}\0`)
    } catch {
      return false
    }
  })
const driversGone = (run: string) => until(() => driversOf(run).length === 0, { what: 'its driver is gone' })

test('an owner sees for whom this machine loads, in its status and on record, and can end it', async () => {
  const lines = 'clients = 2\ntime_period = 60\ntarget_throughput = 50'
  const started = await startFile(net(), 'c', tasks('a', http(), lines))
  await started.until(event => event.type === 'load' && event.tasks.some(each => each.samples > 20))
  assert.is(driversOf(started.run).length, 1)
  const says = new RegExp(`loads: +for ${started.run}: 2 clients of get`)
  await until(async () => says.test((await bakNode(net(), 'a', ['status'])).stdout), { what: 'its status says so' })
  const audit = await bakNode(net(), 'a', ['audit'])
  assert.match(audit.stdout, /the load driver/)
  assert.is((await bakNode(net(), 'a', ['stop-all'])).status, 0)
  const ended = await endOf(net(), 'c', started)
  assert.not.equal(ended.status, 0)
  assert.match(ended.record.reason ?? ended.stderr, /on a|^a: /)
  await driversGone(ended.run)
  assert.is((await net().bak('c', ['verify', ended.run])).status, 0)
})

test('a member whose daemon is started again in mid task says that its clients ended, and what they had brought counts', async () => {
  const lines = 'clients = 2\ntime_period = 60\ntarget_throughput = 50'
  const started = await startFile(net(), 'c', `${tasks('a', http(), lines)}[policy]\nlost_timeout = 30\n`)
  await started.until(event => event.type === 'load' && event.tasks.some(each => each.samples > 20))
  await net().stopPeer('a', 'SIGKILL')
  await driversGone(started.run)
  await net().startPeer('a')
  const ended = await endOf(net(), 'c', started)
  assert.not.equal(ended.status, 0)
  assert.match(JSON.stringify(ended.record), /the daemon of this member was restarted/)
  assert.is((await net().bak('c', ['verify', ended.run])).status, 0)
})

test('a link that is cut in mid task costs no sample and doubles none: they come by way of a neighbour, and later directly', async () => {
  const before = requests
  const lines = 'clients = 4\ntime_period = 8\ntarget_throughput = 200'
  const started = await startFile(net(), 'c', `${tasks('a', http(), lines)}[policy]\nlost_timeout = 60\n`)
  await started.until(event => event.type === 'load' && event.tasks.some(each => each.samples > 200))
  await cut.apart(net(), [['a'], ['c']])
  await sleep(3_000)
  cut.heal()
  const ended = await endOf(net(), 'c', started)
  assert.is(ended.status, 0, ended.stderr)
  const get = resultOf(tasksIn(net(), 'c', ended), 'get')
  assert.equal([get.failed, get.ended, get.unsent ?? 0], [0, 'schedule', 0])
  assert.is(allSamples(get), requests - before, 'each request is a sample')
  assert.is(get.samples, 1_600)
  assert.is((await net().bak('c', ['verify', ended.run])).status, 0)
})

test('commands and targets of operations are held against the rules of the owner', async () => {
  const touch = tasks('b', 'type = "command", command = ["touch", "x"]')
  const dry = await net().bak('c', ['run', '--dry-run', fileOf(touch)])
  const ended = await net().bak('c', ['run', fileOf(touch)])
  for (const { stdout, stderr } of [dry, ended])
    assert.match(stdout + stderr, /b: allow\.exec does not name touch, the command of workload load/)
  assert.equal([dry.status, ended.status], [3, 3])
  const absent = fileOf(tasks('a', 'type = "command", command = ["no-such-program"]'))
  const missing = await net().bak('c', ['run', absent])
  assert.is(missing.status, 3)
  assert.match(missing.stderr, /a: workload load: no-such-program not found on PATH/)
  const elsewhere = await net().bak('c', ['run', fileOf(tasks('b', 'type = "http", url = "http://localhost:1/"'))])
  assert.is(elsewhere.status, 3)
  assert.match(elsewhere.stderr, /b: allow\.load does not name http:\/\/localhost:1; it is set in/)
  const good = await runWorkloads(net(), 'c', tasks('b', http()))
  assert.is(good.status, 0, good.stderr)
})

test('what a module prints is the output of the driver of its member', async () => {
  const module = join(net().folder, 'said.mjs')
  writeFileSync(module, 'export default ({ index }) => console.log("request of client", index)\n')
  const ended = await runWorkloads(net(), 'c', tasks('a', `type = "module", module = "${module}"`, 'iterations = 2'))
  assert.is(ended.status, 0, ended.stderr)
  const logs = await net().bak('c', ['logs', ended.run, '--workload', 'load'])
  assert.equal(logs.stdout.trim().split('\n'), ['request of client 0', 'request of client 0'])
  await driversGone(ended.run)
})

let files = 0
function fileOf(text: string): string {
  const file = join(net().folder, `dry-${++files}.toml`)
  writeFileSync(file, `tools = []\nsysinfo = "none"\n${text}`)
  return file
}

test.run()
