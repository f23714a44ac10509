/** Chooses the view that shows a run. */
import type { OutputPortion } from '../../protocols/output.ts'
import { LastLines } from '../last-lines.ts'
import { LiveOutput } from '../live-output.ts'
import { jsonView } from './json.ts'
import { plainView } from './plain.ts'
import { quietView } from './quiet.ts'
import type { View } from './view.ts'

interface ViewOptions {
  json: boolean
  quiet?: boolean
  /** False for `--no-progress`. */
  progress?: boolean
  /** Seconds. */
  heartbeat?: number
  /** The run as the person named it. */
  run?: string
  /** The whole output of a run that has ended. */
  rest?: (run: string) => AsyncIterable<OutputPortion>
  /** For `--tail`. */
  tail?: boolean
  /** Why each job was run or not, at the end. */
  explain?: boolean
  /** The daemon's control socket. */
  socket: string
}

/** @returns a live block for a person at a terminal, else lines */
export async function chooseView({
  json,
  quiet,
  progress = true,
  heartbeat = 15,
  run,
  rest,
  tail,
  explain,
  socket
}: ViewOptions): Promise<View> {
  if (json) return jsonView()
  if (quiet) return quietView()
  const output = new LiveOutput(rest)
  const isWatched = process.stderr.isTTY && (process.env.CI || 'false') === 'false' && process.env.TERM !== 'dumb'
  if (!progress || !isWatched) return plainView(heartbeat * 1000, output, run, explain)
  return (await import('./screen.ts')).screenView(output, run, tail ? new LastLines(socket) : undefined, explain)
}
