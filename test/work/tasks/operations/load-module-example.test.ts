import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { OperationRunner, Outcome } from '../../../../node/work/tasks/operation.ts'
import { readRunFile } from '../../../../protocols/run-file.ts'
import { freePort } from '../../../helpers/nginx.ts'
import { needs, skipWhere } from '../../../helpers/skip.ts'
import { until } from '../../../helpers/until.ts'
import { contextOf, failures, runner } from './requesters.ts'

const example = suite('examples/load-module')
const withRedis = skipWhere(needs('redis-server'), example)
const EXAMPLE = join(import.meta.dirname, '../../../../examples/load-module')

withRedis('the module fills a real redis in shares of its clients and reads what is in it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'bak-load-module-'))
  copyFileSync(join(EXAMPLE, 'redis.mjs'), join(folder, 'redis.mjs'))
  const port = await freePort()
  const server = spawn('redis-server', ['--port', `${port}`, '--save', '', '--dir', folder], {
    stdio: ['ignore', 'pipe', 'ignore']
  })
  try {
    await ready(server)
    const [fill, read] = await runnersOf(folder, port)
    const filled = (await Promise.all([0, 1, 2].map(index => allOf(fill, index)))).flat()
    assert.ok(
      filled.every(({ failed, unit }) => failed == null && unit === 'docs'),
      String(failures(filled))
    )
    assert.is(
      filled.reduce((sum, { weight = 0 }) => sum + weight, 0),
      1_050
    )
    const reader = await read.open(contextOf({ folder }))
    const found: Outcome[] = []
    for (let i = 0; i < 20; i++) found.push(await reader.request())
    assert.equal(failures(found), Array(20).fill(undefined))
    server.kill('SIGKILL')
    await once(server, 'exit')
    await until(async () => (await reader.request()).failed === 'the server closed the connection')
    await reader.close()
  } finally {
    server.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  }
})

example.run()

/** The operations of the run file as they are, on another port and with fewer documents. */
async function runnersOf(folder: string, port: number): Promise<[OperationRunner, OperationRunner]> {
  const { operation: named = [] } = readRunFile(readFileSync(join(EXAMPLE, 'run.toml'), 'utf8'), 'run.toml')
  const made = named.map(({ name: _, ...operation }) => {
    if (operation.type !== 'module') throw new Error(operation.type)
    const fewer = operation.function === 'fill' ? { documents: 1_050 } : { among: 1_050 }
    return runner({ ...operation, params: { ...operation.params, port, ...fewer } }, folder)
  })
  return (await Promise.all(made)) as [OperationRunner, OperationRunner]
}

async function allOf(made: OperationRunner, index: number): Promise<Outcome[]> {
  const client = await made.open(contextOf({ index, clients: 3 }))
  const ended: Outcome[] = []
  while (ended.at(-1)?.isLast !== true) ended.push(await client.request())
  await client.close()
  return ended
}

async function ready(server: ChildProcess): Promise<void> {
  let text = ''
  server.stdout?.on('data', bytes => {
    text += bytes
  })
  await until(() => text.includes('Ready to accept connections'))
}
