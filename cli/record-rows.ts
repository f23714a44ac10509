/** Rows of what the record of a run says of its machines, for the tables of `bak show` and of a report. Pure. */
import { isTooShort, sharesOf } from '../protocols/cost.ts'
import { KINDS, readingOf } from '../protocols/gauge.ts'
import { stepFolder } from '../protocols/layout.ts'
import type { RunRecord } from '../protocols/record.ts'
import { formatBytes, formatMs, formatShare } from './format.ts'

type Rows = Array<Array<string | undefined>>

/** Member, daemon, tools, context switches, sent, received. */
export const costRows = ({ observed = [] }: RunRecord): Rows =>
  sharesOf(observed).map(share => [
    share.name,
    ...[share.daemon, share.tools].map(each => (isTooShort(share) ? 'too short' : `${formatShare(each)} of a core`)),
    isTooShort(share) ? undefined : `${Math.round(share.switches)}/s`,
    ...[formatBytes(share.sent), formatBytes(share.received)]
  ])

/** Sample, how far apart the tools started, how long after the agreed instant. */
export const skewRows = ({ skew }: RunRecord): Rows =>
  skew.map(({ step, skew, latest }) => [stepFolder(step), formatMs(skew), formatMs(latest)])

/** Sample, member, each kind of load as in `5.02 ms (1.7 x)`, which is how it is to what is usual there, and for how long it was held up. */
export const gaugeRows = ({ gauges = [] }: RunRecord): Rows =>
  gauges.flatMap(({ step, members }) =>
    members.map(member => {
      const { name, usual } = member
      const reading = readingOf(member)
      if (reading == null) return [stepFolder(step), name, ...KINDS.map(() => undefined), undefined]
      const times = KINDS.map(kind => {
        const factor = usual == null ? '' : ` (${(reading[kind] / usual[kind]).toFixed(1)} x)`
        return `${reading[kind].toFixed(2)} ms${factor}`
      })
      return [stepFolder(step), name, ...times, `${Math.round(100 * reading.held)} %`]
    })
  )

/** @returns by peer `relayed, then punched` if the path changed between the beginning and the end of the run */
export const routesOf = ({ paths = [] }: RunRecord): Map<string, string> =>
  new Map(
    paths.map(({ peer, begin, end }) => {
      const classes = [begin, end].filter(each => each != null).map(each => each.class)
      return [peer, [...new Set(classes)].join(', then ')]
    })
  )
