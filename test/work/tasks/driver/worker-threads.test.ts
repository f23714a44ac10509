/** Worker threads of the driver that do not do what they should. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { driverSource } from '../../../../node/work/tasks/driver/driver-source.ts'
import type { FromThread } from '../../../../node/work/tasks/driver/thread-messages.ts'
import { WorkerThreads } from '../../../../node/work/tasks/driver/worker-threads.ts'
import { sharedOffset } from '../../../../node/work/tasks/shared-clock.ts'
import { check } from '../../../../protocols/codec.ts'
import { spec as specSchema } from '../../../../protocols/spec.ts'
import { until } from '../../../helpers/until.ts'

const threads = suite('worker threads of the driver')

threads('one that an operation does not let go of is given up by name, and ended; the others go on', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'bak-threads-'))
  const source = join(folder, 'driver.mjs')
  writeFileSync(source, await driverSource())
  writeFileSync(join(folder, 'm.mjs'), 'export default ({ index }) => { while (index === 0); }')
  const operation = { type: 'module', module: 'm.mjs' }
  const spec = check(specSchema, { tools: [], task: [{ name: 'a', operation, clients: 2, iterations: 5 }] })
  const heard: [number, FromThread['type']][] = []
  const lost: [number, string][] = []
  const common = { spec, params: {}, sample: '', exact: new SharedArrayBuffer(4), isRaw: false, folder }
  const it = new WorkerThreads({
    source: pathToFileURL(source),
    threads: [0, 1].map(client => ({ ...common, clients: [client] })),
    heard: (thread, { type }) => heard.push([thread, type]),
    lost: (thread, why) => lost.push([thread, why]),
    silence: 3_000
  })
  try {
    const has = (thread: number, type: string) => heard.some(each => each[0] === thread && each[1] === type)
    await until(() => has(0, 'ready') && has(1, 'ready'))
    it.tellAll({ type: 'element', element: 1, at: Date.now(), begin: performance.now() + sharedOffset() })
    await until(() => lost.length > 0)
    assert.equal(lost, [[0, 'a worker thread does nothing else for 3 s: an operation does not let go of it']])
    assert.ok(has(1, 'joined'))
    assert.not(has(0, 'joined'))
  } finally {
    it.end(0)
    await it.endAll(3_000)
    rmSync(folder, { recursive: true })
  }
})

threads('one that hangs while an operation is loaded says which, and what it was at', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'bak-threads-'))
  const source = join(folder, 'driver.mjs')
  writeFileSync(source, await driverSource())
  writeFileSync(join(folder, 'm.mjs'), 'export default () => {}; export const setup = () => { for (;;); }')
  const spec = check(specSchema, {
    tools: [],
    operation: [{ name: 'fill', type: 'module', module: 'm.mjs' }],
    task: [{ operation: 'fill' }]
  })
  const lost: string[] = []
  const init = { spec, params: {}, sample: '', exact: new SharedArrayBuffer(4), isRaw: false, folder, clients: [0] }
  const it = new WorkerThreads({
    source: pathToFileURL(source),
    threads: [init],
    heard: (_, { type }) => type === 'ready' && it.tell(0, { type: 'load' }),
    lost: (_, why) => lost.push(why),
    silence: 2_000
  })
  try {
    await until(() => lost.length > 0)
    const why = 'fill: the setup of m.mjs does not let go of it'
    assert.equal(lost, [`a worker thread does nothing else for 2 s: ${why}`])
  } finally {
    it.end(0)
    await it.endAll(1_000)
    rmSync(folder, { recursive: true })
  }
})

threads.run()
