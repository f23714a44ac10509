/** nvidia-smi: use, memory, temperature, power and clocks of each GPU of NVIDIA. */
import { existsSync } from 'node:fs'
import { observingProgram } from '../observing-program.ts'
import { reasonOf, tryProgram } from '../try-program.ts'

const DEVICE = '/dev/nvidiactl'
const QUERY =
  'timestamp,index,name,utilization.gpu,utilization.memory,memory.used,memory.total,temperature.gpu,power.draw,' +
  'clocks.sm,clocks.mem,pstate'

export const nvidiaSmi = observingProgram({
  name: 'nvidia-smi',
  summary: 'use, memory, temperature, power and clocks of each GPU of NVIDIA',
  needs: { debian: 'nvidia-smi', fedora: 'xorg-x11-drv-nvidia-cuda', privilege: 'none; the driver of NVIDIA' },
  settings: [
    {
      name: 'query',
      type: 'string',
      default: QUERY,
      summary: 'names of what is asked for, as nvidia-smi --help-query-gpu prints them',
      check: text => (/^[a-z][\w.,]{0,2047}$/.test(text) ? undefined : 'expected names with commas between them')
    }
  ],
  size: 64,
  // it can also set power and clocks, and reset a GPU: of its other words none is known here
  argv: ({ values, interval }) => [
    ...['nvidia-smi', `--query-gpu=${values.query}`, '--format=csv'],
    `--loop-ms=${Math.max(10, Math.round(interval * 1000))}`
  ],
  versionFlag: '--version',
  async whyNot() {
    return existsSync(DEVICE) ? undefined : `there is no ${DEVICE}: no GPU of NVIDIA, or its driver is not loaded`
  },
  async tryOut() {
    const tried = await tryProgram(['nvidia-smi', '--list-gpus'])
    return tried.isDone ? undefined : reasonOf(tried)
  }
})
