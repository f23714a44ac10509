/** How long a thread waits for a processor, as the kernel tells it. */
import { Worker } from 'node:worker_threads'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { waitedIn, waitedNow, waitedSince } from '../../../../node/work/tasks/driver/processor-waits.ts'

const waits = suite('waits for a processor')

waits('are a share of the time between two readings', () => {
  assert.is(waitedSince({ at: 1_000, waited: 50 }, { at: 2_000, waited: 300 }), 0.25)
  assert.is(waitedSince({ at: 1_000, waited: 50 }, { at: 2_000, waited: 5_000 }), 1)
  assert.is(waitedSince({ at: 1_000, waited: 50 }, { at: 1_000, waited: 50 }), undefined)
  assert.is(waitedSince(undefined, { at: 1, waited: 1 }), undefined)
})

waits('are unknown of a kernel that counts nothing, and not none', () => {
  assert.is(waitedIn('300471 64967 1\n'), 0.064967)
  assert.is(waitedIn('300471 0 1\n'), 0)
  assert.is(waitedIn('0 0 0\n'), undefined)
})

waits('are those of the thread that asks, and not of the process', async () => {
  const own = waitedNow()
  if (own == null) return
  const file = new URL('../../../../node/work/tasks/driver/processor-waits.ts', import.meta.url)
  const source = `import { parentPort } from 'node:worker_threads'
const { waitedNow } = await import(${JSON.stringify(file.href)})
const begin = waitedNow()
const { readFileSync } = await import('node:fs')
parentPort.postMessage({ now: waitedNow(), own: readFileSync('/proc/thread-self/schedstat', 'ascii'), begin })`
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(source)}`))
  const said = await new Promise<{ begin: { waited: number }; own: string }>((resolve, reject) =>
    worker.once('message', resolve).once('error', reject)
  )
  await worker.terminate()
  assert.ok(said.begin.waited <= Number(said.own.split(' ')[1]) / 1e6)
  assert.ok((waitedNow()?.waited ?? 0) >= own.waited)
})

waits.run()
