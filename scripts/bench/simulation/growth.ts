/** What the model says of meshes that no machine here can hold, and the picture of it beside what was measured. */
import { HERE, type Model, newcomer, type Point, ROOM, simulate } from './model.ts'
import type { Simulated } from './phase.ts'
import { draw, type Series } from './picture.ts'
import { star } from './tree.ts'

/** Members of the meshes that are simulated. */
const SIZES = [8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 10_000]
/** So many on one machine are a line that can still be compared with points. */
const MOST_HERE = 1024

/** A measured mesh, with what 2 KiB from each member take, ms, and of the controller's processor. */
export interface Measured extends Point {
  fanIn: number
  fanInController: number
}

/** ms, of a mesh whose peers have a machine each. */
export interface Foretold {
  members: number
  latency: number
  /** Processor time of the controller, and of all. */
  controller: number
  cpu: number
  /** If every member answered the controller itself. */
  star: { latency: number; controller: number; cpu: number }
  newcomer: number
  fanIn: number
}

export function foretell(model: Model, measured: Measured[], sizes = SIZES): Foretold[] {
  const { each, rest } = fanInOf(measured)
  return sizes.map(members => {
    const aggregated = simulate(model, members, ROOM)
    const alone = simulate(model, members, ROOM, star(members))
    return {
      members,
      ...costsOf(aggregated),
      star: costsOf(alone),
      newcomer: newcomer(model, members, ROOM),
      fanIn: rest + members * each
    }
  })
}

const costsOf = ({ latency, controller, members }: Simulated) => ({ latency, controller, cpu: controller + members })

/** Tarballs are taken by one process: what each costs it, and what the first waits for, ms. */
function fanInOf(measured: Measured[]): { each: number; rest: number } {
  const shares = measured.map(({ members, fanInController }) => fanInController / members)
  const each = shares.reduce((sum, share) => sum + share, 0) / shares.length
  const [least] = measured as [Measured]
  return { each, rest: Math.max(0, least.fanIn - least.members * each) }
}

export function picture(model: Model, measured: Measured[], foretold: Foretold[], words: string): string {
  const { points, line } = seriesOf(measured, foretold)
  const here: Series = {
    ...{ name: 'phase, simulated on this machine', color: '#e8a33d', drawn: 'line' },
    values: SIZES.filter(members => members <= MOST_HERE).map(members => ({
      ...{ x: members, y: simulate(model, members, HERE).latency }
    }))
  }
  return draw({
    ...{ title: 'How a mesh grows', subtitle: words, x: 'members', y: 'ms' },
    series: [
      points('phase, measured', '#d1661b', each => each.latency),
      here,
      line('phase, a machine each', '#d1661b', each => each.latency),
      line('a phase without aggregation', '#7b4fa3', each => each.star.latency),
      points('newcomer known, measured', '#2b6cb0', each => each.newcomer),
      line('newcomer known, a machine each', '#2b6cb0', each => each.newcomer),
      points('2 KiB from each, measured', '#2f855a', each => each.fanIn),
      line('2 KiB from each, a machine each', '#2f855a', each => each.fanIn)
    ]
  })
}

/** Processor time of a phase. */
export function costPicture(measured: Measured[], foretold: Foretold[], words: string): string {
  const { points, line } = seriesOf(measured, foretold)
  return draw({
    ...{ title: 'What a phase costs', subtitle: words, x: 'members', y: 'ms of processor time' },
    series: [
      points('all, measured', '#d1661b', each => each.controller + each.others),
      line('all, simulated', '#d1661b', each => each.cpu),
      line('all, without aggregation', '#e8a33d', each => each.star.cpu),
      points('controller, measured', '#2b6cb0', each => each.controller),
      line('controller, simulated', '#2b6cb0', each => each.controller),
      line('controller, without aggregation', '#7b4fa3', each => each.star.controller)
    ]
  })
}

function seriesOf(measured: Measured[], foretold: Foretold[]) {
  return {
    points: (name: string, color: string, of: (each: Measured) => number): Series => ({
      ...{ name, color, drawn: 'points' },
      values: measured.map(each => ({ x: each.members, y: of(each) }))
    }),
    line: (name: string, color: string, of: (each: Foretold) => number): Series => ({
      ...{ name, color, drawn: 'line' },
      values: foretold.map(each => ({ x: each.members, y: of(each) }))
    })
  }
}
