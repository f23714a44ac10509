/** What a tool's overrides make of its options on one member. Pure. */
import { type Override, rangesIn } from './override.ts'
import type { ToolOptions } from './tool-options.ts'

/** @returns the options with those of the overrides that fit, the later ones before the earlier; overrides by rank are left in it */
export function forMember({ override = [], ...options }: ToolOptions, fits: (on: string) => boolean): ToolOptions {
  const chosen = override.filter(({ on }) => on != null && fits(on))
  const later = override.filter(({ rank }) => rank != null)
  return { ...withAll(options, chosen), ...(later.length === 0 ? {} : { override: later }) }
}

/** @returns the options with those of the overrides that fit, and no override in it */
export function forRank({ override = [], ...options }: ToolOptions, rank: number): ToolOptions {
  const chosen = override.filter(each => each.rank != null && isIn(each.rank, rank))
  return withAll(options, chosen)
}

/** @returns the options as they can be on a member whose rank is not known yet: without any override, and with each of them */
export function variantsOf({ override = [], ...options }: ToolOptions): ToolOptions[] {
  return [options, ...override.map(each => withAll(options, [each]))]
}

/** @returns whether a member of `size` has one of these ranks */
export const hasMember = (ranks: string, size: number): boolean => rangesIn(ranks).some(([first]) => first < size)

const isIn = (ranks: string, rank: number) => rangesIn(ranks).some(([first, last]) => rank >= first && rank <= last)

const withAll = (options: ToolOptions, overrides: Override[]): ToolOptions =>
  Object.assign({}, options, ...overrides.map(({ on: _on, rank: _rank, ...rest }) => rest))
