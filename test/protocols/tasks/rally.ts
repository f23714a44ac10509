/** What Rally's own code made of schedules, samples and clients (golden/rally.json). */
import { readFileSync } from 'node:fs'

interface Sub {
  task: string
  clients: number
}
type Scheduled = Sub | { parallel: Sub[] | 'any' }
export interface Golden {
  allocator: Array<{
    name: string
    schedule: Scheduled[]
    clients: number
    joinPoints: number
    matrix: unknown[][]
    tasksPerJoinPoint: string[][]
  }>
  workerAssignments: Array<{
    hosts: Array<[string, number]>
    clients: number
    result: Array<{ host: string; workers: number[][] }>
  }>
  percentiles: Array<{ values: string | number[]; p: number; v: number }>
  throughput: Array<{ name: string; samples: Array<[number, number, number, number]>; out: unknown[][] }>
  executor: Array<{
    name: string
    targetThroughput: number | null
    clients: number
    clientIndex: number
    rampUp: number | null
    serviceTimes: number[]
    overheadEachSide: number
    samples: Array<[type: string, ...rest: number[]]>
  }>
}

export const rally = JSON.parse(readFileSync('test/golden/rally.json', 'utf8')) as Golden

/** @returns the keys of a run file for a schedule as Rally has it */
export function runFileOf(schedule: Scheduled[]) {
  const http = { type: 'http', url: 'http://127.0.0.1/' }
  const task: object[] = []
  const parallel: object[] = []
  for (const [i, each] of schedule.entries()) {
    if ('task' in each) {
      task.push({ name: each.task, clients: each.clients, operation: http })
      continue
    }
    const isAny = each.parallel === 'any'
    parallel.push({ name: `p${i}`, ...(isAny ? { completed_by: 'any' } : {}) })
    // the vector leaves out what its tasks are: they are a and b of one client
    const subs = each.parallel === 'any' ? ['a', 'b'].map(one => ({ task: one, clients: 1 })) : each.parallel
    for (const sub of subs) task.push({ name: sub.task, clients: sub.clients, operation: http, parallel: `p${i}` })
  }
  return { command: ['true'], task, parallel }
}
