import type { PhaseHandler } from './phase.ts'
import { stopTools } from './stop.ts'

/** Persistent tools stop here. */
export const end: PhaseHandler = async ({ member }) => ({ warnings: await stopTools(member) })
