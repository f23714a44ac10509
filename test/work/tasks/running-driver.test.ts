/** The clients of a member with the real driver, as a process: what it measures of a server of this test, and how it ends. */
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Audit } from '../../../node/processes/audit.ts'
import { Cgroups } from '../../../node/processes/cgroups.ts'
import { Containers } from '../../../node/processes/containers.ts'
import { inspect } from '../../../node/processes/process-group.ts'
import type { Places } from '../../../node/processes/programs.ts'
import { RunPrograms } from '../../../node/processes/run-programs.ts'
import { SocketFolder } from '../../../node/processes/socket-folder.ts'
import { driverProgram, putDriver } from '../../../node/work/tasks/driver-program.ts'
import { clientsOfMember } from '../../../node/work/tasks/member-clients.ts'
import { MemberLoad } from '../../../node/work/tasks/member-load.ts'
import { RunningDriver } from '../../../node/work/tasks/running-driver.ts'
import { type Handler, serve } from '../../../protocols/stream.ts'
import { type FromLoader, loadStreamProtocol, type ToLoader } from '../../../protocols/tasks/load-stream.ts'
import { linkTo, stayAwake } from '../../helpers/streams.ts'
import { until } from '../../helpers/until.ts'
import { createWorkspace } from '../../helpers/workspace.ts'
import { manifest, member, run, specOf, step } from '../../protocols/samples.ts'
import { problemOf, soon } from './driven-load.ts'

const test = suite('a driver as a process')
test.after(stayAwake())

interface Place {
  prepare?(places: Places): Promise<{ argv: string[]; env: Record<string, string> }>
}

async function loadOf(given: object, { prepare }: Place = {}) {
  const { folder, supervisor, close } = createWorkspace('load')
  const data = join(folder, 'data')
  mkdirSync(data)
  const programs = new RunPrograms(
    {
      ...{ isolation: { how: 'owner', limit: true }, workFolders: undefined, supervisor, limits: {}, keep: [] },
      cgroups: new Cgroups({ key: 'test', limits: {}, folder }, { v1: {} }),
      ...{
        containers: new Containers({ folder: join(folder, 'containers'), runtime: undefined, isRoot: true }),
        network: true
      },
      audit: new Audit({ path: join(folder, 'audit'), onError: why => assert.unreachable(why) })
    },
    { ...{ run: 'r', by: 'c', isOwn: false, data, treatmentOf: async () => 'apart' as const } }
  )
  const spec = specOf({ command: undefined, ...given })
  const roster = manifest.roster.map(each => ({ ...each, load: 0 }))
  const clients = clientsOfMember(spec, roster, 'node-b', {})
  assert.ok(clients)
  const blocks: Extract<FromLoader, { type: 'samples' }>[] = []
  const failures: string[] = []
  const handler: Handler<FromLoader, ToLoader> = async function* (_, { receive }) {
    let taken = 0
    yield { type: 'taken', seq: taken }
    for (let next = await receive(); next !== undefined; next = await receive()) {
      if (next.type === 'failed') failures.push(next.reason)
      if (next.type === 'samples') blocks.push(next)
      if (!('seq' in next)) continue
      taken = next.seq
      yield { type: 'taken', seq: taken }
    }
  }
  const sockets = new SocketFolder({ root: folder, isPassage: false })
  const output = join(data, 'load')
  let driver: RunningDriver | undefined
  const { argv } = await driverProgram()
  const init = {
    ...{ programs, sockets, argv, folder: output, working: join(folder, 'working') },
    prepare: prepare ?? (async (places: Places) => ({ argv: await putDriver(places), env: {} }))
  }
  const load = new MemberLoad({
    ...{ spec, params: {}, clients, offset: () => 0 },
    start: async signal => {
      driver = await RunningDriver.start(init, signal)
      return driver
    },
    uplink: { run, step, open: linkTo(serve(loadStreamProtocol, handler), member.peer).open }
  })
  const end = async () => {
    const ended = await load.end()
    await until(() => !readdirSync(folder).includes('s'), { what: 'its socket is gone' })
    assert.not.ok(existsSync(join(folder, 'working')), 'and so is its working folder')
    await programs.end()
    await close()
    return ended
  }
  return { load, end, blocks, failures, output, pid: () => driver?.pid ?? 0 }
}

async function site(answer = 200) {
  let requests = 0
  const server = createServer((_, response) => {
    requests++
    response.writeHead(answer, { server: 'odd/1' }).end('x')
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  const close = () => {
    server.closeAllConnections()
    server.close()
  }
  return { url, requests: () => requests, close }
}

test('each request of each client comes to the server once, and to the controller', async () => {
  const { url, requests, close } = await site()
  const task = { operation: { type: 'http', url }, clients: 3, warmup_iterations: 2, iterations: 20 }
  const { load, end, blocks, output, pid } = await loadOf({ task: [{ name: 'get', ...task }] })
  const prepared = await load.prepare(soon())
  assert.equal(
    prepared.targets?.map(({ server }) => server),
    ['odd/1']
  )
  const probes = requests()
  const at = Date.now() + 50
  const { tasks, health } = await load.tasks(1, at, soon())
  const [get] = tasks
  assert.equal(
    [get?.task, get?.samples, get?.warmup, get?.failed, get?.ended, get?.error],
    ['get', 60, 6, 0, 'schedule', undefined]
  )
  assert.is(requests() - probes, 66)
  assert.is(
    blocks.reduce((sum, each) => sum + each.samples, 0),
    66
  )
  assert.ok((get?.began?.first ?? 0) >= at - 1, 'nobody begins before the agreed moment')
  assert.ok((get?.latency ?? 0) >= (get?.service ?? 0) && (get?.service ?? 0) > 0)
  assert.ok(health)
  assert.equal(readFileSync(join(output, 'stderr.txt'), 'utf8'), '')
  const { missing, warnings, load: again } = await end()
  assert.equal([missing, warnings, again.tasks], [[], [], tasks])
  assert.is(inspect(pid())?.living ?? false, false)
  close()
})

test('a driver that is killed in mid task: what came of it is signed, and why', async () => {
  const { url, close } = await site()
  const task = { operation: { type: 'http', url }, clients: 2, time_period: 60, target_throughput: 200 }
  const { load, end, blocks, failures, pid } = await loadOf({ task: [{ name: 'get', ...task }] })
  await load.prepare(soon())
  const answer = load.tasks(1, Date.now(), soon())
  await until(() => blocks.length > 1)
  process.kill(pid(), 'SIGKILL')
  const [get] = (await answer).tasks
  assert.equal([get?.ended, get?.error], ['cut', 'the load driver: ended by SIGKILL'])
  assert.is(
    get?.samples,
    blocks.reduce((sum, each) => sum + each.samples, 0)
  )
  await until(() => failures.length > 0)
  assert.equal(failures, ['the load driver: ended by SIGKILL'])
  const { missing } = await end()
  assert.equal(missing, [])
  close()
})

test('a sample that is over cuts its clients at once, and all that they measured is there', async () => {
  const { url, requests, close } = await site()
  const task = { operation: { type: 'http', url }, clients: 2, time_period: 60, target_throughput: 200 }
  const { load, end, blocks } = await loadOf({ task: [{ name: 'get', ...task }] })
  await load.prepare(soon())
  const probes = requests()
  const gone = new AbortController()
  const answer = problemOf(load.tasks(1, Date.now(), gone.signal))
  await until(() => requests() > probes + 50)
  const began = performance.now()
  gone.abort(new Error('the phase is over'))
  load.hear({ phase: 'stop' })
  await answer
  const { load: ended, missing } = await end()
  assert.ok(performance.now() - began < 3_000)
  assert.equal(missing, [])
  const [get] = ended.tasks
  assert.equal([get?.ended, get?.error, get?.failed], ['cut', undefined, 0])
  assert.is(
    get?.samples,
    blocks.reduce((sum, each) => sum + each.samples, 0)
  )
  assert.ok(Math.abs((get?.samples ?? 0) - (requests() - probes)) <= 2, 'but for those that were on their way')
  const after = requests()
  await sleep(100)
  assert.is(requests(), after)
  close()
})

test('a target that cannot be reached fails prepare, and is named', async () => {
  const task = { operation: { type: 'http', url: 'http://127.0.0.1:9/' }, iterations: 1 }
  const { load, end } = await loadOf({ task: [{ name: 'get', ...task }], load: { probe_timeout: 1 } })
  const { code, message } = await problemOf(load.prepare(soon()))
  assert.is(code, 'workload-failed')
  assert.match(message, /127\.0\.0\.1:9/)
  await end()
})

test('a driver that ends before it connects is named with what it said', async () => {
  const argv = ['/bin/sh', '-c', 'echo no memory: cannot go on >&2; exit 7']
  const { load, end } = await loadOf(
    { task: [{ name: 'get', operation: { type: 'http', url: 'http://127.0.0.1:9/' } }] },
    { prepare: async () => ({ argv, env: {} }) }
  )
  const { code, message } = await problemOf(load.prepare(soon()))
  assert.equal([code, message], ['workload-failed', 'the load driver: exit 7: no memory: cannot go on'])
  await end()
})

test('one that never connects is ended when its phase is over', async () => {
  const { load, end } = await loadOf(
    { task: [{ name: 'get', operation: { type: 'http', url: 'http://127.0.0.1:9/' } }] },
    { prepare: async () => ({ argv: ['sleep', '60'], env: {} }) }
  )
  const { code } = await problemOf(load.prepare(AbortSignal.timeout(300)))
  assert.is(code, 'timeout')
  await end()
})

test.run()
