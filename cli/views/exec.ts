/** A run of one command on many members: its output as it comes, and at the end how it ended on each. */
import { callDaemon } from '../../protocols/control-http.ts'
import { asBakError } from '../../protocols/errors.ts'
import type { RunEvent } from '../../protocols/events.ts'
import { describeMissing } from '../describe-missing.ts'
import { type ExecResult, formatResults } from '../exec-table.ts'
import { writeNotes, writeTo } from '../output.ts'
import { PrefixedOutput } from '../prefixed-output.ts'
import { conclude } from '../verdict.ts'
import { describe } from './plain.ts'
import type { View } from './view.ts'

interface ExecViewOptions {
  json: boolean
  socket: string
  /** Aborts when the person detaches from the run. */
  signal: AbortSignal
}

/** Events of which a line tells beside the output and the table. */
const TOLD = ['waiting', 'refused', 'warning', 'lost', 'returned', 'cancel']

export function execView({ json, socket, signal }: ExecViewOptions): View {
  const results = new Map<string, ExecResult>()
  const print = (value: unknown) => writeTo(process.stdout, `${JSON.stringify(value)}\n`)
  let run = ''
  let output: Promise<void> | undefined
  return {
    start: async begun => {
      run = begun.run
      if (json) await print(begun)
      output = showOutput(run, { json, socket, signal })
    },
    show: async event => {
      note(results, event)
      if (json) return print(event)
      if (TOLD.includes(event.type)) await writeNotes(describe(run, event))
    },
    say: async text => (json ? undefined : writeNotes([text])),
    finish: async (id, ended) => {
      await output
      if (json || ended == null) return
      const { isTTY, columns } = process.stderr
      const table = formatResults([...results.values()], isTTY ? columns || 80 : Number.POSITIVE_INFINITY)
      for (const line of table) await writeTo(process.stderr, `${line}\n`)
      // the table says it all
      if (ended.verdict !== 'ok' || ended.partial) await writeNotes(conclude(id, { ...ended, folder: '' }))
    }
  }
}

function note(results: Map<string, ExecResult>, event: RunEvent): void {
  if (event.type === 'roster')
    for (const { name: member, workloads = [] } of event.members)
      if (workloads.length > 0) results.set(member, { member, why: 'no answer' })
  if (event.type === 'shortfall' && event.kind === 'member')
    results.set(event.what, { member: event.what, why: event.reason })
  if (event.type === 'excluded') {
    const { name: member, phase, reason } = event
    // it may have run before
    if (results.get(member)?.exit == null) results.set(member, { member, why: `${phase}: ${reason}` })
  }
  if (event.type === 'workload-ended' && event.member != null)
    results.set(event.member, { ...event, member: event.member })
}

/** Ends with the run. Never rejects. */
async function showOutput(run: string, { json, socket, signal }: ExecViewOptions): Promise<void> {
  let prefixed: PrefixedOutput | undefined
  try {
    for await (const next of callDaemon(socket, 'logs', { run, follow: true }, { signal })) {
      if ('width' in next) {
        prefixed ??= new PrefixedOutput(next)
        prefixed.widen(next.width)
      } else if (json) await writeTo(process.stdout, `${JSON.stringify({ type: 'output', ...next })}\n`)
      else if ('missing' in next) await writeNotes([describeMissing(next)])
      else await prefixed?.show(next)
    }
  } catch (cause) {
    if (!signal.aborted) await writeNotes([`bak: the rest of the output is not shown: ${asBakError(cause).message}`])
  }
  await prefixed?.finish()
}
