/** Whether the machine is fit to measure, as it is at this moment. */
import { readNoise } from '../noise/read-noise.ts'
import type { Collector } from './collector.ts'

export const noise: Collector = {
  isPublic: true,
  collect: async ({ home, signal, watch }) => ({ findings: await readNoise({ home }, watch, signal) })
}
