/** The socket of an instance: what a workload says to it and hears, over run streams that may break. */
import {
  existsSync,
  linkSync,
  lstatSync,
  mkdtempSync,
  readFileSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync
} from 'node:fs'
import { dirname, join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type CalledMember, type CalledRun, calledRun, Spoken } from '../../helpers/called.ts'
import { sleep } from '../../helpers/mesh.ts'
import { stayAwake } from '../../helpers/streams.ts'
import { until } from '../../helpers/until.ts'

const calls = suite('calls of workloads')
calls.after(stayAwake())
let called: CalledRun
const spoken: Spoken[] = []
calls.after.each(async () => {
  for (const each of spoken.splice(0)) each.socket.destroy()
  await called?.close()
})

/** @param clock of the controller */
const start = async (members: number, clock?: () => number) => {
  called = await calledRun(members, [], { clock })
  return called.members.map(({ calls: { socket } }) => speak(socket))
}
const speak = (socket: string) => {
  const each = new Spoken(socket)
  spoken.push(each)
  return each
}
const member = (i: number) => called.members[i] as CalledMember
/** The stream of the first member breaks, and none can be opened. @returns what lets it be opened again */
const breakStream = () => {
  const { link } = member(0)
  const { open } = link
  link.open = async () => {
    throw new Error('the network is gone')
  }
  link.streams.at(-1)?.cut()
  return () => {
    link.open = open
  }
}
const hearAll = (all: Spoken[]) => Promise.all(all.map(each => each.hear()))

calls('all leave a barrier together, again and again', async () => {
  const all = await start(3)
  const [a, b, c] = all as [Spoken, Spoken, Spoken]
  for (const round of [1, 2, 3]) {
    a.say('barrier x')
    b.say('barrier x --timeout 20')
    let left = false
    const both = hearAll([a, b]).finally(() => {
      left = true
    })
    await sleep(30)
    assert.not(left)
    assert.is(await c.ask('barrier x'), `ok ${round} 3`)
    assert.equal(await both, [`ok ${round} 3`, `ok ${round} 3`])
  }
})

calls('two hundred barriers in a row', async () => {
  const all = await start(4)
  for (let round = 1; round <= 200; round++) {
    for (const each of all) each.say('barrier again')
    assert.equal(
      await hearAll(all),
      all.map(() => `ok ${round} 4`)
    )
  }
})

calls('who is missing is named, a line each, and with a status that is not 0', async () => {
  const [a] = await start(3)
  assert.is(await a?.ask('barrier x --timeout 0.1'), 'missing m1/load')
  assert.is(await a?.hear(), 'missing m2/load')
  assert.is(await a?.hear(), 'error 1 barrier x: after 0.1 s not here: m1/load, m2/load')
  assert.is(await a?.ask('put still there'), 'ok')
})

calls('an instance that ends is named at once to those who wait for it', async () => {
  const [a] = await start(2)
  a?.say('barrier x')
  await sleep(20)
  await member(1).calls.close()
  assert.is(await a?.hear(), 'missing m1/load (has ended)')
  assert.is(await a?.hear(), 'error 1 barrier x: 1 of 2 have come; not here: m1/load (has ended)')
})

calls('a client that goes away has not come: closed, or half closed and then closed', async () => {
  const [a, b, c] = (await start(3)) as [Spoken, Spoken, Spoken]
  a.say('barrier x')
  b.say('barrier x')
  b.socket.end()
  assert.is(await b.hear(), 'waiting')
  await sleep(50)
  a.socket.destroy()
  b.socket.destroy()
  // a client that is half open is looked for each second
  await sleep(1_300)
  assert.is(await c.ask('barrier x --timeout 0.1'), 'missing m0/load')
  assert.is(await c.hear(), 'missing m1/load')
})

calls('a client that says that it has no more to say gets its answer all the same', async () => {
  const [a, b] = (await start(2)) as [Spoken, Spoken]
  a.say('barrier x')
  a.socket.end()
  assert.is(await a.hear(), 'waiting')
  assert.is(await b.ask('barrier x'), 'ok 1 2')
  assert.is(await a.hear(), 'ok 1 2')
  assert.is(await a.hear(), 'the end')
})

calls('many lines at once are answered in turn, and quit ends the connection', async () => {
  const [a] = (await start(1)) as [Spoken]
  a.say('put k v1\nget k\nput k v2\n\nget k\r\nquit\nget k')
  const lines: string[] = []
  for (let line = await a.hear(); line !== 'the end'; line = await a.hear()) lines.push(line)
  assert.equal(lines, ['ok', 'ok v1', 'ok', 'ok v2'])
})

calls('what is wrong is said in a line, and the connection stays', async () => {
  const [a] = (await start(1)) as [Spoken]
  assert.match(await a.ask('GET / HTTP/1.1'), /^error 64 there is no call "GET": the calls are barrier/)
  assert.match(await a.ask('barrier x --count 9'), /^error 64 barrier x: --count 9, and the group has 1 instance$/)
  assert.match(await a.ask(`put k ${'x'.repeat(200_000)}`), /^error 64 a line has 132096 bytes at most$/)
  assert.match(await a.ask('\x00\xff\x1b[31m'), /^error 64 there is no call "/)
  assert.is(await a.ask('put k v'), 'ok')
})

calls('get waits for the value on another member, and every byte of it comes back', async () => {
  const [a, b] = (await start(2)) as [Spoken, Spoken]
  a.say('get k')
  await sleep(20)
  assert.is(await b.ask('put k two\\nlines \\\\ \xff'), 'ok')
  assert.is(await a.hear(), 'ok two\\nlines \\\\ \xff')
  assert.is(await a.ask('get none --timeout 0.05'), 'error 1 none has no value after 0.05 s')
})

calls('every subscriber hears all messages in one order, also one that comes late', async () => {
  const [a, b, c] = (await start(3)) as [Spoken, Spoken, Spoken]
  b.say('subscribe news --count 40')
  const publish = async (by: Spoken, name: string) => {
    for (let i = 0; i < 20; i++) assert.match(await by.ask(`publish news ${name}${i}`), /^ok \d+$/)
  }
  await Promise.all([publish(a, 'a'), publish(c, 'c')])
  const hear = async (by: Spoken) => {
    const lines: string[] = []
    for (let line = await by.hear(); line !== 'ok'; line = await by.hear()) lines.push(line)
    return lines
  }
  const heard = await hear(b)
  a.say('subscribe news --count 40')
  assert.equal(await hear(a), heard)
  assert.is(heard.length, 40)
  assert.match(heard[0] as string, /^message 1 m[02]\/load [ac]0$/)
})

calls('a subscriber that is too late hears how many messages are not kept any more', async () => {
  const [a] = (await start(1)) as [Spoken]
  const value = 'x'.repeat(60_000)
  for (let i = 0; i < 100; i++) assert.is(await a.ask(`publish news ${value}`), `ok ${i + 1}`)
  a.say('subscribe news --timeout 0.2')
  assert.is(await a.hear(), 'cut 31')
  let count = 0
  for (let line = await a.hear(); line !== 'ok'; line = await a.hear()) count += line.startsWith('message') ? 1 : 0
  assert.is(count, 69)
})

calls('a stream that breaks in mid barrier loses nothing, nor counts anything twice', async () => {
  const [a, b] = (await start(2)) as [Spoken, Spoken]
  a.say('barrier x')
  await sleep(20)
  const bringBack = breakStream()
  const answers = [a, b].map(each => each.hear())
  b.say('barrier x')
  a.say('publish news while the stream is down')
  await sleep(2_000)
  bringBack()
  assert.equal(await Promise.all(answers), ['ok 1 2', 'ok 1 2'])
  assert.is(await a.hear(), 'ok 1')
  assert.is(await b.ask('publish news again'), 'ok 2')
})

calls('an answer that a break lost is given again, and what it was for counts once', async () => {
  const [a, b] = (await start(2)) as [Spoken, Spoken]
  const { link } = member(0)
  link.onAnswer = (piece, stream) => {
    link.onAnswer = undefined
    stream.cut()
    return piece.subarray(0, 0)
  }
  assert.is(await a.ask('publish news once'), 'ok 1')
  assert.is(await b.ask('publish news twice'), 'ok 2')
})

calls('a call that was given up while the stream was down is not counted when it is back', async () => {
  const [a, b] = (await start(2)) as [Spoken, Spoken]
  a.say('barrier x')
  await sleep(20)
  const bringBack = breakStream()
  a.socket.destroy()
  await sleep(50)
  bringBack()
  await until(() => member(0).client.isUp, { what: () => 'the stream is back' })
  await sleep(50)
  assert.is(await b.ask('barrier x --timeout 0.1'), 'missing m0/load')
})

calls('a period that was not begun does not end, and that is not recorded', async () => {
  const [a] = await start(1)
  assert.is(await a?.ask('period end steady'), 'error 1 period steady: it ends here and was not begun')
  assert.is(await a?.ask('period begin steady'), 'ok')
  assert.is(await a?.ask('period begin steady'), 'ok', 'by another process')
  for (const answer of ['ok', 'ok', 'error 1 period steady: it ends here and was not begun'])
    assert.is(await a?.ask('period end steady'), answer)
  assert.equal(
    called.periods.map(({ period }) => period.edge),
    ['begin', 'begin', 'end', 'end']
  )
})

calls('samples and periods are lines of metrics.ndjson, and a period is an event of the run', async () => {
  const [a] = (await start(1)) as [Spoken]
  for (const line of ['period begin steady', 'sample latency 1.5 ms', 'sample n 2', 'period end steady']) {
    assert.is(await a.ask(line), 'ok')
  }
  const text = readFileSync(join(member(0).out, 'metrics.ndjson'), 'utf8')
  assert.equal(
    text.split('\n').map(line => (line === '' ? '' : JSON.parse(line))),
    [
      { at: 1_000, type: 'period', name: 'steady', edge: 'begin' },
      { at: 1_000, type: 'sample', name: 'latency', value: 1.5, unit: 'ms' },
      { at: 1_000, type: 'sample', name: 'n', value: 2 },
      { at: 1_000, type: 'period', name: 'steady', edge: 'end' },
      ''
    ]
  )
  assert.equal(
    called.periods.map(({ by, period }) => [by, period.name, period.edge, period.when, period.bound]),
    [
      ['m0/load', 'steady', 'begin', 1_000, 0.5],
      ['m0/load', 'steady', 'end', 1_000, 0.5]
    ]
  )
})

for (const [what, plant] of [
  ['a link', (path: string, other: string) => symlinkSync(other, path)],
  ['a hard link', (path: string, other: string) => linkSync(other, path)]
] as const) {
  calls(`${what} in the place of metrics.ndjson is not written to`, async () => {
    const [a] = (await start(1)) as [Spoken]
    const other = join(mkdtempSync(join(dirname(member(0).out), 'x')), 'other')
    writeFileSync(other, '')
    plant(join(member(0).out, 'metrics.ndjson'), other)
    assert.match(await a.ask('sample n 1'), /^error 77 metrics\.ndjson in BAK_OUT is a link or no file/)
    assert.is(readFileSync(other, 'utf8'), '')
    unlinkSync(join(member(0).out, 'metrics.ndjson'))
    assert.is(await a.ask('sample n 1'), 'ok')
  })
}

calls('a socket is its user’s alone, at a short path, and gone with its instance', async () => {
  await start(1)
  const { socket, bin } = member(0).calls
  assert.is(statSync(socket).mode & 0o777, 0o600)
  assert.ok(lstatSync(socket).isSocket() && Buffer.byteLength(socket) < 108)
  assert.ok(existsSync(join(bin, 'bak')))
  await member(0).calls.close()
  assert.not(existsSync(socket) || existsSync(dirname(socket)) || existsSync(bin))
})

calls('connections of one instance are bounded, and one more is told so', async () => {
  const [a] = (await start(1)) as [Spoken]
  assert.is(await a.ask('put k v'), 'ok')
  const more = Array.from({ length: 64 }, () => speak(member(0).calls.socket))
  assert.is(await (more.at(-1) as Spoken).hear(), 'error 75 64 connections of this instance are open')
  assert.is(await (more[0] as Spoken).ask('get k'), 'ok v')
  more[0]?.socket.destroy()
  await sleep(50)
  assert.is(await speak(member(0).calls.socket).ask('get k'), 'ok v')
})

calls('requests that pile up behind one that waits end the connection', async () => {
  const [a] = (await start(2)) as [Spoken]
  a.say('barrier x')
  a.say('x'.repeat(300_000))
  assert.match(await a.hear(), /^error 75 more than 264192 bytes of requests wait behind one$/)
  assert.is(await a.hear(), 'the end')
})

calls('a member that calls too often is told so, and others are not troubled', async () => {
  // however slow the machine is, all of them come in one second
  const [a, b] = (await start(2, () => 0)) as [Spoken, Spoken]
  const all = [a, ...Array.from({ length: 4 }, () => speak(member(0).calls.socket))]
  const answers = new Set<string>()
  const flood = async (by: Spoken) => {
    by.say(Array.from({ length: 1_000 }, () => 'put k v').join('\n'))
    for (let k = 0; k < 1_000; k++) answers.add(await by.hear())
  }
  await Promise.all(all.map(flood))
  assert.equal([...answers].sort(), ['error 75 more than 2000 calls a second', 'ok'])
  assert.is(await b.ask('put k v'), 'ok')
})

calls('when the run is over here, who waits is told so', async () => {
  const [a] = (await start(2)) as [Spoken]
  a.say('barrier x')
  await sleep(20)
  called.collectives.close('the run is over')
  assert.is(await a.hear(), 'error 69 the run is over')
  await member(0).client.stop()
  assert.is(await a.ask('put k v'), 'error 69 the run is over here')
})

calls.run()
