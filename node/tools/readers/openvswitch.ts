/** What the tool `openvswitch` asks for at each interval: interfaces, datapaths, and ports of bridges. */
import type { Put, SeriesReader } from '../../series/reader.ts'
import { nameOf, numberIn } from './cells.ts'
import { keptIn } from './kept.ts'
import { stampedFile } from './stamped-file.ts'

const ERRORS: Record<string, string> = { pkts: 'packets', errs: 'errors', drop: 'drops', dropped: 'drops' }
/** `rx_bytes` and `rx bytes` as proc names them. */
const ofPort = (direction: string, what: string) => `net.${direction}.${ERRORS[what] ?? nameOf(what)}`

export const openvswitch: SeriesReader[] = [
  stampedFile('openvswitch-stdout.txt', sink => {
    const known = new Map<string, Put>()
    let kind = ''
    let bridge = ''
    let name = ''
    let direction = ''
    const count = (at: number, metric: string, labels: Record<string, string>, value: string) => {
      const unit = metric.endsWith('bytes') ? 'B/s' : '/s'
      const put = keptIn(known, `${metric}\n${Object.values(labels).join('\n')}`, () =>
        sink.counter(metric, labels, unit)
      )
      put(at, numberIn(value))
    }
    const interfaceLine = (at: number, line: string) => {
      const [, key, value = ''] = /^(\w+)\s*: (.*)$/.exec(line) ?? []
      if (key === 'name') name = value.replaceAll('"', '')
      if (key !== 'statistics') return
      for (const [, rx = '', what = '', number = ''] of value.matchAll(/([rt]x)_(\w+)=(\d+)/g))
        count(at, ofPort(rx, what), { interface: name }, number)
    }
    const datapathLine = (at: number, line: string) => {
      const [, datapath] = /^(\S+):$/.exec(line) ?? []
      if (datapath != null) name = datapath
      const [, numbers] = /^\s+lookups: (.*)$/.exec(line) ?? []
      for (const [, what = '', number = ''] of numbers?.matchAll(/(\w+):(\d+)/g) ?? [])
        count(at, `openvswitch.lookups.${what}`, { device: name }, number)
      const [, flows] = /^\s+flows: (\d+)$/.exec(line) ?? []
      if (flows != null)
        keptIn(known, `flows\n${name}`, () => sink.gauge('openvswitch.flows', { device: name }, ''))(
          at,
          numberIn(flows)
        )
    }
    const portLine = (at: number, line: string) => {
      const [, port] = /^\s+port\s+"?([^":]+)"?:/.exec(line) ?? []
      if (port != null) name = port.trim()
      direction = /\b([rt]x) pkts=/.exec(line)?.[1] ?? ''
      if (direction === '') return
      for (const [, what = '', number = ''] of line.matchAll(/(\w+)=(\d+)/g))
        count(at, `openvswitch.port.${ofPort(direction, what).slice(4)}`, { bridge, interface: name }, number)
    }
    return {
      begin(_, what) {
        const words = what.split(' ')
        kind = words[0] ?? ''
        bridge = words.at(-1) ?? ''
        name = ''
      },
      line(at, line) {
        if (kind === 'ovs-vsctl') interfaceLine(at, line)
        else if (kind === 'ovs-appctl') datapathLine(at, line)
        else portLine(at, line)
      }
    }
  })
]
