/** What the tarballs of members are called, by the folders that they fill: alike on the member, where they arrive, and for who verifies. Pure. */
import { type ResultPath, stepFolder } from './layout.ts'
import type { TarballKind } from './tarball/messages.ts'

/** The tarball of what persistent tools wrote, which comes with the answer to `end`. */
export const PERSISTENT_TOOLS = 'persistent tools'

/** @returns kind and name of the tarball that brings a folder of a member; nothing for what is no member's */
export function tarballOf(place: ResultPath | undefined): { kind: TarballKind; what: string } | undefined {
  switch (place?.kind) {
    case 'sysinfo':
      return { kind: 'sysinfo', what: `sysinfo ${place.when}` }
    case 'persistent':
    case 'persistent-series':
      return { kind: 'tools', what: PERSISTENT_TOOLS }
    case 'tools':
    case 'series':
    case 'workload':
      return { kind: 'sample', what: stepFolder(place.step) }
    default:
      return undefined
  }
}
