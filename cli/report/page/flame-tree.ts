/** Folded stacks (`a;b;c 12` a line) as a tree, of one profile or as the difference of two. */

export interface Frame {
  name: string
  /** Weight of all stacks through it. */
  total: number
  /** The same of the profile that is compared with, scaled to the same sum. */
  base?: number
  children: Frame[]
}

/** Lines beyond it are left out; a profile has thousands. */
const MAX_STACKS = 500_000
/** Frames of a stack beyond it are left out. */
const MAX_DEPTH = 256

/** @returns the root, whose total is the sum of all; lines that are no stack are left out */
export function treeOf(folded: string, rootName = 'all'): Frame {
  const root = build(folded, rootName)
  return toFrame(root)
}

/**
 * The differential form: the tree of `now`, with frames that only `before` has as such of no weight, and in each frame what it was `before`. The sums are made
 * equal first, so that a longer profile is no difference.
 */
export function differenceOf(before: string, now: string, rootName = 'all'): Frame {
  const [base, root] = [build(before, rootName), build(now, rootName)]
  const scale = base.total > 0 && root.total > 0 ? root.total / base.total : 1
  return toFrame(root, base, scale)
}

interface Node {
  name: string
  total: number
  children: Map<string, Node>
}

function build(folded: string, name: string): Node {
  const root: Node = { name, total: 0, children: new Map() }
  for (const line of folded.split('\n', MAX_STACKS)) {
    const space = line.lastIndexOf(' ')
    const weight = Number(line.slice(space + 1))
    if (space <= 0 || !(weight > 0) || !Number.isFinite(weight)) continue
    root.total += weight
    let node = root
    for (const frame of line.slice(0, space).split(';', MAX_DEPTH)) {
      let child = node.children.get(frame)
      if (child == null) {
        child = { name: frame, total: 0, children: new Map() }
        node.children.set(frame, child)
      }
      child.total += weight
      node = child
    }
  }
  return root
}

function toFrame(node: Node, base?: Node, scale?: number): Frame {
  const names = new Set([...node.children.keys(), ...(base?.children.keys() ?? [])])
  const children = [...names].sort().map(name => {
    const child = node.children.get(name) ?? { name, total: 0, children: new Map() }
    return toFrame(child, base?.children.get(name), scale)
  })
  // a frame that was not there before differs by all of itself
  if (scale == null) return { name: node.name, total: node.total, children }
  return { name: node.name, total: node.total, base: (base?.total ?? 0) * scale, children }
}

/** @returns the weight of the frames whose names have the text in them, each stack counted once */
export function weightOf(frame: Frame, isFound: (name: string) => boolean): number {
  if (isFound(frame.name)) return frame.total
  return frame.children.reduce((sum, child) => sum + weightOf(child, isFound), 0)
}
