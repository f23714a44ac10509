/** Where the numbers of a run are likely to vary because of its machines, for people. Pure. */
import { listInWords } from '../protocols/list-in-words.ts'
import type { RunRecord } from '../protocols/record.ts'

const MAX_MEMBERS = 4

/** @returns `load of n1, n2; pressure of n1`; '' where all members were fit to measure, or nobody looked */
export function describeUnfit({ noise = [] }: Pick<RunRecord, 'noise'>): string {
  const found = noise.flatMap(({ name, findings }) =>
    findings.filter(({ level }) => level === 'unfit').map(({ fact }) => ({ name, fact }))
  )
  return [...Map.groupBy(found, ({ fact }) => fact)]
    .map(([fact, on]) => {
      const members = on.map(({ name }) => name)
      return `${fact} of ${listInWords(members, MAX_MEMBERS)}`
    })
    .join('; ')
}
