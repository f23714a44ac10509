/** Members that answer Prometheus with something else than what they measure. */
import { once } from 'node:events'
import { createServer, type RequestListener, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Collector, Target } from '../../node/collectors/collector.ts'
import { startPrometheus } from '../../node/collectors/prometheus.ts'
import { findProgram } from '../../node/tools/find-program.ts'
import { needs, skipWhere } from '../helpers/skip.ts'
import { until } from '../helpers/until.ts'
import { createWorkspace, type Workspace } from '../helpers/workspace.ts'

const test = suite('Prometheus and members that answer what they want')
const real = skipWhere(needs('prometheus'), test)

interface Asked {
  collector: Collector
  target: Target
  end(): Promise<void>
}

async function askMember({ folder, supervisor }: Workspace, answer: RequestListener): Promise<Asked> {
  const member = createServer(answer).listen(0, '127.0.0.1')
  await once(member, 'listening')
  const { port } = member.address() as AddressInfo
  const target: Target = {
    ...{ peer: 'p', member: 'a', labels: { role: '\x7f\u2028' }, group: 'default', tool: 'node-exporter', values: {} },
    ...{ interval: 500, port }
  }
  const { signal } = new AbortController()
  const program = (await findProgram('prometheus')) as string
  const collector = await startPrometheus({
    ...{ program, folder: join(folder, 'prometheus'), targets: [target], supervisor, signal },
    onEnd: how => assert.unreachable(how)
  })
  return {
    ...{ collector, target },
    async end() {
      await collector.stop()
      member.closeAllConnections()
      await new Promise(resolve => member.close(resolve))
    }
  }
}

/** Nothing that came from the member is taken, and Prometheus says why. */
async function isRefused({ collector, target }: Asked, why: RegExp): Promise<void> {
  await until(
    async () => {
      assert.equal(await collector.answered([target], 0), [], 'it is no answer')
      return why.test(collector.reason(target) ?? '')
    },
    { timeout: 30_000, what: () => `${why}: ${collector.reason(target)}` }
  )
}

real('are not led to other places, which only the controller can reach', async () => {
  const workspace = createWorkspace('hostile')
  let reached = 0
  const inner = createServer((_, response) => {
    reached++
    response.end('secret 1\n')
  }).listen(0, '127.0.0.1')
  await once(inner, 'listening')
  const { port } = inner.address() as AddressInfo
  const asked = await askMember(workspace, (_, response) => {
    response.writeHead(302, { location: `http://127.0.0.1:${port}/admin/delete` }).end()
  })
  try {
    await isRefused(asked, /302/)
    assert.is(reached, 0)
  } finally {
    await asked.end()
    inner.close()
    await workspace.close()
  }
})

real('take no answer without end, and say so', async () => {
  const workspace = createWorkspace('hostile')
  let sent = 0
  const piece = Buffer.from(`# ${'x'.repeat(1_000_000)}\n`)
  const pour = (response: ServerResponse) => {
    while (!response.destroyed && sent < 2_000_000_000) {
      sent += piece.length
      if (!response.write(piece)) return void response.once('drain', () => pour(response))
    }
  }
  const asked = await askMember(workspace, (_, response) => pour(response.writeHead(200)))
  try {
    await isRefused(asked, /body size limit/)
  } finally {
    await asked.end()
    await workspace.close()
  }
})

test.run()
