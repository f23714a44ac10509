/** The schema of a table with keys that people chose. Valibot's own leaves out `constructor`, `prototype` and `__proto__` in silence. */
import * as v from 'valibot'

const LEFT_OUT = ['constructor', 'prototype', '__proto__']

type Key = v.BaseSchema<string, string, v.BaseIssue<unknown>>

/** As `v.record`, with every key. */
export function table<K extends Key, V extends v.GenericSchema>(key: K, value: V): v.RecordSchema<K, V, undefined> {
  const schema = v.record(key, value)
  const run = schema['~run'].bind(schema)
  return {
    ...schema,
    '~run'(dataset, config) {
      const input = dataset.value
      const checked = run(dataset, config)
      if (input == null || typeof input !== 'object') return checked
      for (const name of LEFT_OUT) if (Object.hasOwn(input, name)) add(checked, input as Table, name)
      return checked
    }
  }

  /** What is wrong with it is reported at the key, as of any other. */
  function add(checked: v.OutputDataset<unknown, v.BaseIssue<unknown>>, input: Table, name: string): void {
    const found = [v.safeParse(key, name), v.safeParse(value, input[name])] as const
    const issues = found.flatMap(each => each.issues ?? [])
    for (const issue of issues) {
      const item = { type: 'object', origin: 'value', input, key: name, value: input[name] } as const
      Object.assign(issue, { path: [item, ...(issue.path ?? [])] })
    }
    if (issues.length === 0) {
      const entry = { value: found[1].output, enumerable: true, writable: true, configurable: true }
      Object.defineProperty(checked.value as Table, name, entry)
      return
    }
    Object.assign(checked, { typed: false, issues: [...(checked.issues ?? []), ...issues] })
  }
}

type Table = Record<string, unknown>

/** A schema of an object with further keys, in which those that valibot leaves out in silence are a mistake. */
export function withoutReserved<S extends v.GenericSchema>(schema: S): S {
  const run = schema['~run'].bind(schema)
  return {
    ...schema,
    '~run'(dataset: v.UnknownDataset, config: v.Config<v.BaseIssue<unknown>>) {
      const input = dataset.value
      const checked = run(dataset, config)
      if (input == null || typeof input !== 'object') return checked
      const found = LEFT_OUT.filter(name => Object.hasOwn(input, name))
      if (found.length === 0) return checked
      const issues = found.map(key => ({
        ...{ kind: 'schema', type: 'never', input, expected: 'no such key', received: 'a key' },
        message: `${key} cannot be the name of an option`,
        path: [{ type: 'object', origin: 'value', input, key, value: (input as Table)[key] }]
      }))
      return { ...checked, typed: false, issues: [...(checked.issues ?? []), ...issues] }
    }
  } as S
}
