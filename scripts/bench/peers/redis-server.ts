/** A Redis of its own on a free port of loopback, that keeps nothing on disk. */
import { spawn } from 'node:child_process'
import { type AddressInfo, createServer } from 'node:net'
import { end, keep } from '../crew.ts'
import { findProgram } from './programs.ts'
import { Redis } from './resp.ts'

/** Longest wait for the server to answer. */
const READY_TIMEOUT_MS = 10_000

export interface RedisServer {
  port: number
  pid: number
  stop(): Promise<void>
}

/** @throws if it does not get ready */
export async function startRedis(): Promise<RedisServer | { absent: string }> {
  const program = findProgram('redis-server')
  if ('absent' in program) return program
  const port = await freePort()
  const settings = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', '/tmp']
  const child = keep(
    spawn(program.path, settings, { stdio: 'ignore', env: { ...process.env, ...program.env }, detached: true })
  )
  child.once('error', () => {})
  const deadline = performance.now() + READY_TIMEOUT_MS
  for (;;) {
    try {
      const redis = await Redis.connect(port)
      await redis.command('PING')
      redis.close()
      return { port, pid: child.pid as number, stop: () => end(child) }
    } catch (cause) {
      if (performance.now() > deadline || child.exitCode != null) {
        await end(child)
        throw new Error(`redis-server is not ready: ${(cause as Error).message}`)
      }
      await new Promise(resolve => setTimeout(resolve, 50))
    }
  }
}

/** @returns a port of loopback that nobody has just now */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise(resolve => server.close(resolve))
  return port
}
