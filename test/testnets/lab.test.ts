import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { labMissing } from '../../testnets/lab/available.ts'
import { Lab } from '../../testnets/lab/lab.ts'
import { namespacesOf } from '../../testnets/lab/namespace.ts'
import { NATS } from '../../testnets/lab/topology.ts'
import { skipWhere } from '../helpers/skip.ts'
import { type Answer, Sockets } from '../helpers/sockets.ts'

const laboratory = suite('a laboratory of networks')
const missing = labMissing()
const test = skipWhere(missing, laboratory)

/** Servers on the public hosts: connections at one, datagrams at the other. */
const [TCP, UDP] = [5000, 5001]
/** Everything but the router with miniupnpd, which not every machine has. */
const WITHOUT_UPNP = {
  routers: NATS.routers?.filter(({ nat }) => nat !== 'upnp'),
  hosts: NATS.hosts.filter(({ behind }) => behind !== 'ru')
}

let lab: Lab
const sockets = new Map<string, Sockets>()

laboratory.before(async () => {
  if (missing != null) return
  lab = await Lab.build(WITHOUT_UPNP)
  for (const host of ['pub', 'relay1']) {
    await ask(host, 'listen', { port: TCP })
    await ask(host, 'bounce', { port: UDP })
  }
})

laboratory.after(() => {
  for (const each of sockets.values()) each.close()
  lab?.close()
})

test('a NAT that keeps ports has one public endpoint for all, and drops unsolicited packets', async () => {
  for (const host of ['e1', 'ub', 'r']) {
    const { outside } = lab.host(host)
    assert.equal(await seen(host, 30_000), [`${outside}:30000`, `${outside}:30000`], host)
  }
  assert.is((await ask('pub', 'connect', { host: lab.host('e1').outside, port: 30_000 })).error, 'silence')
})

test('a symmetric NAT has another random port for each destination', async () => {
  const ports = (await seen('s1', 30_000)).map(address => Number(address?.split(':')[1]))
  assert.is(new Set([30_000, ...ports]).size, 3, `it showed ${ports}`)
  assert.is((await ask('pub', 'connect', { host: lab.host('s1').outside, port: ports[0] })).error, 'silence')
})

test('a resetting NAT answers unsolicited packets at once, with a reset', async () => {
  const { error, took } = await ask('pub', 'connect', { host: lab.host('r').outside, port: 30_001 })
  assert.is(error, 'ECONNREFUSED')
  assert.ok(took < 1_000)
})

test('a firewalled host has a public address, can connect, and cannot be reached', async () => {
  const { address } = lab.host('f1')
  assert.equal(await seen('f1', 30_000), [`${address}:30000`, `${address}:30000`])
  await ask('f1', 'listen', { port: TCP })
  assert.is((await ask('pub', 'connect', { host: address, port: TCP })).error, 'silence')
})

test('UDP gets no answer behind the router that drops it, and does elsewhere', async () => {
  const datagrams = { host: lab.host('pub').address, port: UDP, count: 5 }
  assert.is((await ask('ub', 'datagrams', datagrams)).back, 0)
  assert.is((await ask('e1', 'datagrams', datagrams)).back, 5)
})

test('a host behind two NATs is seen with the address of the outer one', async () => {
  const { outside } = lab.host('rd')
  assert.equal(await seen('d', 30_000), [`${outside}:30000`, `${outside}:30000`])
  assert.is.not(lab.host('rdd').address, outside)
})

test('two hosts on one LAN reach each other; the same address elsewhere is another host, or none', async () => {
  await ask('e1b', 'listen', { port: TCP })
  const { address } = lab.host('e1b')
  assert.match((await ask('e1', 'connect', { host: address, port: TCP })).seen as string, lab.host('e1').address)
  assert.is(lab.host('e1').address, lab.host('e2').address)
  assert.ok((await ask('e2', 'connect', { host: address, port: TCP })).error)
})

test('simultaneous connects pass NATs that keep ports, and not a symmetric one', async () => {
  const punch = (one: string, other: string) =>
    Promise.all(
      [
        [one, other],
        [other, one]
      ].map(([from = '', to = '']) =>
        ask(from, 'punch', { host: lab.host(to).outside, port: 31_000, localPort: 31_000, limit: 2_000 })
      )
    )
  await lab.set({ delay: 5 })
  for (const [one, other] of [
    ['e1', 'e2'],
    ['f1', 'r'],
    ['d', 'ub']
  ] as const) {
    assert.equal(
      (await punch(one, other)).map(answer => answer.error),
      [undefined, undefined],
      `${one} and ${other}`
    )
  }
  for (const { error } of await punch('e1', 's1')) assert.ok(error)
})

test('frames are delayed as set, one way', async () => {
  await lab.set({ delay: 40 })
  const { id } = await connected('e1', 'pub')
  const rounds = []
  for (let i = 0; i < 5; i++) rounds.push((await ask('e1', 'echo', { id, bytes: 1 })).took)
  assert.ok(Math.min(...rounds) >= 80, `round trips of ${rounds} ms`)
  assert.ok(Math.min(...rounds) < 120, `round trips of ${rounds} ms`)
})

test('frames are lost as set, and a connection survives it', async () => {
  await lab.set({ loss: 10 })
  const { back } = await ask('e1', 'datagrams', { host: lab.host('pub').address, port: UDP, count: 1000 })
  assert.ok(back > 730 && back < 890, `${back} of 1000 went there and back where 810 were to be expected`)
  await lab.set({ loss: 2 })
  const { id } = await connected('e1', 'pub')
  assert.is((await ask('e1', 'echo', { id, bytes: 300_000 })).error, undefined)
})

test('a link is no faster than set, and fast again without the limit', async () => {
  await lab.set({ rate: 20e6 })
  const { id } = await connected('e1', 'pub')
  const slow = (await ask('e1', 'echo', { id, bytes: 2e6 })).took
  // 2 MB at 20 Mbit/s take 0.8 s, and start coming back at once
  assert.ok(slow > 700 && slow < 5_000, `${slow} ms`)
  await lab.set({})
  const fast = (await ask('e1', 'echo', { id, bytes: 2e6 })).took
  assert.ok(fast < slow / 2, `${fast} ms`)
})

test('a cut is silent, between its sides only, and data sent meanwhile arrives when it is healed', async () => {
  await lab.set({})
  const { id } = await connected('e1', 'pub')
  await lab.cut(['home1', 'relay1'], ['pub', 'f2'])
  const late = ask('e1', 'echo', { id, bytes: 10 })
  const outcomes = await Promise.all([
    ask('f1', 'connect', { host: lab.host('pub').address, port: TCP }),
    ask('e1', 'connect', { host: lab.host('relay1').address, port: TCP }),
    ask('f2', 'connect', { host: lab.host('pub').address, port: TCP })
  ])
  assert.equal(
    outcomes.map(({ error }) => error),
    ['silence', undefined, undefined]
  )
  await lab.heal()
  const { error, took } = await late
  assert.is(error, undefined)
  assert.ok(took > 1_000)
})

skipWhere(labMissing(['miniupnpd']), laboratory)('a router opens a port for a host that asks for it', async () => {
  const upnp = await Lab.build({
    routers: [{ name: 'ru', nat: 'upnp' }],
    hosts: [{ name: 'u', behind: 'ru' }, { name: 'pub' }]
  })
  const [u, pub] = [new Sockets(upnp, 'u'), new Sockets(upnp, 'pub')]
  try {
    await u.ask('listen', { port: TCP })
    const target = { host: upnp.host('ru').outside, port: TCP }
    assert.is((await pub.ask('connect', target)).error, 'silence')
    // NAT-PMP: map TCP 5000 to 5000 for an hour
    const { last } = await u.ask('datagrams', {
      host: upnp.host('u').gateway?.address,
      port: 5351,
      count: 1,
      hex: '000200001388138800000e10'
    })
    assert.match(last, /^00820000.{8}13881388/)
    assert.match((await pub.ask('connect', target)).seen as string, upnp.host('pub').address)
  } finally {
    u.close()
    pub.close()
    upnp.close()
  }
})

test('nothing is left when it is closed, while another one exists', async () => {
  const before = namespacesOf(process.pid).length
  const second = await Lab.build({ hosts: [{ name: 'a' }, { name: 'b' }] })
  assert.is(namespacesOf(process.pid).length, before + 3)
  second.close()
  second.close()
  assert.is(namespacesOf(process.pid).length, before)
})

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  test(`nothing is left of a script that ${signal} ended`, async () => {
    const child = await script()
    assert.ok(namespacesOf(child.pid as number).length > 0)
    child.kill(signal)
    await once(child, 'exit')
    assert.equal(namespacesOf(child.pid as number), [])
  })
}

test('what a killed script left, and what ran in it, is removed by the next one', async () => {
  const first = await script()
  first.kill('SIGKILL')
  await once(first, 'exit')
  assert.ok(namespacesOf(first.pid as number).length > 0)
  const second = await script()
  assert.equal(namespacesOf(first.pid as number), [])
  second.kill('SIGTERM')
  await once(second, 'exit')
})

laboratory.run()

/** Asks a host for something, with its own sockets. */
function ask(host: string, question: string, details: Record<string, unknown> = {}): Promise<Answer> {
  const asked = sockets.get(host) ?? new Sockets(lab, host)
  sockets.set(host, asked)
  return asked.ask(question, details)
}

/** @returns how both public hosts see one port of a host */
async function seen(host: string, localPort: number): Promise<Array<string | undefined>> {
  const answers = []
  for (const to of ['pub', 'relay1']) {
    answers.push(await ask(host, 'connect', { host: lab.host(to).address, port: TCP, localPort }))
  }
  return answers.map(answer => answer.seen)
}

async function connected(from: string, to: string): Promise<Answer> {
  const answer = await ask(from, 'connect', { host: lab.host(to).address, port: TCP, limit: 20_000 })
  assert.is(answer.error, undefined)
  return answer
}

/** A process that has built a small laboratory, and waits. */
async function script() {
  const module = fileURLToPath(new URL('../../testnets/lab/lab.ts', import.meta.url))
  const text = `const { Lab } = await import(${JSON.stringify(module)})
    const lab = await Lab.build({ hosts: [{ name: 'a' }] })
    lab.host('a').namespace.spawn(['sleep', '1000'])
    process.stdout.write('built')`
  const child = spawn(process.execPath, ['--input-type=module', '-e', text], { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(child.stdout, 'data')
  return child
}
