/** What members could not do although it was asked for: tools that they lack or that ended early, parts of sysinfo. */
import { endOf } from '../early-missing.ts'
import { lackOf } from '../shortfalls.ts'
import type { RunHook } from './hook.ts'

export const missingParts: RunHook = {
  name: 'missing-parts',
  after({ phase }, run, answers) {
    for (const { by, value } of answers) {
      if (value.outcome !== 'ok') continue
      const member = run.nameOf(by) ?? by
      for (const { ends, ...each } of value.missing ?? []) {
        run.lack({ ...each, member })
        // it was told at once, if that arrived
        const why = endOf(run, by, { ...each, ends })
        if (why != null) run.cancel(why)
      }
      // the capabilities of a member stay on the roster: only `join` says what they lack
      const lacking = phase === 'join' ? (value.capabilities?.tools ?? []).filter(({ usable }) => !usable) : []
      for (const each of lacking) run.lack(lackOf(member, each))
    }
  }
}
