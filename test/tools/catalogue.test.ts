/** The table of docs/tools.md says what the tools say of themselves. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { listTools } from '../../node/tools/index.ts'
import { filesOfProgram } from '../../node/tools/program-tool.ts'
import type { Setting, Tool } from '../../node/tools/tool.ts'

const docs = readFileSync(join(import.meta.dirname, '../../docs/tools.md'), 'utf8')
const catalogue = suite('the catalogue of tools')

const HEAD = [
  '| tool | observes | needs (Debian; Fedora) | privilege | lifetime | stopped by | options | files |',
  '|---|---|---|---|---|---|---|---|'
]

for (const tool of listTools()) {
  catalogue(`docs/tools.md has ${tool.name} as it is`, () => {
    const row = docs.split('\n').find(line => line.startsWith(`| ${tool.name} |`))
    assert.is(row, rowOf(tool))
  })
}

catalogue('the table has these tools alone, in the order of their names', () => {
  const lines = docs.split('\n')
  const from = lines.indexOf(HEAD[0] as string)
  const to = lines.indexOf('', from)
  assert.equal(lines.slice(from, to), [...HEAD, ...[...listTools()].sort(byName).map(rowOf)])
})

catalogue('no tool of bak has the name of another', () => {
  const names = listTools().map(({ name }) => name)
  assert.is(new Set(names).size, names.length)
})

const byName = (a: Tool, b: Tool) => (a.name < b.name ? -1 : 1)

function rowOf(tool: Tool): string {
  const { name, summary, needs, lifetime, eitherLifetime, stop, settings, files } = tool
  const usual = new Set(filesOfProgram(name).map(each => each.name))
  const own = files.map(each => each.name).filter(each => !usual.has(each))
  const packages = [...new Set([needs.debian, needs.fedora])].filter(each => each != null).join('; ')
  const program = needs.program == null ? '' : needs.program === name ? packages : `${needs.program}: ${packages}`
  const cells = [
    ...[name, summary, program, needs.privilege ?? ''],
    `${lifetime}${eitherLifetime ? ' or the other' : ''}`,
    ...[stop, settings.map(settingInWords).join(', '), own.join(', ')]
  ]
  return `| ${cells.map(cell => cell.replaceAll('|', '\\|')).join(' | ')} |`
}

const settingInWords = ({ name, type, default: usual, required }: Setting) =>
  name === 'interval' ? name : `${name}: ${type}${required ? ', must be given' : usual == null ? '' : ` = ${usual}`}`

catalogue.run()
