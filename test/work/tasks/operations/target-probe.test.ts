import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { needsNginx, startNginx } from '../../../helpers/nginx.ts'
import { GOOD, oddServer } from '../../../helpers/odd-server.ts'
import { skipWhere } from '../../../helpers/skip.ts'
import { runner } from './requesters.ts'

const probes = suite('the probe of targets')
const withNginx = skipWhere(needsNginx(), probes)

withNginx('a target says how it names itself, each once, and any status is an answer', async () => {
  const nginx = await startNginx()
  try {
    const made = await runner({ type: 'http', url: '/status/503', targets: [nginx.origin, nginx.origin] })
    const reached = await made.probe?.(AbortSignal.timeout(10_000))
    assert.is(reached?.length, 1)
    assert.is(reached?.[0]?.target, nginx.origin)
    assert.match(reached?.[0]?.server ?? '', /^nginx\/\d/)
    assert.equal(
      (await nginx.requests(1)).map(({ method, path }) => `${method} ${path}`),
      ['HEAD /status/503']
    )
  } finally {
    await nginx.stop()
  }
})

probes('a target that comes up later is waited for', async () => {
  const gone = await oddServer(() => {})
  await gone.close()
  const made = await runner({ type: 'http', url: gone.origin })
  const probing = made.probe?.(AbortSignal.timeout(10_000))
  const server = await oddServer(socket => socket.write(GOOD.replace('ok', '')), gone.port)
  try {
    assert.equal(await probing, [{ target: gone.origin }])
  } finally {
    await server.close()
  }
})

probes('targets that do not answer in time are named, with the reason of each', async () => {
  const silent = await oddServer(() => {})
  const gone = await oddServer(() => {})
  const mail = await oddServer(socket => socket.end('220 mail.example ESMTP\r\n'))
  const good = await oddServer(socket =>
    socket.end(Buffer.from('HTTP/1.1 405 No\r\nServer: odd\x9b/1\r\n\r\n', 'latin1'))
  )
  await gone.close()
  const targets = [silent, gone, good, mail].map(({ origin }) => origin)
  try {
    const made = await runner({ type: 'http', url: '/', targets })
    const failed = await made.probe?.(AbortSignal.timeout(1_500)).catch(cause => cause)
    assert.is((failed as { code?: string }).code, 'unreachable')
    assert.is(
      (failed as Error).message,
      `no answer from ${silent.origin} (timeout), ${gone.origin} (ECONNREFUSED), ${mail.origin} (no valid HTTP)`
    )
    const alone = await runner({ type: 'http', url: good.origin })
    assert.equal(await alone.probe?.(AbortSignal.timeout(10_000)), [{ target: good.origin, server: 'odd /1' }])
  } finally {
    await Promise.all([silent, good, mail].map(each => each.close()))
  }
})

probes('of many targets that do not answer three are named', async () => {
  const targets = Array.from({ length: 40 }, (_, i) => `http://127.0.0.1:${i + 1}`)
  const made = await runner({ type: 'http', url: '/', targets })
  const failed = (await made.probe?.(AbortSignal.timeout(300)).catch(cause => cause)) as Error
  assert.match(failed.message, / and 37 more$/)
})

probes.run()
