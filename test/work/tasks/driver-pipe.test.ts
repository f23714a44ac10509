/** The frames between a daemon and its driver, over real sockets. */
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type FromDriver, MAX_DRIVER_FRAME } from '../../../node/work/tasks/driver-messages.ts'
import { pipeToDaemon, pipeToDriver } from '../../../node/work/tasks/driver-pipe.ts'
import { BYTES_A_SAMPLE } from '../../../protocols/tasks/sample-block.ts'

const pipe = suite('the pipe of the driver')

pipe('messages arrive whole and in order, however they are cut', async () => {
  await withSockets(async (daemon, driver) => {
    const to = pipeToDriver(daemon)
    const from = pipeToDaemon(driver)
    const sent: FromDriver[] = Array.from({ length: 200 }, (_, i) => block(1 + ((i * 37) % 400)))
    const sending = (async () => {
      for (const message of sent) await from.send(message)
      from.end()
    })()
    const received: FromDriver[] = []
    for await (const message of to) received.push(message)
    await sending
    assert.equal(received, sent)
  })
})

pipe('a reader that takes nothing holds the writer up', async () => {
  await withSockets(async (daemon, driver) => {
    const to = pipeToDriver(daemon)
    const from = pipeToDaemon(driver)
    let sent = 0
    const sending = (async () => {
      for (; sent < 400; sent++) await from.send(block(4096))
      from.end()
    })()
    await new Promise(resolve => setTimeout(resolve, 200))
    assert.ok(sent < 20, `${sent} blocks of 200 KB were taken by nobody`)
    let received = 0
    for await (const _ of to) received++
    await sending
    assert.is(received, 400)
  })
})

pipe('any number of messages may wait for room', async () => {
  await withSockets(async (daemon, driver) => {
    const to = pipeToDriver(daemon)
    const from = pipeToDaemon(driver)
    const sending = Promise.all(Array.from({ length: 60 }, () => from.send(block(4096))))
    assert.is(driver.listenerCount('drain'), 1)
    void sending.then(() => from.end())
    let received = 0
    for await (const _ of to) received++
    await sending
    assert.is(received, 60)
    assert.is(driver.listenerCount('drain'), 0)
  })
})

pipe('what is no message of the other side is refused', async () => {
  await withSockets(async (daemon, driver) => {
    const from = pipeToDaemon(driver)
    await from.send({ type: 'cut' } as never)
    await rejects(first(pipeToDriver(daemon)), /type/)
  })
  await withSockets(async (daemon, driver) => {
    driver.write(Buffer.from([0xff, 0xff, 0xff, 0xff]))
    await rejects(first(pipeToDriver(daemon)), /4294967295 bytes is too large/)
  })
  await withSockets(async (daemon, driver) => {
    driver.end(Buffer.from([0, 0, 0, 9, 1, 2]))
    await rejects(first(pipeToDriver(daemon)), /in the middle of a message/)
  })
})

pipe('a message that is too large is not sent', async () => {
  await withSockets(async (daemon, driver) => {
    const to = pipeToDriver(daemon)
    const huge = { x: 'y'.repeat(MAX_DRIVER_FRAME) }
    await rejects(
      to.send({ type: 'begin', spec: {} as never, params: huge, sample: '', workers: [], exact: [] }),
      /too large/
    )
    assert.ok(driver.writable)
  })
})

pipe('a writer that waits is told when the other side is gone', async () => {
  await withSockets(async (daemon, driver) => {
    const from = pipeToDaemon(driver)
    const sending = (async () => {
      for (;;) await from.send(block(4096))
    })()
    setTimeout(() => daemon.destroy(), 50)
    await rejects(sending, /closed/)
  })
})

pipe('many that wait for room are told with one listener, and all arrive', async () => {
  await withSockets(async (daemon, driver) => {
    const from = pipeToDaemon(driver)
    const sending = Array.from({ length: 40 }, () => from.send(block(4096)))
    assert.is(driver.listenerCount('drain'), 1)
    let came = 0
    for await (const _ of pipeToDriver(daemon)) if (++came === 40) break
    await Promise.all(sending)
    assert.is(driver.listenerCount('drain'), 0)
  })
})

pipe.run()

function block(samples: number): FromDriver {
  const columns = new Uint8Array(samples * BYTES_A_SAMPLE).fill(samples % 64)
  return { type: 'samples', element: 1, task: 'read', samples, columns, kinds: [], unit: 'ops' }
}

async function first(messages: AsyncIterable<unknown>): Promise<unknown> {
  for await (const message of messages) return message
  return undefined
}

async function rejects(work: Promise<unknown>, what: RegExp): Promise<void> {
  const error = await work.then(
    () => undefined,
    cause => cause
  )
  assert.match(String(error?.message), what)
  assert.is(error.name, 'BakError')
}

async function withSockets(work: (daemon: Socket, driver: Socket) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'bak-pipe-'))
  const server = createServer()
  server.listen(join(folder, 's'))
  await once(server, 'listening')
  const accepted = once(server, 'connection')
  const driver = connect(join(folder, 's'))
  const [daemon] = (await accepted) as [Socket]
  try {
    await work(daemon, driver)
  } finally {
    daemon.destroy()
    driver.destroy()
    server.close()
    rmSync(folder, { recursive: true })
  }
}
