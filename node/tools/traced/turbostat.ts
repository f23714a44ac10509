/** turbostat of linux-cpupower: frequencies, idle states, temperature and power of each processor. */
import { existsSync } from 'node:fs'
import { textIn } from '../../if-possible.ts'
import { observingProgram } from '../observing-program.ts'
import { reasonOf, tryProgram } from '../try-program.ts'

const MSR = '/dev/cpu/0/msr'

export const turbostat = observingProgram({
  name: 'turbostat',
  summary: 'frequency, idle states, temperature and power of each processor',
  needs: { debian: 'linux-cpupower', fedora: 'kernel-tools', privilege: 'root, on hardware with the module msr' },
  settings: [],
  size: 256,
  known: {
    flags: ['-S', '--Summary', '-q', '--quiet'],
    values: { '--show': /^[\w%,.]{1,256}$/, '--hide': /^[\w%,.]{1,256}$/, '--enable': /^[\w%,.]{1,256}$/ }
  },
  argv: ({ interval, words }) => [
    ...['turbostat', '--quiet', '--enable', 'Time_Of_Day_Seconds', '--interval', `${interval}`],
    ...words
  ],
  versionFlag: '--version',
  async whyNot() {
    if (process.arch !== 'x64') return `it is for x86 processors, and this one is ${process.arch}`
    if (process.getuid?.() !== 0) return 'only root may read the registers of processors'
    if (existsSync(MSR)) return undefined
    const guest = isGuest() ? ', as in most virtual machines' : ''
    return `there is no ${MSR}: the module msr is not loaded (modprobe msr), or this kernel has none${guest}`
  },
  async tryOut() {
    const tried = await tryProgram(['turbostat', '--quiet', '--', 'true'])
    return tried.isDone ? undefined : reasonOf(tried)
  }
})

const isGuest = (): boolean => /^flags\s*:.*\bhypervisor\b/m.test(textIn('/proc/cpuinfo') ?? '')
