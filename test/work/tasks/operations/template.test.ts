import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { filled, templateOf } from '../../../../node/work/tasks/operations/template.ts'

const templates = suite('texts with placeholders')

const values = { client: 3, clients: 8, request: 17 }

for (const [text, wanted] of [
  ['', ''],
  ['/docs', '/docs'],
  ['{client}', '3'],
  ['/{client}/{request}?of={clients}', '/3/17?of=8'],
  ['{client}{client}', '33'],
  ['{"id": {request}, "client": {}}', '{"id": 17, "client": {}}'],
  ['{Client} { client } {clientss} {{client}}', '{Client} { client } {clientss} {3}']
] as const) {
  templates(`"${text}" becomes "${wanted}"`, () => assert.is(filled(templateOf(text), values), wanted))
}

templates('a text in which nothing varies is itself, and each placeholder is replaced wherever it stands', () => {
  assert.is(typeof templateOf('/docs/{id}'), 'string')
  const part = fc.string().filter(text => !/[{}]/.test(text))
  fc.assert(
    fc.property(fc.array(fc.tuple(part, fc.constantFrom('client', 'clients', 'request'))), part, (parts, last) => {
      const text = parts.map(([plain, key]) => `${plain}{${key}}`).join('') + last
      const wanted = parts.map(([plain, key]) => `${plain}${values[key as 'client']}`).join('') + last
      return filled(templateOf(text), values) === wanted
    })
  )
})

templates.run()
