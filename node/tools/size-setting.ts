/** How much a tool may write: no measurement fills the disk of a machine. */
import type { Setting } from './tool.ts'

export const MIB = 1024 * 1024
/** Beyond it a person should say how, with a tool of their own. */
const MOST_MIB = 64 * 1024

/** @param usual MiB */
export const sizeSetting = (usual: number): Setting => ({
  name: 'size',
  type: 'number',
  default: usual,
  summary: 'MiB that it may write: it stops there, and a remark says when',
  check: mib => (mib >= 1 && mib <= MOST_MIB ? undefined : `expected 1 to ${MOST_MIB} MiB`)
})

/** @param after ms */
export const reachedSize = (mib: number, after: number) =>
  `reached its ${mib} MiB (size) after ${(after / 1000).toFixed(1)} s: what came later is not there`
