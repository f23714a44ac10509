/** What one task came to in one sample of a run, as a report shows it. */
import type { Distribution, TaskResult } from '../../../protocols/tasks/tasks-file.ts'
import { warmupEnd } from '../../result/tasks.ts'
import type { Block } from '../block.ts'
import { curveOf, histogramOf } from './percentile-curve.ts'
import type { TakeMember, TakenSample, TaskTake, Times } from './tasks-data.ts'

interface Placed {
  taken: TakenSample
  /** s since the run began: the begin of the element. */
  from: number
  /** By their numbers. */
  members: Map<string, number>
  /** Members that there is room for. */
  most: number
  block: Block
  /** Told of a histogram that is none, and of whom. */
  onDamaged: (member: string, why: string) => void
}

export function takeOf(result: TaskResult, { taken, from, members, most, block, onDamaged }: Placed): TaskTake {
  const { element, clients, samples, failed, ended, duration, throughput, errors } = result
  const timesOf = (member: string, distribution?: Distribution) =>
    distribution && addTimes(distribution, block, why => onDamaged(member, why))
  const known = result.members.flatMap(each => {
    const member = members.get(each.member)
    return member == null ? [] : [{ ...each, member, name: each.member }]
  })
  return {
    ...{ ...taken, element, clients, requests: samples, failed, ended, errors },
    ...{ from, counted: from + warmupEnd(result), to: from + duration },
    throughput: throughput.mean,
    latency: timesOf('', result.latency),
    service: timesOf('', result.service),
    members: slowest(known, most).map(
      ({ member, name, clients: own, samples: requests, failed: wrong, latency, health, lost }): TakeMember => ({
        ...{ member, clients: own, requests, failed: wrong },
        ...{ latency: timesOf(name, latency), health, lost }
      })
    )
  }
}

/** @returns those with the greatest latencies where there are too many, in their order */
function slowest<T extends { latency?: Distribution | undefined }>(members: T[], most: number): T[] {
  if (members.length <= most) return members
  const levelOf = ({ latency }: T) => latency?.percentiles['99'] ?? latency?.max ?? 0
  const kept = new Set(members.toSorted((a, b) => levelOf(b) - levelOf(a)).slice(0, most))
  return members.filter(each => kept.has(each))
}

function addTimes(distribution: Distribution, block: Block, onDamaged: (why: string) => void): Times {
  const { max, percentiles } = distribution
  try {
    const { values, end } = curveOf(histogramOf(distribution), distribution)
    return { max, percentiles, curve: { ...block.addValues(values), end } }
  } catch (cause) {
    onDamaged((cause as Error).message)
    return { max, percentiles }
  }
}
