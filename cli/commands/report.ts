/** `bak report`: writes a page that tells a run, or serves what the collectors of a run have kept, until it is ended. */
import { resolve } from 'node:path'
import type { Command } from 'commander'
import type { CallResponse } from '../../protocols/control.ts'
import { callDaemon } from '../../protocols/control-http.ts'
import { BakError } from '../../protocols/errors.ts'
import { addExamples, addFlag, type Context, RESULT, setAction } from '../command.ts'
import { currentFolder } from '../first-mistakes.ts'
import { formatBytes } from '../format.ts'
import { onSignals } from '../interrupt.ts'

interface Options {
  output?: string
  prometheus?: boolean
  listen?: string
}

export function define(command: Command): void {
  command.argument('<run>', RESULT)
  addFlag(command, '--output <file>', 'where the page is written (default: report.html in the folder of the result)')
  addFlag(command, '--prometheus', 'instead of a page serve the data of Prometheus, for its own page or for Grafana')
  addFlag(command, '--listen <address:port>', 'where, without authentication (default: 127.0.0.1 and any free port)')
  addExamples(command, {
    'bak report last': 'one HTML file with all that was measured; it needs no network',
    'bak report ./20261122T213015-k3f9ab --output fio.html': 'of a folder, without a daemon',
    'bak report last --prometheus': 'prints the address; Ctrl-C ends it, and the result stays as it was',
    'bak report last --prometheus --listen 127.0.0.1:9090': 'where a Grafana looks for it'
  })
  setAction(command, act)
}

async function act(context: Context, { output, prometheus, listen }: Options, run = ''): Promise<number> {
  if (prometheus) {
    if (output != null) throw new BakError('usage', '--prometheus serves data and writes no file: without --output')
    return serve(context, run, listen)
  }
  if (listen != null) throw new BakError('usage', `--listen is for --prometheus: bak report ${run} --prometheus`)
  // what it needs is not loaded for the help of a command
  const { reportRun } = await import('../report/report-run.ts')
  const made = await reportRun(context, run, output == null ? undefined : resolve(currentFolder(), output))
  await context.print(context.json ? JSON.stringify(made) : `${made.file}, ${formatBytes(made.bytes)}`)
  return 0
}

async function serve(context: Context, run: string, listen: string | undefined): Promise<number> {
  const leaving = new AbortController()
  const leave = () => leaving.abort()
  const release = onSignals({ cancel: leave, detach: leave })
  try {
    for await (const next of callDaemon(context.socket, 'report', { run, listen }, { signal: leaving.signal })) {
      if (context.json) await context.print(JSON.stringify(next))
      else await context.printLines(describe(next))
    }
    return 0
  } catch (cause) {
    // being ended is what it waits for
    if (leaving.signal.aborted) return 0
    throw cause
  } finally {
    release()
  }
}

/** Its own page shows the last hour unless it is told another time. */
function describe({ run, url, begun, ended = begun }: CallResponse<'report'>): string {
  const seconds = Math.ceil((ended - begun) / 1000) + 10
  const end = new Date(ended + 5_000).toISOString().slice(0, 19).replace('T', ' ')
  const page = new URLSearchParams({
    'g0.expr': 'up',
    'g0.tab': '0',
    'g0.range_input': `${seconds}s`,
    'g0.end_input': end
  })
  return `${url} serves the data of ${run}; Ctrl-C ends it\n${url}/graph?${page}`
}
