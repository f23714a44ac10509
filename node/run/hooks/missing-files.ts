/** Files that a member could not pack: the result is partial without them. */
import type { RunHook } from './hook.ts'

export const missingFiles: RunHook = {
  name: 'missing-files',
  after(_, run, answers) {
    const { record } = run
    for (const { by, value } of answers) {
      for (const { name: what, missing: files = 0 } of value.produced ?? []) {
        if (files === 0) continue
        const name = run.nameOf(by) ?? by
        record.partial = true
        record.missing = [...(record.missing ?? []), { peer: by, name, what, files }]
      }
    }
  }
}
