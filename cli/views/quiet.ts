/** A run as one line: the folder of its result. */
import { formatDuration } from '../format.ts'
import { writeTo } from '../output.ts'
import { conclude } from '../progress.ts'
import type { View } from './view.ts'

/** Only the folder, and the reason if the run was no success. */
export function quietView(): View {
  const say = (text: string) => writeTo(process.stderr, `${text}\n`)
  return {
    start: async () => {},
    show: async () => {},
    say,
    finish: async (run, ended) => {
      if (ended == null) return
      if (ended.folder !== '') await writeTo(process.stdout, `${ended.folder}\n`)
      const [summary = ''] = conclude(run, ended, formatDuration)
      if (ended.status !== 0) await say(summary)
    }
  }
}
