/** The figures of bak beside those of an earlier commit, whose `--json` is given: absolute ones and ratios, since machines differ. */
import { readFileSync } from 'node:fs'
import * as v from 'valibot'
import { BAK, round } from './figure.ts'

const document = v.object({
  machine: v.object({ commit: v.string(), cpu: v.string(), kernel: v.string(), day: v.string() }),
  parts: v.array(
    v.object({
      figures: v.array(
        v.object({
          what: v.string(),
          unit: v.string(),
          entries: v.array(
            v.object({ name: v.string(), median: v.optional(v.number()), ratio: v.optional(v.number()) })
          )
        })
      )
    })
  )
})
type Document = v.InferOutput<typeof document>

/** @throws if the file cannot be read, or is not what `--json` writes */
export function readFigures(path: string): Document {
  try {
    return figuresIn(readFileSync(path, 'utf8'))
  } catch (cause) {
    throw new Error(`--before ${path}: ${(cause as Error).message}`, { cause })
  }
}

/** @param json what `--json` writes */
export const figuresIn = (json: string): Document => v.parse(document, JSON.parse(json))

/** @returns Markdown: each figure of bak that both have, with its ratio to each other that both measured */
export function beforeSection(before: Document, now: Document): string {
  const earlier = new Map(figuresOf(before).map(figure => [keyOf(figure), figure]))
  const rows = figuresOf(now).flatMap(figure => {
    const then = earlier.get(keyOf(figure))
    const [was, is] = [then, figure].map(each => each?.entries.find(({ name }) => name === BAK)?.median)
    if (then == null || was == null || is == null) return []
    const ratios = figure.entries.flatMap(({ name, ratio }) => {
      const old = then.entries.find(entry => entry.name === name)?.ratio
      return ratio == null || old == null ? [] : [`${round(old)} to ${round(ratio)} x ${name}`]
    })
    return [`| ${figure.what}, ${figure.unit} | ${round(was)} | ${round(is)} | ${ratios.join('; ')} |`]
  })
  const { commit, day, cpu, kernel } = before.machine
  const same =
    cpu === now.machine.cpu && kernel === now.machine.kernel ? 'the same kind of machine' : `${cpu}, ${kernel}`
  return [
    `## Before and after`,
    '',
    `Beside commit ${commit}, measured on ${day} on ${same}; medians. Only ratios compare well from one run to another.`,
    '',
    '| what | before | after | beside others |',
    '| --- | --- | --- | --- |',
    ...rows,
    ''
  ].join('\n')
}

const figuresOf = ({ parts }: Document) => parts.flatMap(({ figures }) => figures)
const keyOf = ({ what, unit }: { what: string; unit: string }) => `${what}, ${unit}`
