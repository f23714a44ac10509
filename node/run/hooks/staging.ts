/** What was brought to the members, and how much of it each had to fetch. */
import { driverOwnerOf } from '../staging-import.ts'
import type { RunHook } from './hook.ts'

export const staging: RunHook = {
  name: 'staging',
  after({ phase }, run, answers) {
    if (phase !== 'stage' || run.staged.length === 0) return
    const members = answers.flatMap(({ by, value: { staged } }) =>
      staged == null ? [] : [{ peer: by, name: run.nameOf(by) ?? by, ...staged }]
    )
    members.sort((a, b) => (a.name < b.name ? -1 : 1))
    run.record.staged = { contents: run.staged, members }
  },
  async close({ id, parts }) {
    parts.artifacts.store.needs.release(driverOwnerOf(id))
  }
}
