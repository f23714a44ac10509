/** What a collector is: a program on the controller that asks a tool of each member, from before `init` until the tools have stopped. */
import type { Assignment } from '../../protocols/manifest.ts'
import type { Needs } from '../tools/tool.ts'

/** A tool of a member that waits to be asked. */
export interface Target {
  peer: string
  /** The name of the member's folders. */
  member: string
  labels: Record<string, string>
  group: string
  tool: string
  /** The tool's own options, checked. */
  values: Record<string, unknown>
  /** Whole ms between two samples. */
  interval: number
  /** The port of this machine whose connections lead to it. */
  port: number
}

export interface Collector {
  /** @returns of these targets those from which something came at or after an instant, ms since 1970 */
  answered(targets: Target[], since: number): Promise<Target[]>
  /** @returns how many samples of each target are not there between two instants, ms since 1970, in the order of the targets */
  missed(targets: Target[], from: number, to: number): Promise<number[]>
  /** @returns why nothing came from a target, if it is known */
  reason(target: Target): string | undefined
  /** From now on these are asked: tools were attached to the run, detached from it, or their member takes no part any more. */
  update(targets: Target[]): Promise<void>
  /** Ends it in order, so that all that it has is on the disk. Never rejects. */
  stop(): Promise<void>
}

/** The program of each collector, in the place of its files in the result, and which tools it asks. */
export const collectors = {
  prometheus: {
    program: 'prometheus',
    needs: { debian: 'prometheus', fedora: 'golang-github-prometheus' },
    tools: ['node-exporter', 'dcgm']
  },
  pcp: { program: 'pmlogger', needs: { debian: 'pcp', fedora: 'pcp' }, tools: ['pcp'] }
} as const satisfies Record<string, { program: string; needs: Needs; tools: string[] }>
export type CollectorName = keyof typeof collectors

export const collectorNames = Object.keys(collectors) as CollectorName[]

/** @returns which collector asks a tool; undefined for a tool that writes by itself, and for a command that has the name of one */
export const collectorOf = ({ tool, options }: Pick<Assignment, 'tool' | 'options'>): CollectorName | undefined =>
  options.command == null
    ? collectorNames.find(name => (collectors[name].tools as readonly string[]).includes(tool))
    : undefined
