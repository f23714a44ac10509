/** Chooses the view that shows a run. */
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
}

/** @returns a live block for a person at a terminal, else lines */
export async function chooseView({ json, quiet, progress = true, heartbeat = 15, run }: ViewOptions): Promise<View> {
  if (json) return jsonView()
  if (quiet) return quietView()
  const isWatched = process.stderr.isTTY && (process.env.CI || 'false') === 'false' && process.env.TERM !== 'dumb'
  if (!progress || !isWatched) return plainView(heartbeat * 1000, run)
  return (await import('./screen.ts')).screenView(run)
}
