/** Output that cannot be had, in a line. */
import type { OutputMissing } from '../protocols/control.ts'
import { nameOfInstance } from '../protocols/instances.ts'

/** @returns `bak: no more output of c/client: it cannot be reached: ...` */
export const describeMissing = ({ missing, ...name }: OutputMissing): string =>
  `bak: no more output of ${nameOfInstance(name)}: ${missing}`
