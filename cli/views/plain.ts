/** The view of a run for logs and CI: a line a phase, and a heartbeat line while nothing happens. */
import type { RunEvent } from '../../protocols/events.ts'
import { stepFolder } from '../../protocols/layout.ts'
import { formatAge, formatBytes, formatDuration } from '../format.ts'
import { cleanLine, writeOutput, writeTo } from '../output.ts'
import { conclude, countBytes, countPresent, elapsedAt, noProgress, type Progress, reduce } from '../progress.ts'
import type { View } from './view.ts'

/** @param heartbeat ms without a line after which one says that the run continues */
export function plainView(heartbeat: number, run?: string): View {
  let state: Progress = { ...noProgress, run }
  let timer: NodeJS.Timeout | undefined
  const print = (text: string) => {
    timer?.refresh()
    return writeTo(process.stderr, `${cleanLine(text)}\n`)
  }
  const beat = () => print(describeHeartbeat(state, Date.now()))
  return {
    start: async (run, existed) => {
      state = { ...state, run }
      timer = setInterval(beat, heartbeat)
      await print(`run ${run} ${existed ? 'exists already' : 'started'}`)
    },
    show: async event => {
      state = reduce(state, event)
      timer ??= setInterval(beat, heartbeat)
      if (event.type === 'output') return writeOutput(process[event.stream], event)
      const line = describe(state.run, event)
      if (line != null) await print(line)
    },
    say: print,
    finish: async (run, ended) => {
      clearInterval(timer)
      timer = undefined
      const last = ended == null ? [] : conclude(run, ended, formatDuration)
      for (const line of last) await writeTo(process.stderr, `${cleanLine(line)}\n`)
    }
  }
}

/** @returns the line of an event, or undefined for an event without a line */
export function describe(run: string | undefined, event: RunEvent): string | undefined {
  const words = wordsOf(event)
  return words == null ? undefined : `${new Date(event.at).toISOString()} run=${run} ${words}`
}

function wordsOf(event: RunEvent): string | undefined {
  switch (event.type) {
    case 'waiting':
      return `waiting for members, ${event.present} of ${event.expect} are here`
    case 'phase-closed': {
      const what = [`phase=${event.phase}`, event.when, event.step && `step=${stepFolder(event.step)}`].filter(Boolean)
      const verdict = event.verdict === 'met' ? 'ok' : 'failed'
      return `${what.join(' ')} ${verdict} ${event.ok}/${event.asked} ${formatDuration(event.took)}${event.reason == null ? '' : `: ${event.reason}`}`
    }
    case 'excluded':
      return `excluded=${event.name} phase=${event.phase} ${event.code}: ${event.reason}`
    case 'refused':
      return `refused=${event.peer} ${event.what} ${event.code}: ${event.reason}`
    case 'warning':
      return `warning: ${event.text}`
    case 'cancel':
      return `cancelled by ${event.by}: ${event.reason}`
    default:
      return undefined
  }
}

function describeHeartbeat(state: Progress, now: number): string {
  const members = `${countPresent(state)} of ${state.members.length} members`
  const text = `still running ${formatAge(elapsedAt(state, now))}, ${members}, ${formatBytes(countBytes(state))}`
  return `${new Date(now).toISOString()} run=${state.run} ${text}`
}
