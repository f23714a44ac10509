/** Files that a member could not pack, or that were refused here: the result is partial without them. */
import { MAX_SENT } from '../../../protocols/record.ts'
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
        record.missing ??= []
        if (record.missing.length < MAX_SENT) record.missing.push({ peer: by, name, what, files })
      }
    }
  }
}
