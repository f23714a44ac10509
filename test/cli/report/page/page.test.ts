/** The page of a report in a real browser: one for all tests, which look at a page of three members unless they say otherwise. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Browser, Locator, Page } from 'playwright-core'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { pageHtml } from '../../../../cli/report/page-html.ts'
import type { ReportData } from '../../../../cli/report/report-data.ts'
import { makeReport } from '../../../helpers/report-data.ts'
import { drawReport, launchBrowser } from '../../../helpers/report-page.ts'
import { needs, skipWhere } from '../../../helpers/skip.ts'

const all = suite('the page of a report')
const test = skipWhere(needs('chromium'), all)
const folder = mkdtempSync(join(tmpdir(), 'bak-page-'))
let browser: Browser | undefined
let shared: Page
/** What a page said on its console, threw, or asked for beside its own file. */
const complaints: string[] = []

all.before(async () => {
  if (needs('chromium') != null) return
  browser = await launchBrowser()
  shared = await open(makeReport(), 'shared')
})
all.after(async () => {
  await browser?.close()
  rmSync(folder, { recursive: true, force: true })
})
all.after.each(async () => {
  if (browser == null) return
  assert.equal(complaints.splice(0), [])
  await shared.keyboard.press('Escape')
})

const open = (report: { data: ReportData; block: Uint8Array }, name: string): Promise<Page> =>
  drawReport(report, { browser: browser as Browser, file: join(folder, `${name}.html`), complaints, height: 800 })

const texts = (page: Page, selector: string) => page.locator(selector).allTextContents()
const said = async (words: Locator) => (await words.textContent()) ?? ''
const shownTime = (page: Page) => said(page.locator('.zoom option:checked'))

test('says on the first screen how it ended, what ran, the metrics, the phases and the resources', async () => {
  assert.match(await said(shared.locator('h1')), /● ok fio-randread fio --name=job/)
  assert.match(await said(shared.locator('.facts')), /2 iterations, 3 samples each, on 3 members · 3 min 1 s/)
  assert.is(await shared.locator('.metrics tbody tr').count(), 6)
  assert.is(await shared.locator('.dots circle').count(), 18)
  // as the median, the distance of the quartiles has its unit
  assert.match((await texts(shared, '.metrics tbody tr:first-child td.number'))[1] ?? '', /^[\d.]+ k\/s$/)
  assert.equal((await texts(shared, '.phases .name')).slice(0, 3), ['n1', 'n2', 'n3'])
  assert.ok((await texts(shared, '.phases .window')).includes('1-4k · 1'))
  assert.equal(await texts(shared, '.resource b'), [
    'CPU',
    'Run queue',
    'Memory',
    'Disk latency',
    'Disk throughput',
    'Disk utilization',
    'Network'
  ])
  // a row has a cell for each member, and names the busiest
  assert.is(await shared.locator('.cell').count(), 21)
  assert.equal(new Set(await texts(shared, '.end b')), new Set(['n2']))
  const bottom = await shared.locator('.multiples').evaluate(element => element.getBoundingClientRect().bottom)
  assert.ok(bottom <= 800, `the resources end at ${bottom} px of 800`)
})

test('says where a member has no data', async () => {
  assert.equal(await texts(shared, '.cell[aria-label="no data"] > svg > text'), ['no data'])
})

test('nothing overlaps in the cells and beside them', async () => {
  const overlaps = await shared.evaluate(() => {
    const found: string[] = []
    const groups = [...document.querySelectorAll('.resource, .cell svg, .phases')]
    for (const group of groups) {
      const words = [...group.querySelectorAll('text, b, .part, .mark')].filter(each => each.textContent !== '')
      const boxes = words.map(each => ({ text: each.textContent, box: each.getBoundingClientRect() }))
      for (const [index, one] of boxes.entries()) {
        for (const other of boxes.slice(index + 1)) {
          const [a, b] = [one.box, other.box]
          const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left)
          const high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top)
          // lines of text share some px of their line height
          if (wide > 1 && high > 4) found.push(`${one.text} | ${other.text}`)
        }
      }
    }
    return found
  })
  assert.equal(overlaps, [])
})

test('the keys of a row are not cut off: what has no room is left out, and named where it is pointed at', async () => {
  const report = makeReport({ members: 8, further: 0 })
  const [cpu] = report.data.panels
  if (cpu != null) cpu.parts = ['userspace', 'system calls', 'iowait', 'interrupts', 'stolen']
  const page = await open(report, 'keys')
  await page.setViewportSize({ width: 1280, height: 560 })
  await page.waitForFunction(() =>
    [...document.querySelectorAll('.part')].some(each => /^\+\d$/.test(each.textContent ?? ''))
  )
  const cut = await page.evaluate(() =>
    [...document.querySelectorAll('.parts')].flatMap(parts => {
      const { bottom } = parts.getBoundingClientRect()
      return [...parts.querySelectorAll('.part')]
        .filter(each => each.getBoundingClientRect().bottom > bottom + 1)
        .map(each => each.textContent)
    })
  )
  assert.equal(cut, [])
  assert.is(
    await page.locator('.parts').first().getAttribute('title'),
    'userspace, system calls, iowait, interrupts, stolen'
  )
  await page.close()
})

test('machines that were not fit to measure are named on the first screen', async () => {
  const report = makeReport({ members: 2, further: 0 })
  report.data.head.unfit = 'load of n1, n2'
  const page = await open(report, 'unfit')
  assert.is(await said(page.locator('.unfit')), 'Not fit to measureload of n1, n2')
  assert.match(await said(page.locator('h1')), /▲ ok/)
  await page.close()
})

test('what is dragged over is zoomed to in all plots, and a double click shows the whole run', async () => {
  assert.is(await shownTime(shared), 'Whole run')
  const before = await shared.locator('.cell path.line').first().getAttribute('d')
  const strip = await boxOf(shared, '.phases > svg')
  await drag(shared, strip.x + strip.width * 0.25, strip.x + strip.width * 0.5, strip.y + 30)
  await shared.waitForFunction(() => document.querySelector('.zoom option:checked')?.textContent !== 'Whole run')
  assert.match(await shownTime(shared), /^0:4\d(\.\d)? to 1:[23]\d(\.\d)?$/)
  await shared.waitForFunction(d => document.querySelector('.cell path.line')?.getAttribute('d') !== d, before)
  assert.not.ok((await texts(shared, '.cell .axis text')).includes('3:00'))
  const cell = await boxOf(shared, '.cell svg')
  await shared.mouse.dblclick(cell.x + 40, cell.y + 30)
  await shared.waitForFunction(() => document.querySelector('.zoom option:checked')?.textContent === 'Whole run')
})

test('a large plot zooms the others, too', async () => {
  const plot = await boxOf(shared, '.u-over')
  await drag(shared, plot.x + plot.width * 0.5, plot.x + plot.width * 0.75, plot.y + 40)
  await shared.waitForFunction(() => document.querySelector('.zoom option:checked')?.textContent !== 'Whole run')
  assert.match(await shownTime(shared), /^1:(29|30|31)(\.\d)? to 2:1\d(\.\d)?$/)
})

test('a window of work is chosen from a list, and keys move and zoom', async () => {
  await shared.locator('.zoom select').selectOption({ label: '2-64k · 2' })
  assert.is(await shownTime(shared), '2-64k · 2')
  await shared.locator('.zoom select').evaluate(element => (element as HTMLElement).blur())
  await shared.keyboard.press('+')
  const near = await shownTime(shared)
  assert.match(near, / to /)
  await shared.keyboard.press('ArrowRight')
  assert.is.not(await shownTime(shared), near)
  await shared.keyboard.press('0')
  assert.is(await shownTime(shared), 'Whole run')
})

test('the pointer shows the values of its time in all cells', async () => {
  const usual = await said(shared.locator('.cell .note').last())
  const cell = await boxOf(shared, '.cell svg')
  await shared.mouse.move(cell.x + cell.width * 0.1, cell.y + 30)
  await shared.waitForFunction(() => document.querySelectorAll('.cursor[visibility=visible]').length === 21)
  assert.is.not(await said(shared.locator('.cell .note').last()), usual)
  // so do the large plots
  await shared.waitForFunction(() => document.querySelector('.keys .value')?.textContent !== '')
  await shared.mouse.move(5, 5)
  await shared.waitForFunction(() => document.querySelectorAll('.cursor[visibility=visible]').length === 0)
})

test('a cell is reached by Tab, its focus is seen, and Enter shows the plots of its member', async () => {
  await shared.locator('.zoom select').focus()
  await shared.keyboard.press('Tab')
  await shared.keyboard.press('Tab')
  await shared.keyboard.press('Tab')
  assert.match(await shared.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? ''), /^CPU of n3: /)
  assert.is(await shared.evaluate(() => getComputedStyle(document.activeElement as Element).outlineStyle), 'solid')
  await shared.keyboard.press('Enter')
  assert.is(await said(shared.locator('.controls option:checked').first()), 'n3')
  // no network there: one plot less
  assert.is(await shared.locator('.plots .plot').count(), 10)
})

test('series are found by words, and those that are ticked are drawn', async () => {
  await shared.keyboard.press('/')
  await shared.locator('.filter').waitFor()
  await shared.waitForFunction(() => document.activeElement?.classList.contains('filter'))
  assert.is(await said(shared.locator('.series .count')), '205 of 205 series')
  await shared.keyboard.type('metric:disk.*bytes -member:n2')
  await shared.waitForFunction(() => document.querySelector('.series .count')?.textContent === '4 of 205 series')
  assert.equal(await texts(shared, '.series tbody td:nth-child(2)'), ['n1', 'n1', 'n3', 'n3'])
  await shared.locator('.sort', { hasText: 'Mean' }).click()
  assert.equal(await texts(shared, '.series tbody td:nth-child(4)'), [
    'disk.read.bytes',
    'disk.read.bytes',
    'disk.write.bytes',
    'disk.write.bytes'
  ])
  assert.equal(await texts(shared, '.series tbody td:nth-child(2)'), ['n3', 'n1', 'n3', 'n1'])
  await shared.locator('.sort', { hasText: 'Mean' }).click()
  await shared.locator('.series input[type=checkbox]').nth(1).check()
  assert.is(await shared.locator('.series .plot').count(), 1)
  assert.match(await said(shared.locator('.series .plot figcaption')), /disk\.write\.bytesn1 device=nvme0n1/)
  await shared.locator('.filter').fill('no such series')
  await shared.waitForFunction(() => document.querySelector('.series .count')?.textContent === '0 of 205 series')
  await shared.locator('.filter').evaluate(element => (element as HTMLElement).blur())
})

test('a flame graph is searched, zoomed and moved through with keys', async () => {
  await shared.locator('summary', { hasText: 'Flame graphs' }).click()
  await shared.locator('.flame g').first().waitFor()
  const frames = await shared.locator('.flame g').count()
  assert.ok(frames > 100, `${frames} frames`)
  await shared.locator('.flame-box input').fill('copy_page')
  await shared.waitForFunction(() =>
    /^\d.* of all$/.test(document.querySelector('.flame-box .count')?.textContent ?? '')
  )
  assert.ok((await shared.locator('.flame .sought').count()) > 0)
  await shared.locator('.flame').focus()
  await shared.keyboard.press('ArrowDown')
  await shared.keyboard.press('ArrowDown')
  assert.match(await said(shared.locator('.flame-said')), /^thread_main: .* samples, .* of all$/)
  await shared.keyboard.press('Enter')
  assert.is(await shared.locator('.flame .above').count(), 2)
  await shared.keyboard.press('Escape')
  assert.is(await shared.locator('.flame g').count(), frames)
})

test('is dark where the system is, and as the button says after that', async () => {
  const ground = () => shared.evaluate(() => getComputedStyle(document.documentElement).backgroundColor)
  assert.is(await ground(), 'rgb(255, 255, 255)')
  const light = await canvasOf(shared)
  await shared.emulateMedia({ colorScheme: 'dark' })
  // styles are computed when they are asked for; the page is told with the next frame
  await frameOf(shared)
  assert.is(await ground(), 'rgb(22, 24, 26)')
  assert.is(await said(shared.locator('.theme')), 'Light')
  assert.is.not(await canvasOf(shared), light, 'what is on a canvas changes, too')
  await shared.locator('.theme').click()
  assert.is(await ground(), 'rgb(255, 255, 255)')
  await shared.locator('.theme').click()
  assert.is(await ground(), 'rgb(22, 24, 26)')
  // paper is light whatever the screen is
  await shared.emulateMedia({ media: 'print' })
  assert.is(await ground(), 'rgb(255, 255, 255)')
  assert.is(await shared.locator('.theme').isVisible(), false)
  await shared.emulateMedia({ media: 'screen', colorScheme: 'light' })
  await shared.locator('.theme').click()
})

test('prints on sheets, and is as before on the screen', async () => {
  const width = () => shared.locator('.phases').evaluate(element => element.clientWidth)
  const before = await width()
  const pdf = await shared.pdf({ preferCSSPageSize: true, printBackground: true })
  assert.ok(pdf.length > 10_000)
  // A4 on its side, in points
  assert.match(pdf.toString('latin1'), /MediaBox ?\[0 0 841\.\d+ 59\d/)
  assert.is(await width(), before)
})

test('what others wrote is text: nothing of it runs, loads or is an element', async () => {
  const report = makeReport({ members: 2, further: 1 })
  const bad = (mark: string) =>
    `</script><script>document.title='${mark}'</script><img src=x onerror="document.title='${mark}'">&amp;"'\u2028${mark}`
  const { data } = report
  data.head.name = bad('name')
  data.head.ran = bad('ran')
  data.head.reason = bad('reason')
  data.head.tags = { [bad('tag')]: bad('value') }
  data.missing = [bad('missing')]
  data.members[0] = { name: bad('member'), about: bad('about') }
  data.iterations[0] = { number: 1, name: bad('iteration') }
  for (const each of data.metrics) Object.assign(each, { metric: bad('metric'), unit: bad('unit') })
  for (const each of data.panels)
    Object.assign(each, { title: bad('panel'), unit: bad('unit'), parts: each.parts.map(bad) })
  for (const { cells } of data.panels) for (const cell of cells) cell.note = bad('note')
  for (const each of data.phases) Object.assign(each, { phase: bad('phase'), label: bad('label') })
  data.series.labels = data.series.labels.map(bad)
  data.series.metrics = data.series.metrics.map(bad)
  data.tables.push({ title: bad('table'), note: bad('note'), head: [bad('head')], rows: [[bad('cell')]], open: true })
  const [stacks] = data.flames
  const at = data.block.float64 * 8 + data.block.float32 * 4 + (stacks?.offset as number)
  const folded = Buffer.from(`${bad('frame').replaceAll(' ', '\t')} 7\n`)
  folded.copy(report.block as Buffer, at)
  report.block.fill(0x20, at + folded.length, at + (stacks?.length as number))
  const page = await open(report, 'hostile')
  await page.evaluate(() => {
    for (const each of document.querySelectorAll('details')) each.open = true
  })
  await page.locator('.flame g').nth(1).waitFor()
  await page.locator('.series input[type=checkbox]').first().check()
  assert.is(await page.title(), bad('name'))
  assert.is(await page.locator('img').count(), 0)
  assert.is(await page.locator('script').count(), 3)
  assert.ok((await said(page.locator('h1'))).includes(bad('ran')))
  assert.ok((await texts(page, '.wide td')).includes(bad('cell')))
  await page.close()
})

test('of more than eight members one column shows the spread, with the busiest named', async () => {
  const report = makeReport({ members: 64, samples: 2, further: 0, processors: 4, interval: 1 })
  report.data.head.partial = true
  report.data.missing = ['a', 'b', 'c', 'd', 'e']
  const lost = report.data.phases.findLast(({ member, phase }) => member === 40 && phase === 'work')
  if (lost != null) lost.outcome = 'excluded'
  const page = await open(report, 'many')
  assert.is(await page.locator('.cell').count(), 7)
  assert.is(await page.locator('.cell path.spread').count(), 14)
  assert.match(
    (await page.locator('.cell button').first().getAttribute('aria-label')) ?? '',
    /^CPU: median [\d.]+ %, [\d.]+ % to [\d.]+ %$/
  )
  assert.is(await said(page.locator('.end b').first()), 'rack1-n01')
  assert.equal(await texts(page, '.phases .name'), ['64 members', 'rack3-n40'])
  assert.match(await said(page.locator('h1')), /▲ ok, partial/)
  assert.is(await said(page.locator('.missing summary')), '2 more')
  await page.close()
})

test('a million points are drawn as many as can be seen, and zooming shows those between', async () => {
  const report = makeReport({
    members: 1,
    iterations: ['long'],
    samples: 1,
    work: 10_000,
    interval: 0.25,
    further: 4,
    processors: 2
  })
  const points = report.data.series.rows.reduce((sum, row) => sum + row[7], 0)
  assert.ok(points > 1_000_000, `${points} points`)
  const page = await open(report, 'million')
  const steps = async () =>
    ((await page.locator('.cell path.line').first().getAttribute('d')) ?? '').split(/[ML]/).length - 1
  const width = (await boxOf(page, '.cell svg')).width
  assert.ok((await steps()) <= 5 * width, `${await steps()} points on ${width} px`)
  for (let step = 0; step < 20; step++) await page.keyboard.press('+')
  await page.waitForFunction(
    () => (document.querySelector('.cell path.line')?.getAttribute('d') ?? '').split(/[ML]/).length < 12
  )
  assert.match(await shownTime(page), /^1:23:\d\d(\.\d)? to 1:23:\d\d(\.\d)?$/)
  await page.close()
})

test('says what is not there instead of drawing nothing', async () => {
  const { data } = makeReport({ further: 0 })
  const empty: ReportData = {
    ...data,
    head: { ...data.head, verdict: 'workload-failed', reason: 'fio exited with 1 on n2' },
    ...{ metrics: [], panels: [], windows: [], phases: [], flames: [], tables: [], axes: [], missing: [] },
    series: { tools: [], metrics: [], labels: [], units: [], rows: [] },
    block: { float64: 0, float32: 0, text: 0 }
  }
  const page = await open({ data: empty, block: new Uint8Array() }, 'empty')
  assert.match(await said(page.locator('h1')), /✕ workload failed/)
  const [first = '', second = ''] = await texts(page, '.empty')
  assert.match(first, /stated no metrics/)
  assert.match(second, /No tool of this run left series/)
  await page.close()
})

test('says that it is damaged where its data is cut off', async () => {
  const file = join(folder, 'cut.html')
  const html = await pageHtml({ page: 'report', title: 'cut', ...makeReport({ further: 0 }) })
  writeFileSync(file, html.replace(/(id="block">.{100})[^<]*/, '$1'))
  const page = await (browser as Browser).newPage()
  await page.goto(pathToFileURL(file).href)
  await page.locator('html[data-drawn]').waitFor()
  assert.match(await said(page.locator('.empty')), /^This report cannot be drawn: /)
  await page.close()
})

all.run()

async function boxOf(page: Page, selector: string) {
  const found = page.locator(selector).first()
  await found.scrollIntoViewIfNeeded()
  const box = await found.boundingBox()
  assert.ok(box != null, `${selector} is not on the page`)
  return box as NonNullable<typeof box>
}

async function drag(page: Page, from: number, to: number, y: number): Promise<void> {
  await page.mouse.move(from, y)
  await page.mouse.down()
  await page.mouse.move((from + to) / 2, y, { steps: 3 })
  await page.mouse.move(to, y)
  await page.mouse.up()
}

/** The picture of the first large plot. */
const frameOf = (page: Page) =>
  page.evaluate(() => new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(drawn))))

const canvasOf = (page: Page) =>
  page.evaluate(() => document.querySelector<HTMLCanvasElement>('.uplot canvas')?.toDataURL())
