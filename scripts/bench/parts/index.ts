/** Every part, in the order in which they are measured: those that want the same mesh follow each other. */

import { bulk } from './bulk.ts'
import { fanIn } from './fan-in.ts'
import { footprint } from './footprint.ts'
import { observer } from './observer.ts'
import type { Part } from './part.ts'
import { phase } from './phase.ts'
import { skew } from './skew.ts'
import { stage } from './stage.ts'
import { startUp } from './start-up.ts'

export const parts: Part[] = [footprint, observer, phase, skew, fanIn, startUp, bulk, stage]

export const partNames = parts.map(({ name }) => name)
