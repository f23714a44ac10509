/** `docs/bench.md`: the table that the command printed last, and its pictures. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { root } from '../bundle.ts'
import { inWords, type Machine } from './machine.ts'
import { inMarkdown, type Measured } from './report.ts'

const HEAD = `# What bak costs, beside others

Written by \`npm run bench -- --write\`; \`npm run bench -- --help\` tells how it is measured. Everything runs as processes of one
machine, over loopback, in turn with what it is compared with, after a warm-up that is not counted; the spread is the least
and the largest repetition, with their number. The last column but one is bak's median over the other's, the last the budget
of the design. What could not be measured is absent, and says why.`

export async function writePage(measured: Measured[], machine: Machine, pictures: Map<string, string>): Promise<void> {
  const folder = join(root, 'docs')
  await mkdir(folder, { recursive: true })
  const parts = measured.map(({ part, took, failed }) => `${part} ${failed ? 'failed after ' : ''}${took.toFixed(0)} s`)
  for (const [name, picture] of pictures) await writeFile(join(folder, name), picture)
  const shown = [...pictures.keys()].map(name => `![${name}](${name})\n`)
  const text = [HEAD, '', `${inWords(machine)}; ${parts.join(', ')}.`, '', inMarkdown(measured), ...shown].join('\n')
  await writeFile(join(folder, 'bench.md'), text)
}
