/** The client in the folder of a workload: by each program that it may become, as a workload calls it. */
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type CalledMember, type CalledRun, callBak, calledRun } from '../../helpers/called.ts'
import { sleep } from '../../helpers/mesh.ts'
import { needs, skipWhere } from '../../helpers/skip.ts'
import { stayAwake } from '../../helpers/streams.ts'
import { until } from '../../helpers/until.ts'
import { scratch } from '../../store/scratch.ts'

const clients = suite('the client of a workload')
clients.after(stayAwake())
let called: CalledRun
clients.before.each(async () => {
  called = await calledRun(2)
})
clients.after.each(() => called.close())

const of = (i: number) => (called.members[i] as CalledMember).calls

for (const program of ['perl', 'python3', 'nc', 'node']) {
  const by = skipWhere(needs(program), clients)
  const env = { BAK_CLIENT: program }
  const bak = (i: number, words: string[], input?: string | Buffer) => callBak(of(i), words, env, input)

  by(`${program}: values come back byte by byte, from words and from stdin`, async () => {
    for (const value of ['x', 'two  words ', 'a\\nb \\ c', 'line\nline', '--count', 'it\'s $HOME `x` "q" *', '']) {
      assert.equal(await bak(0, ['put', 'k', value]), { status: 0, signal: null, stdout: '', stderr: '' })
      assert.is((await bak(1, ['get', 'k'])).stdout, `${value}\n`)
    }
    await bak(0, ['put', 'k', '-'], 'from stdin\nand on\\\n\n')
    assert.is((await bak(1, ['get', 'k'])).stdout, 'from stdin\nand on\\\n\n')
    await bak(0, ['put', 'k', 'several', 'words'])
    assert.is((await bak(1, ['get', 'k'])).stdout, 'several words\n')
  })

  by(`${program}: a value of bytes that are no text, and a large one`, async () => {
    const value = Buffer.from('caf\xe9 \xff\x80'.repeat(5_000), 'latin1')
    assert.is((await bak(0, ['put', 'k', '-'], value)).status, 0)
    const child = callBak(of(1), ['get', 'k'], env)
    const pieces: Buffer[] = []
    child.child.stdout?.on('data', piece => pieces.push(piece))
    assert.is((await child).status, 0)
    assert.ok(Buffer.concat([value, Buffer.from('\n')]).equals(Buffer.concat(pieces)))
  })

  by(`${program}: a barrier is left together; who is missing is named with status 1`, async () => {
    const early = bak(0, ['barrier', 'x', '--timeout', '20'])
    const late = bak(1, ['barrier', 'x'])
    assert.equal(
      await Promise.all([early, late]),
      [0, 1].map(() => ({ status: 0, signal: null, stdout: '', stderr: '' }))
    )
    const { status, stderr } = await bak(0, ['barrier', 'x', '--timeout', '0.05'])
    assert.equal([status, stderr], [1, 'bak: barrier x: after 0.05 s not here: m1/load\n'])
  })

  by(`${program}: a subscriber writes each message as it comes`, async () => {
    const heard = bak(0, ['subscribe', 'news', '--count', '3'])
    for (const text of ['one', 'two\nlines', '']) assert.is((await bak(1, ['publish', 'news', text])).status, 0)
    assert.equal(await heard, { status: 0, signal: null, stdout: 'one\ntwo\nlines\n\n', stderr: '' })
  })

  by(`${program}: samples and periods; what is wrong is 64, and no run is 69`, async () => {
    assert.is((await bak(0, ['period', 'begin', 'p'])).status, 0)
    assert.is((await bak(0, ['sample', 'n', '1.5', 'ms'])).status, 0)
    const { status, stderr } = await bak(0, ['sample', 'n', 'x'])
    const usage = 'sample NAME VALUE [UNIT] [more|less] [sum|mean|max]'
    assert.equal([status, stderr], [64, `bak: "x" is not a number; it is called as: ${usage}\n`])
    const gone = await callBak(of(0), ['get', 'k'], { ...env, BAK_SOCK: '/no/such/socket' })
    assert.is(gone.status, 69)
    assert.match(gone.stderr, /^bak: no run answers at \/no\/such\/socket/)
  })

  by(`${program}: the end of the run ends who waits, with 69`, async () => {
    const before = called.received()
    const waiting = bak(0, ['get', 'k'])
    await until(() => called.received() > before, { timeout: 20_000, what: 'the question of a client' })
    called.collectives.close('the run is over')
    assert.equal(await waiting, { status: 69, signal: null, stdout: '', stderr: 'bak: the run is over\n' })
  })

  // nc cannot be told from its shell that was killed
  if (program === 'nc') continue
  by(`${program}: a client that is killed in mid wait has not come`, async () => {
    const before = called.received()
    const killed = bak(0, ['barrier', 'x'])
    await until(() => called.received() > before, { timeout: 20_000, what: 'the question of a client' })
    killed.child.kill('SIGKILL')
    await killed
    await sleep(100)
    const { status, stderr } = await bak(1, ['barrier', 'x', '--timeout', '0.05'])
    assert.equal([status, stderr], [1, 'bak: barrier x: after 0.05 s not here: m0/load\n'])
  })
}

clients('anything that is no call goes to the next bak on the PATH, with its words', async () => {
  const folder = join(scratch(), 'a b')
  mkdirSync(folder)
  writeFileSync(join(folder, 'bak'), '#!/bin/sh\nprintf "%s|" real "$@"\nexit 7\n')
  chmodSync(join(folder, 'bak'), 0o755)
  const { bin } = of(0)
  const PATH = `${bin}:/nonexistent:${folder}:${process.env.PATH}`
  const { status, stdout } = await callBak(of(0), ['run', '--x', 'two words', ''], { PATH })
  assert.equal([status, stdout], [7, 'real|run|--x|two words||'])
})

clients('without another bak it says which calls there are', async () => {
  const empty = scratch()
  symlinkSync('/bin/sh', join(empty, 'sh'))
  const { status, stderr } = await callBak(of(0), ['status'], { PATH: `${of(0).bin}:${empty}` })
  assert.is(status, 64)
  assert.match(stderr, /inside of a workload there are barrier, publish, .*; no other bak is on the PATH for: status/)
})

clients('without BAK_SOCK it says where it is called from', async () => {
  const { status, stderr } = await callBak(of(0), ['barrier', 'x'], { BAK_SOCK: '' })
  assert.equal([status, stderr], [69, 'bak: barrier is called from inside of a workload: BAK_SOCK is not set\n'])
})

clients.run()
