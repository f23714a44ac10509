import { setTimeout as sleep } from 'node:timers/promises'
import type { Command } from 'commander'
import { BakError } from '../../protocols/errors.ts'
import { addCommand, ask, example } from '../command.ts'

/** How long a daemon that was told to stop may take, ms. */
const PATIENCE = 20_000

export function addStop(program: Command): void {
  const description = 'leave the mesh in order and end the daemon; returns when it has ended'
  addCommand(program, 'stop', description, stopDaemon).addHelpText('after', example('bak-node stop', 'as SIGTERM does'))
}

export async function stopDaemon(command: Command): Promise<void> {
  const { pid } = await ask(command, 'status', {})
  await ask(command, 'stop', { leave: true })
  for (const deadline = Date.now() + PATIENCE; Date.now() < deadline; await sleep(50)) if (!isAlive(pid)) return
  throw new BakError('timeout', `process ${pid} has not ended within ${PATIENCE / 1000} s`)
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
