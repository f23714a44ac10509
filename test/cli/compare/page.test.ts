/** The page of a comparison in a real browser. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Browser, Page } from 'playwright-core'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Aspect } from '../../../cli/compare/alike.ts'
import { compareResults } from '../../../cli/compare/compare-results.ts'
import { render } from '../../../cli/compare/forms.ts'
import { RECORD_FILE, toolFolder } from '../../../protocols/layout.ts'
import { writeRecord } from '../../../protocols/record.ts'
import { loadResult } from '../../helpers/load-result.ts'
import { launchBrowser } from '../../helpers/report-page.ts'
import type { SeriesResult, seriesResult } from '../../helpers/series-result.ts'
import { needs, skipWhere } from '../../helpers/skip.ts'
import { resultIn } from './results.ts'

const all = suite('the page of a comparison')
const test = skipWhere(needs('chromium'), all)
const HOSTILE = '<img src=x onerror=alert(1)></script><b>'

let folder = ''
let browser: Browser | undefined
let page: Page
/** What the page said on its console, threw, or asked for beside its own file. */
const complaints: string[] = []

all.before(async () => {
  if (needs('chromium') != null) return
  folder = mkdtempSync(join(tmpdir(), 'bak-compare-page-'))
  const base = resultIn({ folder: join(folder, 'a'), samples: 5, seconds: 4 })
  const slow = { folder: join(folder, 'b'), run: '20261122T223015-bbbbbb', samples: 5, seconds: 4, seed: 2 }
  const other = resultIn({ ...slow, slower: { m2: 2 } }, { like: base, kernel: HOSTILE })
  nameHostile(slow.folder, other)
  profile(base, 'main;read 10\nmain;compute 90\n')
  profile(other, `main;read 60\nmain;${HOSTILE} 40\n`)
  const html = await makePage()
  browser = await launchBrowser()
  page = await open(html)
})
all.after(async () => {
  await browser?.close()
  if (folder !== '') rmSync(folder, { recursive: true })
})
all.after.each(() => assert.equal(complaints.splice(0), []))

/** A metric and the run have names that would be tags. */
function nameHostile(at: string, { record }: SeriesResult): void {
  writeFileSync(join(at, RECORD_FILE), writeRecord({ ...record, spec: { ...record.spec, tags: { x: HOSTILE } } }))
}

function profile({ folder: at, samples }: ReturnType<typeof seriesResult>, text: string): void {
  for (const { step } of samples) {
    const tool = join(at, toolFolder(step, 'default', 'm1', 'perf'))
    mkdirSync(tool, { recursive: true })
    writeFileSync(join(tool, 'perf-folded.txt'), text)
  }
}

async function makePage(names = ['a', 'b'], despite: Aspect[] = []): Promise<string> {
  const context = { home: folder, ask: () => Promise.reject(new Error('no daemon is asked')) }
  const comparison = await compareResults(
    context,
    names.map(name => join(folder, name)),
    {
      ...{ threshold: 0.02, despite, conditions: [], better: {}, metrics: [] },
      ...{ withResources: true, withPictures: true, isFolder: word => word.startsWith(folder) }
    }
  )
  return render(comparison, 'html', { all: true })
}

async function open(html: string, name = 'compare.html'): Promise<Page> {
  const file = join(folder, name)
  writeFileSync(file, html)
  const opened = await (browser as Browser).newPage({ viewport: { width: 1280, height: 800 }, colorScheme: 'light' })
  opened.setDefaultTimeout(10_000)
  const url = pathToFileURL(file).href
  opened.on('console', message => complaints.push(message.text()))
  opened.on('pageerror', error => complaints.push(String(error)))
  opened.on('request', request => {
    if (request.url() !== url) complaints.push(`asked for ${request.url()}`)
  })
  await opened.goto(url)
  await opened.locator('html[data-drawn]').waitFor()
  return opened
}

const texts = (selector: string) => page.locator(selector).allTextContents()

test('says first what is worse, and of whom', async () => {
  const said = await texts('.answer .said')
  assert.is(said.length, 4)
  assert.match(said[0] ?? '', /^worse: fio\.read\.iops of bs=4k, -\d/)
  assert.equal(
    (await texts('.groups li')).map(text => text.slice(0, 23)),
    ['A: 20261122T213015-k3f9', 'B: 20261122T223015-bbbb']
  )
})

test('has a dot for each sample of both groups, and an interval for each metric', async () => {
  assert.is(await page.locator('.compared tbody tr').count(), 4)
  assert.is(await page.locator('.dots circle.group-0').count(), 20)
  assert.is(await page.locator('.dots circle.group-1').count(), 20)
  assert.is(await page.locator('.interval .range').count(), 4)
  assert.equal(new Set(await texts('.compared td.verdict')), new Set(['worse']))
})

test('lays the samples of a resource over each other, the largest effect first, and zooms all plots together', async () => {
  const [first = ''] = await texts('.overlaid figcaption b')
  assert.match(first, /, m2$/)
  const plots = page.locator('.overlaid .plot')
  assert.is(await plots.count(), 24)
  assert.equal(await plots.first().locator('.line-key').allTextContents(), [
    'A1',
    'A2',
    'A3',
    'A4',
    'A5',
    'B1',
    'B2',
    'B3',
    'B4',
    'B5'
  ])
  const drawn = () =>
    plots
      .nth(3)
      .locator('canvas')
      .evaluate(canvas => (canvas as { toDataURL(): string }).toDataURL())
  const before = await drawn()
  const over = await plots.first().locator('.u-over').boundingBox()
  if (over == null) throw new Error('no plot')
  await page.mouse.move(over.x + over.width / 4, over.y + 20)
  await page.mouse.down()
  await page.mouse.move(over.x + over.width / 2, over.y + 20, { steps: 4 })
  await page.mouse.up()
  await page.waitForTimeout(100)
  assert.is.not(await drawn(), before)
})

test('shows what was another in the machines, and what others wrote as text', async () => {
  assert.ok((await texts('.fold td')).includes(HOSTILE))
  assert.ok((await texts('.groups li')).some(text => text.includes(HOSTILE)))
  assert.is(await page.locator('img').count(), 0)
})

test('has a differential flame graph of a member that was profiled in both', async () => {
  await page.locator('summary', { hasText: 'Flame graphs' }).click()
  const graph = page.locator('svg.flame.difference')
  await graph.locator('g').nth(2).waitFor()
  assert.ok((await graph.locator('g').count()) >= 3)
  assert.equal(await texts('.fold option'), ['m1: B against A'])
})

test('has the latencies of tasks by percentile, the groups over each other', async () => {
  const shape = { samples: 2, seconds: 6 }
  loadResult({ folder: join(folder, 'load-a'), ...shape })
  const stalled = { run: '20261122T223015-bbbbbb', seed: 2, stall: { at: 4, ms: 350 } }
  loadResult({ folder: join(folder, 'load-b'), ...shape, ...stalled })
  const opened = await open(await makePage(['load-a', 'load-b'], ['roster']), 'load.html')
  const plots = opened.locator('.by-percentile .plot')
  assert.equal(await plots.locator('b').allTextContents(), [
    'latency of index',
    'latency of search',
    'latency of update'
  ])
  const second = plots.nth(1)
  assert.equal(await second.locator('.keys > span:not(.value)').allTextContents(), ['A', 'A service', 'B', 'B service'])
  // a faint line for each of four samples
  assert.is(await second.locator('.curve').count(), 8)
  assert.is(await second.locator('.curve.faint').count(), 4)
  assert.match(
    (await second.locator('svg').getAttribute('aria-label')) ?? '',
    /A \d.* ms at 99 %, .*B [23]\d\d ms at 99 %/
  )
  await opened.close()
})

all.run()
