import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Lock, takeLock } from '../../node/store/lock.ts'
import { listAll, scratch } from './scratch.ts'

const test = suite('lock')
const source = new URL('../../node/store/lock.ts', import.meta.url).href
const holder = `import { takeLock } from ${JSON.stringify(source)}
try {
  await takeLock(process.argv[1])
  console.log('mine')
  setInterval(() => {}, 60_000)
} catch (error) { console.log(error.code) }`

/** A process that takes the lock and keeps it; resolves with its first line. */
async function startHolder(path: string): Promise<{ child: ChildProcess; printed: string }> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', holder, path], {
    stdio: ['ignore', 'pipe', 'inherit']
  })
  const [printed] = await once(child.stdout as NodeJS.ReadableStream, 'data')
  return { child, printed: String(printed).trim() }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode != null || child.signalCode != null) return
  child.kill('SIGKILL')
  await once(child, 'exit')
}

test('a second holder is refused with the pid of the first, until that releases the lock', async () => {
  const path = join(scratch(), 'lock')
  const lock = await takeLock(path)
  const error = await takeLock(path).catch(error => error)
  assert.is(error.code, 'busy')
  assert.match(error.message, String(process.pid))
  await lock.release()
  await (await takeLock(path)).release()
  await lock.release()
})

test('the lock of a living process is respected, that of a killed one replaced', async () => {
  const folder = scratch()
  const path = join(folder, 'lock')
  const { child, printed } = await startHolder(path)
  try {
    assert.is(printed, 'mine')
    const error = await takeLock(path).catch(error => error)
    assert.is(error.code, 'busy')
    assert.match(error.message, String(child.pid))
    await stop(child)
    await (await takeLock(path)).release()
    assert.equal(await listAll(folder), [])
  } finally {
    await stop(child)
  }
})

test('a lock is stale if its pid belongs to another process, if the machine was rebooted, or if it is damaged', async () => {
  const path = join(scratch(), 'lock')
  const first = await takeLock(path)
  const mine = JSON.parse(await readFile(path, 'utf8'))
  await first.release()
  const stale = [JSON.stringify({ ...mine, started: '1' }), JSON.stringify({ ...mine, boot: 'x' }), '', '{"pid":', '7']
  for (const content of stale) {
    await writeFile(path, content)
    await (await takeLock(path)).release()
  }
})

test('of many callers that find a stale lock at once exactly one gets it, every time', async () => {
  const folder = scratch()
  const path = join(folder, 'lock')
  for (let round = 0; round < 10; round++) {
    await writeFile(path, `stale ${round}`)
    const results = await Promise.allSettled(Array.from({ length: 8 }, () => takeLock(path)))
    const got = results.filter(each => each.status === 'fulfilled') as PromiseFulfilledResult<Lock>[]
    assert.is(got.length, 1)
    for (const each of results) if (each.status === 'rejected') assert.is(each.reason.code, 'busy')
    await got[0]?.value.release()
  }
  assert.equal(await listAll(folder), [])
})

test('of several processes that find a stale lock at once exactly one gets it', async () => {
  const path = join(scratch(), 'lock')
  await writeFile(path, 'stale')
  const holders = await Promise.all(Array.from({ length: 4 }, () => startHolder(path)))
  try {
    assert.equal(holders.map(each => each.printed).sort(), ['busy', 'busy', 'busy', 'mine'])
  } finally {
    for (const { child } of holders) await stop(child)
  }
})

test.run()
