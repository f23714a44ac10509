/** The means of a report are those of `bak show`, also of samples that are as short as an interval of the tools. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { gatherReport } from '../../../../cli/report/gather.ts'
import { openBlock } from '../../../../cli/report/page/load.ts'
import { factsOf } from '../../../../cli/report/page/panel-facts.ts'
import { sourceOf } from '../../../../cli/report/report-run.ts'
import { measure } from '../../../../cli/result/measure.ts'
import { openFolder } from '../../../../cli/result/open-result.ts'
import { type ResultShape, seriesResult } from '../../../helpers/series-result.ts'

const test = suite('means of a report')
const folder = mkdtempSync(join(tmpdir(), 'bak-means-'))
test.after(() => rmSync(folder, { recursive: true }))

/** Panels of which the number of a member is that of a resource, with one part each or with parts that are added. */
const SAME = { 'disk-util': 'disk', 'disk-bytes': 'diskBytes', memory: 'memory', network: 'network' } as const

const SHAPES: Array<[what: string, shape: Partial<ResultShape>]> = [
  // work from 1 s on until 1.6 s, points each second
  ['samples that are shorter than an interval', { seconds: 0.6 }],
  ['samples of some intervals', { seconds: 7, slower: { m2: 2 } }],
  ['several iterations', { seconds: 3, iterations: ['x', 'y'] }]
]
for (const [what, shape] of SHAPES)
  test(`are those of bak show, of ${what}`, async () => {
    const at = join(folder, what.replaceAll(' ', '-'))
    seriesResult({ folder: at, members: 2, samples: 2, iterations: ['x'], ...shape })
    const result = await openFolder(at)
    const { data, block } = await gatherReport(await sourceOf(result), 1e6)
    const bytes = Uint8Array.from(block).buffer
    const loaded = openBlock(data, bytes)
    const { measured } = await measure(result, Object.values(SAME))
    for (const [id, resource] of Object.entries(SAME)) {
      const panel = data.panels.find(each => each.id === id)
      if (panel == null) throw new Error(`no ${id}`)
      for (const { cell, mean } of factsOf(panel, loaded).cells) {
        const { name } = data.members[cell.member] as { name: string }
        const own = measured.filter(each => each.resource === resource && each.member === name)
        const shown = own.reduce((sum, { value }) => sum + value / own.length, 0)
        assert.ok(Math.abs(mean / shown - 1) < 1e-4, `${id} of ${name}: ${mean} in the report, ${shown} by bak show`)
      }
    }
  })

test.run()
