/** The figures of one commit beside those of another. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { beforeSection, figuresIn, readFigures } from '../../../scripts/bench/before.ts'
import { type Figure, figure } from '../../../scripts/bench/figure.ts'
import { inJson } from '../../../scripts/bench/report.ts'
import { createWorkspace } from '../../helpers/workspace.ts'

const before = suite('figures of another commit')
const machine = { commit: 'abc', cpu: 'c', kernel: 'k', day: '2026-01-02' }
const phase = (bak: number, star: number): Figure =>
  figure('a phase', 'ms', 'took', [
    { name: 'bak', samples: { took: [bak] } },
    { name: 'star', samples: { took: [star] } }
  ])
const json = (...figures: Figure[]) => inJson([{ part: 'phase', figures, took: 1 }], { machine })

before('each figure that both have is a line with medians and ratios; others are left out', () => {
  const alone = figure('new', 'ms', 'took', [{ name: 'bak', samples: { took: [1] } }])
  const absent = figure('gone', 'ms', 'took', [{ name: 'bak', absent: 'why' }])
  const text = beforeSection(figuresIn(json(phase(10, 5), absent)), figuresIn(json(phase(30, 10), alone, absent)))
  assert.match(text, '| a phase, ms | 10 | 30 | 2 to 3 x star |')
  assert.not.match(text, /\| (new|gone)/)
  assert.match(text, 'Beside commit abc, measured on 2026-01-02 on the same kind of machine')
})

before('a file that is something else is refused by name', async () => {
  const { folder, close } = createWorkspace('before')
  const path = join(folder, 'x.json')
  assert.throws(() => readFigures(path), new RegExp(`--before ${path}: ENOENT`))
  writeFileSync(path, '{"parts": 1}')
  assert.throws(() => readFigures(path), /--before .*x\.json: /)
  await close()
})

before.run()
