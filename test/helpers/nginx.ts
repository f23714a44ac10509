/** A real nginx for one test: a port of its own on loopback, its files in a temporary folder, one process. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Test } from 'uvu'
import { needs } from './skip.ts'
import { until } from './until.ts'

const START_MS = 10_000

export interface Nginx {
  /** `http://127.0.0.1:PORT`; `/status/404` and `/status/503` answer with these, all others with 200 and `ok`. */
  origin: string
  port: number
  /** The only process, to be stopped by SIGSTOP and continued. */
  pid: number
  /** Its access log, when so many requests are in it: a line is written a little later than the response. */
  requests(atLeast: number): Promise<LoggedRequest[]>
  /** Ends it by its pid. */
  stop(): Promise<void>
}

interface LoggedRequest {
  method: string
  path: string
  status: number
  /** The number of its connection. */
  connection: number
}

/** Debian has it in a folder that is on root's PATH only. */
const SYSTEM = '/usr/sbin'
const environment = { ...process.env, PATH: [process.env.PATH, SYSTEM].join(delimiter) }

/** @returns why there is none, as `needs` does */
export function needsNginx(): string | undefined {
  const before = process.env.PATH
  process.env.PATH = environment.PATH
  const reason = needs('nginx')
  process.env.PATH = before
  return reason
}

/** One for all tests of a suite, where there is nginx. @returns it, once the suite has begun */
export function useNginx<T>(suite: Test<T>): () => Nginx {
  let nginx: Nginx | undefined
  suite.before(async () => {
    if (needsNginx() == null) nginx = await startNginx()
  })
  suite.after(async () => nginx?.stop())
  return () => nginx as Nginx
}

/** @param locations more directives of its server */
export async function startNginx({ locations = '', log = true } = {}): Promise<Nginx> {
  const folder = mkdtempSync(join(tmpdir(), 'bak-nginx-'))
  // who runs it as another user must reach its temporary files
  mkdirSync(join(folder, 'temp'), { mode: 0o777 })
  try {
    // a port that was free may be taken by another until nginx has it
    for (let attempt = 0; attempt < 5; attempt++) {
      const started = await startOn(await freePort(), folder, { locations, log })
      if (started != null) return started
    }
    throw new Error(`nginx does not start: ${readFileSync(join(folder, 'error.log'), 'utf8')}`)
  } catch (cause) {
    rmSync(folder, { recursive: true })
    throw cause
  }
}

async function startOn(
  port: number,
  folder: string,
  { locations, log }: { locations: string; log: boolean }
): Promise<Nginx | undefined> {
  writeFileSync(join(folder, 'nginx.conf'), configuration(port, { locations, log }))
  const child = spawn('nginx', ['-p', folder, '-e', join(folder, 'error.log'), '-c', join(folder, 'nginx.conf')], {
    stdio: 'ignore',
    env: environment
  })
  const ended = once(child, 'exit')
  const answers = answering(port, child)
  if (!(await Promise.race([answers, ended.then(() => false)]))) return undefined
  const stop = async () => {
    if (child.exitCode == null && child.signalCode == null) {
      child.kill('SIGCONT')
      child.kill('SIGTERM')
      await Promise.race([ended, sleep(3_000, undefined, { ref: false }).then(() => child.kill('SIGKILL'))])
      await ended
    }
    rmSync(folder, { recursive: true, force: true })
  }
  const requests = async (atLeast: number) => {
    const lines = () => readFileSync(join(folder, 'access.log'), 'utf8').split('\n').slice(0, -1)
    await until(() => lines().length >= atLeast)
    return lines().map(line => {
      const [method = '', path = '', status, connection] = line.split(' ')
      return { method, path, status: Number(status), connection: Number(connection) }
    })
  }
  return { origin: `http://127.0.0.1:${port}`, port, pid: child.pid as number, requests, stop }
}

const configuration = (port: number, { locations, log }: { locations: string; log: boolean }) => `
daemon off;
master_process off;
pid nginx.pid;
events { worker_connections 4096; }
http {
  log_format short '$request_method $request_uri $status $connection';
  access_log ${log ? 'access.log short' : 'off'};
  client_body_temp_path temp/body;
  proxy_temp_path temp/proxy;
  fastcgi_temp_path temp/fastcgi;
  uwsgi_temp_path temp/uwsgi;
  scgi_temp_path temp/scgi;
  keepalive_requests 1000000000;
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location / { return 200 "ok\\n"; }
    location = /status/404 { return 404 "none"; }
    location = /status/503 { return 503 "busy"; }
    ${locations}
  }
}
`

async function answering(port: number, child: ChildProcess): Promise<boolean> {
  for (const end = Date.now() + START_MS; Date.now() < end && child.exitCode == null; await sleep(20)) {
    const socket = connect(port, '127.0.0.1')
    const isThere = await new Promise<boolean>(resolve => {
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    })
    socket.destroy()
    if (isThere) return true
  }
  child.kill('SIGKILL')
  return false
}

/** @returns a port of loopback that nobody has at this moment */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}
