/** A driver that hangs is noticed, and one that speaks is not. */
import { setTimeout as sleep } from 'node:timers/promises'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { SilenceWatch } from '../../../node/work/tasks/silence-watch.ts'
import { stayAwake } from '../../helpers/streams.ts'
import { until } from '../../helpers/until.ts'

const test = suite('silence of a driver')
test.after(stayAwake())

test('it is told once, and not before the watch begins or after it ends', async () => {
  const said: string[] = []
  const watch = new SilenceWatch(why => said.push(why), 10)
  await sleep(100)
  assert.equal(said, [])
  watch.start()
  await until(() => said.length > 0)
  await sleep(100)
  assert.equal(said, ['the load driver has said nothing for 0.06 s, and was killed'])
  const stopped = new SilenceWatch(why => said.push(why), 10)
  stopped.start()
  stopped.stop()
  await sleep(100)
  assert.is(said.length, 1)
})

test('a daemon that did not run itself hears what came meanwhile first', async () => {
  const said: string[] = []
  const watch = new SilenceWatch(why => said.push(why), 10)
  watch.start()
  const speaking = setInterval(() => watch.heard(), 15)
  for (let i = 0; i < 3; i++) {
    const end = performance.now() + 150
    while (performance.now() < end);
    await sleep(40)
  }
  assert.equal(said, [])
  clearInterval(speaking)
  watch.stop()
})

test.run()
