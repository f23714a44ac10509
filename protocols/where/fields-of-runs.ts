/** What an expression can ask of a run: the fields of its line in lists, and how each is compared. */
import type { RunLine } from '../control/results.ts'
import { VERDICTS } from '../verdict.ts'
import { type Field, type Fields, textField as text } from './field.ts'

const fields: Record<string, Field<RunLine>> = {
  run: text(({ run }) => run),
  name: text(({ name }) => name),
  state: text(({ state }) => state, ['waiting', 'running', 'ended']),
  verdict: text(({ verdict }) => verdict, VERDICTS),
  phase: text(({ phase }) => phase),
  controller: text(({ controller }) => controller.name),
  at: text(({ at }) => at),
  moved: text(({ moved }) => moved),
  resumes: text(({ resumes }) => resumes),
  partial: { kind: 'truth', of: ({ partial }) => partial },
  members: { kind: 'number', of: ({ members }) => members },
  excluded: { kind: 'number', of: ({ excluded }) => excluded.length },
  bytes: { kind: 'bytes', of: ({ bytes }) => bytes },
  took: { kind: 'duration', of: ({ took }) => took },
  created: { kind: 'instant', of: ({ created }) => created },
  age: { kind: 'duration', of: ({ created }, now) => (created == null ? undefined : Math.max(0, now - created)) }
}

/** The names of all fields, for messages. */
export const fieldNames: string[] = [...Object.keys(fields), 'tags.KEY']

export const fieldsOfRuns: Fields<RunLine> = {
  names: fieldNames,
  of(name) {
    if (Object.hasOwn(fields, name)) return fields[name]
    const [, key] = /^tags\.(.+)$/s.exec(name) ?? []
    if (key == null) return undefined
    return { kind: 'text', of: ({ tags = {} }) => (Object.hasOwn(tags, key) ? tags[key] : undefined) }
  }
}
