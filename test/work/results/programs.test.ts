/** Programs of this machine, run for a second at most: their readers know what these versions print. */
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { OutputText } from '../../../node/work/results/output-text.ts'
import { claimantOf } from '../../../node/work/results/read-results.ts'
import type { ResultReaderName } from '../../../protocols/workload-results.ts'
import { needs, skipWhere } from '../../helpers/skip.ts'
import { scratch } from '../../store/scratch.ts'
import { foundIn } from './found-in.ts'

const test = suite('programs whose results are read')
const run = promisify(execFile)

const fio = 'fio --name=x --filename=data --size=1m --bs=4k --rw=randread --loops=10'
const programs: Array<[reader: ResultReaderName, command: string, metrics: string[]]> = [
  ['fio', fio, ['read.iops', 'read.bw', 'read.clat.p99']],
  ['fio', `${fio} --output-format=json+`, ['read.iops', 'read.bw', 'read.clat.p99.9']],
  ['sysbench', 'sysbench cpu --time=1 run', ['events', 'latency.mean', 'latency.p95']],
  ['sysbench', 'sysbench memory --memory-total-size=64M run', ['events', 'memory.bw']],
  ['hyperfine', 'hyperfine -N --runs 2 --style basic true', ['mean', 'min', 'max']],
  ['stress-ng', 'stress-ng --cpu 1 --cpu-ops 20 --metrics-brief --temp-path .', ['cpu.ops']],
  ['openssl-speed', 'openssl speed -seconds 1 -bytes 64 -evp sha256', ['sha256.64']],
  ['perf-stat', 'perf stat -e task-clock,page-faults true', ['task-clock', 'page-faults', 'elapsed']],
  ['perf-stat', 'perf stat -x, -e task-clock,page-faults true', ['task-clock', 'page-faults']]
]
for (const [reader, command, metrics] of programs) {
  const [program = '', ...args] = command.split(' ')
  skipWhere(needs(program), test)(command, async () => {
    const { stdout, stderr } = await run(program, args, {
      cwd: scratch(),
      env: { ...process.env, LC_ALL: 'C' },
      timeout: 60_000
    })
    const text = [stdout, stderr].find(each => claimantOf(new OutputText(each)) === reader)
    assert.ok(text != null, `${stdout}${stderr}`)
    holds(reader, text, metrics)
  })
}

skipWhere(needs('hyperfine'), test)('hyperfine, to files', async () => {
  const cwd = scratch()
  await run('hyperfine', '-N --runs 2 --export-json h.json --export-csv h.csv true'.split(' '), {
    cwd,
    timeout: 30_000
  })
  for (const file of ['h.json', 'h.csv']) holds('hyperfine', readFileSync(join(cwd, file), 'utf8'), ['median', 'max'])
})

const iperf3 = async (...args: string[]) => {
  const port = await freePort()
  const server = run('iperf3', ['-s', '-1', '-p', `${port}`, '-B', '127.0.0.1'], { timeout: 30_000 })
  try {
    // it listens soon
    for (let tries = 0; tries < 100; tries++) {
      const { stdout } = await run('iperf3', ['-c', '127.0.0.1', '-p', `${port}`, '-t', '1', ...args]).catch(() => ({
        stdout: ''
      }))
      if (stdout.includes('receiver') || stdout.includes('sum_received')) return stdout
      await new Promise(resolve => setTimeout(resolve, 50))
    }
    throw new Error('iperf3 did not measure')
  } finally {
    server.child.kill()
    await server.catch(() => {})
  }
}
skipWhere(needs('iperf3'), test)('iperf3', async () => {
  holds('iperf3', await iperf3(), ['sent', 'received'])
  holds('iperf3', await iperf3('-J'), ['sent', 'received', 'rtt.mean'])
})

skipWhere(needs('redis-server') ?? needs('redis-benchmark'), test)('redis-benchmark', async () => {
  const port = await freePort()
  const server = run('redis-server', ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--dir', scratch()], {
    timeout: 60_000
  })
  try {
    for await (const line of server.child.stdout ?? []) if (/Ready to accept connections/.test(`${line}`)) break
    const words = ['-p', `${port}`, '-n', '1000', '-c', '5', '-t', 'set']
    for (const more of [[], ['--csv'], ['-q']]) {
      const { stdout } = await run('redis-benchmark', [...words, ...more], { timeout: 30_000 })
      assert.is(claimantOf(new OutputText(stdout)), 'redis-benchmark')
      holds('redis-benchmark', stdout, ['SET.requests', 'SET.latency.p50'])
    }
  } finally {
    server.child.kill()
    await server.catch(() => {})
  }
})

skipWhere(needs('wrk'), test)('wrk', async () => {
  const server = createHttpServer((_, answer) => answer.end('hello')).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  try {
    const { stdout } = await run('wrk', ['-t1', '-c2', '-d1s', '--latency', `http://127.0.0.1:${port}/`], {
      timeout: 30_000
    })
    assert.is(claimantOf(new OutputText(stdout)), 'wrk')
    holds('wrk', stdout, ['requests', 'transfer', 'latency.mean', 'latency.p99', 'latency.max'])
  } finally {
    server.closeAllConnections()
    server.close()
  }
})

test.run()

/** Each is there, and more than nothing. */
function holds(reader: ResultReaderName, text: string, names: string[]): void {
  const { metrics } = foundIn(reader, text)
  for (const name of names) {
    const found = metrics.find(each => each.name === `${reader}.${name}`)
    assert.ok(found != null && found.value > 0, `${name} of ${metrics.map(each => each.name).join(' ')}\n${text}`)
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  return port
}
