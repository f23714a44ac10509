/** An nginx of its own on a free port of loopback: one process, which writes no log and answers each request with three bytes. */
import { spawn } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { end, keep } from '../crew.ts'
import { findProgram } from './programs.ts'
import { freePort } from './redis-server.ts'

const READY_TIMEOUT_MS = 10_000

export interface NginxServer {
  url: string
  stop(): Promise<void>
}

/** @param folder an empty one for its files @throws if it does not get ready */
export async function startNginx(folder: string): Promise<NginxServer | { absent: string }> {
  const program = findProgram('nginx')
  if ('absent' in program) return program
  const port = await freePort()
  const file = join(folder, 'nginx.conf')
  await mkdir(join(folder, 'temp'), { recursive: true })
  await writeFile(file, configurationOf(port))
  const child = keep(
    spawn(program.path, ['-p', folder, '-e', join(folder, 'error.log'), '-c', file], {
      ...{ stdio: 'ignore', env: { ...process.env, ...program.env }, detached: true }
    })
  )
  child.once('error', () => {})
  const url = `http://127.0.0.1:${port}/`
  for (const deadline = performance.now() + READY_TIMEOUT_MS; ; ) {
    const answer = await fetch(url).catch(cause => cause as Error)
    if (!(answer instanceof Error)) {
      await answer.arrayBuffer()
      return { url, stop: () => end(child) }
    }
    if (performance.now() > deadline || child.exitCode != null) {
      await end(child)
      throw new Error(`nginx is not ready: ${answer.message}`)
    }
    await new Promise(resolve => setTimeout(resolve, 50))
  }
}

const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']

const configurationOf = (port: number) => `
daemon off;
master_process off;
pid nginx.pid;
events { worker_connections 4096; }
http {
  access_log off;
${temporary.map(each => `  ${each}_temp_path temp/${each};`).join('\n')}
  keepalive_requests 1000000000;
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location / { return 200 "ok\\n"; }
  }
}
`
