/** Where the frames of a flame graph are: callers above, what they call below, as wide as their weight. */
import type { Frame } from './flame-tree.ts'

export interface Placed {
  frame: Frame
  parent?: Placed
  /** Rows from the top. */
  depth: number
  /** px */
  x: number
  width: number
  /** Above what is zoomed to: as wide as all of it. */
  isAbove: boolean
}

/** Less cannot be seen, px. */
const LEAST_WIDTH = 0.7
/** More rectangles make the page slow. */
const MOST = 8000

/** What a frame is as wide as: what it weighs now, or what it weighed before. */
export type Weight = (frame: Frame) => number
export const totalOf: Weight = ({ total }) => total
export const baseOf: Weight = ({ base = 0 }) => base

/** @param path from the root to the frame that is zoomed to, both included */
export function layOut(path: Frame[], width: number, weight: Weight = totalOf): Placed[] {
  const placed: Placed[] = []
  let parent: Placed | undefined
  for (const [depth, frame] of path.entries()) {
    parent = { frame, parent, depth, x: 0, width, isAbove: depth < path.length - 1 }
    placed.push(parent)
  }
  // breadth first, so that what is left out beyond the bound is the deepest
  for (let index = path.length - 1; index < placed.length && placed.length < MOST; index++)
    placeChildren(placed[index] as Placed, placed, weight)
  return placed
}

function placeChildren(parent: Placed, placed: Placed[], weight: Weight): void {
  const { frame, depth, width } = parent
  const all = weight(frame)
  if (!(all > 0)) return
  let { x } = parent
  for (const child of frame.children) {
    const own = (weight(child) / all) * width
    if (own >= LEAST_WIDTH) placed.push({ frame: child, parent, depth: depth + 1, x, width: own, isAbove: false })
    x += own
  }
}

/** @returns from the root to a frame */
export function pathTo(placed: Placed): Frame[] {
  const path: Frame[] = []
  for (let at: Placed | undefined = placed; at != null; at = at.parent) path.unshift(at.frame)
  return path
}

/** @returns how much more of all a frame is than it was: 0.02 is two of a hundred stacks more */
export const changeOf = ({ total, base = 0 }: Frame, root: Frame): number =>
  root.total > 0 ? (total - base) / root.total : 0

/** @returns -3 to 3: less to more, in steps that start at 0.2, 1 and 5 % of all */
export function changeStep(change: number): number {
  const size = Math.abs(change)
  const step = size < 0.002 ? 0 : size < 0.01 ? 1 : size < 0.05 ? 2 : 3
  return Math.sign(change) * step
}
