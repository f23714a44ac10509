/** `bak forward`: ports of this machine that lead to ports of a member, through the mesh, until it is ended. */
import type { Command } from 'commander'
import type { CallResponse } from '../../protocols/control.ts'
import { callDaemon } from '../../protocols/control-http.ts'
import { MAX_TIMER_MS, readDuration } from '../../protocols/duration.ts'
import { BakError } from '../../protocols/errors.ts'
import { portsIn } from '../../protocols/ports.ts'
import { addExamples, addFlag, type Context, setAction } from '../command.ts'
import { onSignals } from '../interrupt.ts'
import { writeNotes } from '../output.ts'

export function define(command: Command): void {
  command.argument('<peer>', 'a member, by its name or a selector')
  command.argument('<ports...>', 'each [LOCAL:]REMOTE; without LOCAL any free port of this machine')
  addFlag(command, '--for <time>', 'end after this time, such as 10m (default: on Ctrl-C)')
  addExamples(command, {
    'bak forward db1 9100': 'prints where port 9100 of db1 is reached; its owner allows that by allow.forward',
    'bak forward db1 8080:80 9090': 'port 80 of db1 is port 8080 here, and port 9090 any that is free',
    'bak forward db1 8080:80 --for 10m': 'ends after ten minutes'
  })
  setAction<{ for?: string }>(command, act)
}

async function act(context: Context, { for: time }: { for?: string }, peer = '', ...words: string[]): Promise<number> {
  const ports = words.map(portIn)
  const leaving = new AbortController()
  const leave = () => leaving.abort()
  const release = onSignals({ cancel: leave, detach: leave })
  const timer = time == null ? undefined : setTimeout(leave, Math.min(readDuration(time), MAX_TIMER_MS))
  try {
    for await (const next of callDaemon(context.socket, 'forward', { peer, ports }, { signal: leaving.signal })) {
      if (context.json) await context.print(JSON.stringify(next))
      else if (next.type === 'listening') await context.print(describe(next))
      else await writeNotes([describe(next)])
    }
    return 0
  } catch (cause) {
    // being ended is what it waits for
    if (leaving.signal.aborted) return 0
    throw cause
  } finally {
    clearTimeout(timer)
    release()
  }
}

function describe(told: CallResponse<'forward'>): string {
  if (told.type === 'listening') return `${told.host}:${told.local} leads to port ${told.remote} of ${told.name}`
  if (told.type === 'failed') return `bak: a connection to port ${told.remote} failed: ${told.error}`
  return `bak: ${told.name} ${told.here ? 'is back' : 'cannot be reached now; the ports stay open'}`
}

/** @throws {BakError} `usage` */
function portIn(word: string): { remote: number; local?: number } {
  const [remote = '', local, ...more] = word.split(':').reverse()
  const [there, here] = [numberIn(remote), local == null ? undefined : numberIn(local)]
  if (there == null || (local != null && here == null) || more.length > 0)
    throw new BakError('usage', `${word}: expected REMOTE or LOCAL:REMOTE, each a port from 1 to 65535`)
  return { remote: there, local: here }
}

function numberIn(text: string): number | undefined {
  const range = text.includes('-') ? undefined : portsIn(text)
  return range?.first
}
