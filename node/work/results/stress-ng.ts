/** stress-ng: `--metrics`, `--metrics-brief`, or the file of `--yaml`. */
import type { OutputText } from './output-text.ts'
import { type Found, type Meaning, main, type ResultReader, throughput } from './result-reader.ts'
import { plainNumber } from './units.ts'

/** Of each second of the clock, and of each second of a processor. */
const PER_SECOND = main(throughput())
const PER_CPU_SECOND: Meaning = { unit: '/s', better: 'more', across: 'mean' }
/** The means of its instances. */
const MORE: Meaning = { better: 'more', across: 'mean' }

export const stressNg: ResultReader = {
  claims: output =>
    output.has('bogo-ops-per-second-real-time:') || (output.has('stress-ng: ', 'bogo ops/s') && !isYaml(output)),
  read: (output, found) => (isYaml(output) ? readYaml(output, found) : readText(output, found))
}

const isYaml = (output: OutputText) => output.has('stress-ng-version:', 'metrics:')

const ROW = /^stress-ng: \w+: +\[\d+\] (\S+) +\d+ +[\d.]+ +[\d.]+ +[\d.]+ +([\d.]+) +([\d.]+)(?: +[\d.]+ +\d+)?\s*$/
/** `hdd 5367.65 MB/sec read rate (geometic mean of 1 instances)` */
const OTHER = /^stress-ng: \w+: +\[\d+\] (\S+) +([\d.]+) (.+?) \((?:geomet|harmon)\w+ mean of \d+ instances?\)/

function readText(output: OutputText, found: Found): void {
  for (const line of output.lines()) {
    const [, stressor, real, cpu] = ROW.exec(line) ?? []
    if (stressor != null) addOps(found, stressor, plainNumber(real), plainNumber(cpu))
    const [, of, value, text = ''] = OTHER.exec(line) ?? []
    if (of == null) continue
    const [, unit, what] = /^(\S+\/sec) (.+)$/.exec(text) ?? []
    found.add([of, what ?? text], plainNumber(value), unit == null ? {} : { ...MORE, unit: unit.replace('/sec', '/s') })
  }
}

function readYaml(output: OutputText, found: Found): void {
  let stressor: string | undefined
  let real: number | undefined
  let cpu: number | undefined
  const flush = () => {
    if (stressor != null) addOps(found, stressor, real, cpu)
    stressor = real = cpu = undefined
  }
  for (const line of output.lines()) {
    const [, key, value = ''] = /^ +(?:- )?([\w-]+): +(\S.*)$/.exec(line.trimEnd()) ?? []
    if (key === 'stressor') {
      flush()
      stressor = value
    } else if (key === 'bogo-ops-per-second-real-time') real = plainNumber(value)
    else if (key === 'bogo-ops-per-second-usr-sys-time') cpu = plainNumber(value)
    // mbsec-read-rate is what is printed as MB/sec read rate
    const [, what] = /^mbsec-(.+)$/.exec(key ?? '') ?? []
    if (what != null && stressor != null)
      found.add([stressor, what.replace('readwrite', 'read_write').replaceAll('-', '_')], plainNumber(value), {
        ...MORE,
        unit: 'MB/s'
      })
  }
  flush()
}

function addOps(found: Found, stressor: string, real: number | undefined, cpu: number | undefined): void {
  found.add([stressor, 'ops'], real, PER_SECOND)
  found.add([stressor, 'ops.cpu'], cpu, PER_CPU_SECOND)
}
