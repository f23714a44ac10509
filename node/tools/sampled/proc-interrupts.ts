/** Interrupts of each processor, from /proc/interrupts: counters since boot. */
import { csvLine } from '../../../protocols/csv.ts'
import { isReadable, KernelFile } from './kernel-file.ts'
import { type Source, sampledTool } from './sampled-tool.ts'
import { linesOf } from './subject.ts'

const PATH = '/proc/interrupts'

export const procInterrupts = sampledTool({
  name: 'proc-interrupts',
  summary: 'interrupts of each processor, by their number or name, from /proc/interrupts; built in',
  files: [
    {
      name: 'interrupts.csv',
      what: `${PATH}: irq, a counter of each processor, and what it is; those that never came are left out`
    }
  ],
  why: async () => (isReadable(PATH) ? undefined : `this kernel does not provide ${PATH}`),
  open: () => [open()]
})

function open(): Source {
  const file = new KernelFile(PATH)
  let processors: string[] = []
  return {
    file: 'interrupts.csv',
    columns: () => ['irq', ...processors, 'what'],
    rows() {
      const text = file.read()
      // a processor that is plugged in later has no column
      if (processors.length === 0) processors = processorsOf(text)
      return interruptRows(text, processors)
    },
    close: () => file.close()
  }
}

export const processorsOf = (text: string): string[] => text.slice(0, text.indexOf('\n')).trim().split(/\s+/)

/** @param columns the processors that have one; what the others count is left out */
export function interruptRows(text: string, columns: string[]): string[] {
  const present = processorsOf(text)
  const places = columns.map(name => present.indexOf(name))
  return linesOf(text)
    .slice(1)
    .flatMap(line => {
      const [irq = '', ...words] = line.trim().split(/\s+/)
      // ERR and MIS have one counter for all; what follows the counters may be a number, too
      const counters = words
        .slice(0, present.length)
        .filter((word, i) => /^\d+$/.test(word) && (i === 0 || /^\d+$/.test(words[i - 1] as string)))
      if (counters.every(each => each === '0')) return []
      const what = words.slice(counters.length).join(' ')
      return [csvLine([irq.replace(/:$/, ''), ...places.map(at => counters[at]), what])]
    })
}
