/** The report of a large run: how long `bak report` takes, how large its page is, and how soon a browser shows it. */
import { spawn } from 'node:child_process'
import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { BAK as PROGRAM } from '../../../testnets/programs.ts'
import type { Bench } from '../bench.ts'
import { BAK, type Figure, figure, most } from '../figure.ts'
import { alternate, type Contender, enter } from '../measure.ts'
import { writeResult } from '../synthetic-result.ts'

const SHAPE = { members: 64, seconds: 600, processors: 8, devices: 4, interrupts: 20, processes: 20 }
const CHROMIUM = process.env.BAK_CHROMIUM ?? '/usr/bin/chromium'
const LIMIT_MS = 120_000

export async function* measure(bench: Bench): AsyncGenerator<Figure> {
  await bench.noMesh()
  const folder = join(await bench.scratch('report'), 'result')
  const page = join(folder, '..', 'report.html')
  const { series, points } = writeResult(folder, SHAPE)
  const what = `${SHAPE.members} members, 6 tools, 10 min at 1 s`
  const note = `${series} series, ${(points / 1e6).toFixed(1)} million points`
  const rounds = Math.min(3, bench.options.rounds)
  const made = await alternate([making(folder, page)], { rounds, warmUps: 0 })
  yield figure(`bak report, ${what}`, 's', 'took', made, { budgets: [most(20, 's')], note })
  yield figure(`size of its page, ${what}`, 'MB', 'size', made, { budgets: [most(15, 'MB')] })
  const opened = await alternate([await enter(BAK, () => opening(bench, page))], { rounds, warmUps: 1 })
  yield figure(`its page in Chromium, from opening to drawn, ${what}`, 's', 'took', opened, { budgets: [most(2, 's')] })
}

function making(folder: string, page: string): Contender {
  return {
    name: BAK,
    async round() {
      const began = performance.now()
      const child = spawn(PROGRAM, ['report', folder, '--output', page], {
        stdio: ['ignore', 'ignore', 'inherit'],
        timeout: LIMIT_MS
      })
      const status = await new Promise((resolve, reject) => child.once('error', reject).once('exit', resolve))
      if (status !== 0) throw new Error(`bak report ended with ${status}`)
      return { took: (performance.now() - began) / 1000, size: statSync(page).size / 1e6 }
    }
  }
}

async function opening(bench: Bench, page: string): Promise<Contender> {
  if (!existsSync(CHROMIUM)) throw new Error(`there is no ${CHROMIUM}`)
  const { chromium } = await import('playwright-core')
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-gpu'] })
  bench.after(() => browser.close())
  return {
    name: BAK,
    async round() {
      const tab = await browser.newPage({ viewport: { width: 1400, height: 900 } })
      try {
        const began = performance.now()
        await tab.goto(pathToFileURL(page).href)
        await tab.waitForSelector('html[data-drawn]', { timeout: LIMIT_MS })
        return { took: (performance.now() - began) / 1000 }
      } finally {
        await tab.close()
      }
    }
  }
}
