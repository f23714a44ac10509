/** Vulnerabilities of the processor and their mitigations. */
import { type Collector, list, readAll } from './collector.ts'

const FOLDER = '/sys/devices/system/cpu/vulnerabilities'

export const mitigations: Collector = {
  collect: async () => readAll(FOLDER, await list(FOLDER))
}
