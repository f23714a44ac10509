/** The clock of clients in one thread, over an alarm of the test and over the real one. */
import { Worker } from 'node:worker_threads'
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Alarm, LoadClock } from '../../../../node/work/tasks/driver/load-clock.ts'
import { MetronomeAlarm, sharedMetronome } from '../../../../node/work/tasks/driver/metronome.ts'

const clock = suite('the clock of clients')

clock('clients are woken in the order of their moments, none before its own', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 8 }), { minLength: 1, maxLength: 40 }), async waits => {
      const it = new LoadClock(new TestAlarm())
      const begin = performance.now()
      const woken: number[] = []
      await Promise.all(
        waits.map(async wait => {
          await it.until(begin + wait)
          assert.ok(performance.now() >= begin + wait)
          woken.push(wait)
        })
      )
      assert.equal(
        woken,
        waits.slice().sort((a, b) => a - b)
      )
    }),
    { numRuns: 20 }
  )
})

clock('all who wait are woken when they are to end', async () => {
  const it = new LoadClock(new TestAlarm())
  const waiting = Promise.all([it.until(performance.now() + 1e6), it.until(performance.now() + 2e6)])
  it.wakeAll()
  await waiting
})

clock('the metronome wakes several threads, each at its moments and not before', async () => {
  const shared = sharedMetronome(2)
  const source = new URL('../../../../node/work/tasks/driver/metronome.ts', import.meta.url)
  const worker = new Worker(
    `import(${JSON.stringify(source.href)}).then(it => it.runMetronome(require('node:worker_threads').workerData, 2))`,
    {
      eval: true,
      workerData: shared
    }
  )
  // what waits for a word of shared memory keeps no process alive
  const alive = setInterval(() => {}, 1_000)
  try {
    const clocks = [0, 1].map(slot => new LoadClock(new MetronomeAlarm({ shared, slot, slots: 2 })))
    const lates = await Promise.all(
      clocks.map(async (it, i) => {
        const late: number[] = []
        for (let n = 0; n < 100; n++) {
          const moment = performance.now() + 0.3 + 0.7 * i
          await it.until(moment)
          late.push(performance.now() - moment)
        }
        return late.sort((a, b) => a - b)
      })
    )
    for (const late of lates) {
      assert.ok((late[0] ?? -1) >= 0)
      assert.ok((late[50] ?? 100) < 10, `half of them were ${late[50]} ms late`)
    }
    assert.ok((clocks[0]?.lateness.count ?? 0) >= 100)
  } finally {
    clearInterval(alive)
    await worker.terminate()
  }
})

clock.run()

class TestAlarm implements Alarm {
  #timer: NodeJS.Timeout | undefined

  set(moment: number, ring: () => void): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(ring, Math.max(0, moment - performance.now()))
  }

  clear(): void {
    clearTimeout(this.#timer)
  }
}
