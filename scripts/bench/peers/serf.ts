/** Agents of serf on loopback, in one cluster. */
import { spawn } from 'node:child_process'
import type { Bench } from '../bench.ts'
import { end, keep } from '../crew.ts'
import { findProgram, type Program } from './programs.ts'
import { freePort } from './redis-server.ts'

/** Longest wait for an agent to be ready. */
const READY_TIMEOUT_MS = 15_000

export interface Serf {
  pids: number[]
  program: Program
  /** Where the first agent answers `serf members`. */
  rpc: string
}

/** @throws if an agent does not get ready */
export async function startSerf(bench: Bench, agents: number): Promise<Serf | { absent: string }> {
  const program = findProgram('serf')
  if ('absent' in program) return program
  const started: Agent[] = []
  for (let i = 0; i < agents; i++) {
    const agent = await startAgent(program, `s${i}`, started[0]?.bind)
    bench.after(agent.stop)
    started.push(agent)
  }
  return { program, rpc: started[0]?.rpc as string, pids: started.map(({ pid }) => pid) }
}

export interface Agent {
  pid: number
  bind: string
  rpc: string
  /** ms from spawn to its being ready. */
  took: number
  stop(): Promise<void>
}

/** @param join an agent of the cluster @throws if it does not get ready */
export async function startAgent({ path, env }: Program, name: string, join?: string): Promise<Agent> {
  const bind = `127.0.0.1:${await freePort()}`
  const rpc = `127.0.0.1:${await freePort()}`
  const args = ['agent', '-node', name, '-bind', bind, '-rpc-addr', rpc, ...(join == null ? [] : ['-join', join])]
  const began = performance.now()
  const child = keep(
    spawn(path, args, { stdio: ['ignore', 'pipe', 'ignore'], env: { ...process.env, ...env }, detached: true })
  )
  const stop = () => end(child)
  const ready = Promise.withResolvers<void>()
  let said = ''
  child.stdout?.on('data', data => {
    said += data
    if (said.includes('Serf agent running!')) ready.resolve()
    if (said.length > 10_000) said = said.slice(-1_000)
  })
  child.once('error', ready.reject)
  child.once('exit', status => ready.reject(new Error(`serf agent ended with ${status}: ${said.slice(-300)}`)))
  const timer = setTimeout(() => ready.reject(new Error(`serf agent is not ready: ${said}`)), READY_TIMEOUT_MS)
  try {
    await ready.promise
    return { pid: child.pid as number, bind, rpc, took: performance.now() - began, stop }
  } catch (error) {
    await stop()
    throw error
  } finally {
    clearTimeout(timer)
  }
}
