/** What the page of a report shows of tasks, in a real browser: a run of three members with two iterations, during which the server stalls. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { ReportData } from '../../../../../cli/report/report-data.ts'
import { type LoadShape, loadResult } from '../../../../helpers/load-result.ts'
import { launchBrowser, openReport } from '../../../../helpers/report-page.ts'
import { needs, skipWhere } from '../../../../helpers/skip.ts'

const all = suite('tasks on the page of a report')
const test = skipWhere(needs('chromium'), all)
const folder = mkdtempSync(join(tmpdir(), 'bak-page-tasks-'))
let browser: Browser | undefined
let page: Page
/** What a page said on its console, threw, or asked for beside its own file. */
const complaints: string[] = []

all.before(async () => {
  if (needs('chromium') != null) return
  browser = await launchBrowser()
  const stall = { at: 4, ms: 350 }
  page = await open('shared', {
    members: 3,
    iterations: ['r=100', 'r=200'],
    seconds: 8,
    stall,
    busy: ['m2'],
    lost: 'm3'
  })
})
all.after(async () => {
  await browser?.close()
  rmSync(folder, { recursive: true, force: true })
})
all.after.each(() => assert.equal(complaints.splice(0), []))

function open(name: string, shape: Partial<LoadShape>, change?: (data: ReportData) => void): Promise<Page> {
  const place = join(folder, name)
  loadResult({ folder: place, ...shape })
  return openReport({
    browser: browser as Browser,
    folder: place,
    title: name,
    complaints,
    ...(change == null ? {} : { change })
  })
}

const texts = (selector: string, of = page) => of.locator(selector).allTextContents()
const choose = (label: string, option: string) =>
  page.locator('.task-plots label', { hasText: label }).locator('select').selectOption({ label: option })

test('the first screen has a row for each task and iteration, and how the load went over time', async () => {
  assert.equal(await texts('.tasks tbody th'), ['index', '', 'search', '', 'update', ''])
  assert.equal((await texts('.tasks tbody tr:first-child td')).slice(0, 2), ['1-r=100', '4'])
  assert.equal(await texts('.tasks thead th'), [
    ...['Task', 'Iteration', 'Clients', 'Throughput', '', 'Latency p50', 'p90', 'p99', 'p99.9', 'Max'],
    ...['Service p99', 'Errors', 'Requests']
  ])
  assert.match(
    (await texts('.tasks .missing > ul li'))[0] ?? '',
    /^index of 1-r=100: the driver of m2 was the bottleneck/
  )
  // of docs a second and of operations a second, and of latency
  assert.equal(await texts('.task-strips .name'), ['Throughput', 'Throughput', 'Latency p99'])
  assert.is(await page.locator('.task-strips path.line').count(), 6)
  // two elements in each of four samples
  assert.is(await page.locator('.task-strips .join-point').count(), 4)
  assert.ok((await page.locator('.task-strips .warmup').count()) > 0)
  const bottom = await page.locator('.task-strips').evaluate(element => element.getBoundingClientRect().bottom)
  assert.ok(bottom <= 760, `the strips end at ${bottom} px of 900`)
})

test('a stall is in latency and not in service time, and is drawn beside what is usual', async () => {
  await choose('Task', 'search')
  const [first] = await texts('.tasks tbody tr:nth-child(3)')
  const cells = await page.locator('.tasks tbody tr:nth-child(3) td').allTextContents()
  const [p99, service] = [Number(cells[6]), Number(cells[9])]
  assert.ok(p99 > 100 && service < p99 / 2, `${first}: latency ${p99} ms, service time ${service} ms`)
  const marks = await texts('.curves svg text')
  for (const mark of ['0 %', '50 %', '90 %', '99 %', '99.9 %']) assert.ok(marks.includes(mark), mark)
  assert.is(await page.locator('.curve-scale').getAttribute('aria-pressed'), 'true')
  await page.locator('.curve-scale').click()
  assert.ok((await texts('.curves svg text')).includes('0'), 'evenly from 0 on')
  await page.locator('.curve-scale').click()
})

test('a curve for each iteration, with the service time dashed and its other samples faint', async () => {
  assert.equal(await texts('.curves ~ * .keys, figure:has(.curves) .keys > span:not(.value)'), [
    ...['1-r=100', '1-r=100 service', '2-r=200', '2-r=200 service']
  ])
  assert.is(await page.locator('.curve.faint').count(), 2)
  assert.is(await page.locator('.curve.dashed').count(), 2)
})

test('the pointer shows the values of each line at its percentile', async () => {
  const box = await page.locator('.curves svg').boundingBox()
  if (box == null) throw new Error('no curves')
  await page.locator('.curves svg').hover({ position: { x: box.width / 2, y: 80 } })
  const said = await texts('figure:has(.curves) .keys .value')
  assert.match(said[0] ?? '', /^9\d(\.\d+)? %$/)
  for (const value of said.slice(1)) assert.match(value, /^ [\d.]+ ms$/)
})

test('what is dragged over is zoomed to in the strips and in the plots of tasks', async () => {
  const path = () => page.locator('.task-strips path.line').first().getAttribute('d')
  const before = await path()
  const over = await page.locator('.task-plots .u-over').first().boundingBox()
  if (over == null) throw new Error('no plot')
  await page.mouse.move(over.x + over.width / 4, over.y + 20)
  await page.mouse.down()
  await page.mouse.move(over.x + over.width / 2, over.y + 20, { steps: 4 })
  await page.mouse.up()
  await page.waitForFunction(d => document.querySelector('.task-strips path.line')?.getAttribute('d') !== d, before)
  await page.locator('.task-strips').dblclick({ position: { x: 400, y: 20 } })
  await page.waitForFunction(d => document.querySelector('.task-strips path.line')?.getAttribute('d') === d, before)
})

test('each member has lines and a curve of its own, and a row with its driver', async () => {
  await choose('Task', 'search')
  await choose('Lines', 'each member')
  assert.equal(await texts('.task-plots .plots:first-of-type figcaption b'), [
    'throughput, ops/s',
    'latency p99',
    'errors'
  ])
  assert.equal(await texts('figure:has(.curves) .keys > span:not(.value)'), ['m1', 'm2', 'm3'])
  assert.equal(await texts('.task-members tbody th'), ['m1', 'm2', 'm3 lost'])
  const busy = page.locator('.task-members tbody tr:nth-child(2) td.bad')
  assert.ok((await busy.allTextContents()).includes('99 %'), 'the driver that was the bottleneck stands out')
  assert.equal(await texts('.task-plots .controls > .soft'), ['clients began within 0.9 ms'])
  await choose('Lines', 'all members together')
  await choose('Task', 'update')
  assert.equal(await texts('.task-plots .plots:first-of-type figcaption b'), ['throughput, ops/s', 'latency'])
  assert.equal(await texts('.task-plots .task-errors'), [])
})

test('is dark where the system is, and is drawn on paper', async () => {
  const colour = () =>
    page
      .locator('.curve.blue')
      .last()
      .evaluate(path => getComputedStyle(path).stroke)
  const light = await colour()
  await page.emulateMedia({ colorScheme: 'dark' })
  assert.is.not(await colour(), light)
  await page.emulateMedia({ colorScheme: 'light' })
  const pdf = await page.pdf({ preferCSSPageSize: true, printBackground: true })
  assert.ok(pdf.length > 10_000)
})

test('a search has its knee in words, and throughput and latency over the values that were tried', async () => {
  const shape = { members: 2, samples: 1, seconds: 4, iterations: ['r=1', 'r=2', 'r=3'] }
  const opened = await open('search', shape, ({ tasks }) => {
    if (tasks == null) return
    const values = [0, 1, 2].map(iteration => ({ iteration, value: 100 * (iteration + 1) }))
    const words = 'the knee of search.target_throughput is between 200 (1 of 1 sample holds) and 300 (0 of 1)'
    tasks.search = { task: 'search', parameter: 'search.target_throughput', words, values, holds: 200, breaks: 300 }
  })
  assert.match(
    (await texts('.tasks p.knee', opened))[0] ?? '',
    /^Search the knee of search\.target_throughput is between 200/
  )
  assert.is(await opened.locator('.search svg').count(), 2)
  assert.is(await opened.locator('.search svg').first().locator('circle.holds').count(), 2)
  assert.is(await opened.locator('.search svg').first().locator('circle.breaks').count(), 1)
  assert.match(
    (await opened.locator('.search svg').last().getAttribute('aria-label')) ?? '',
    /^latency p99, 100: [\d.]+ ms, 200: /
  )
  await opened.close()
})

test('what others wrote is text', async () => {
  const bad = (mark: string) => `</script><img src=x onerror="document.title='${mark}'">${mark}`
  const opened = await open('hostile', { members: 2, samples: 1, seconds: 4 }, ({ tasks }) => {
    for (const task of tasks?.tasks ?? []) {
      Object.assign(task, { task: bad('task'), operation: bad('operation'), unit: bad('unit') })
      for (const take of task.takes) take.errors = [{ kind: bad('kind'), count: 3 }]
    }
  })
  assert.is(await opened.title(), 'hostile')
  assert.is(await opened.locator('img').count(), 0)
  assert.equal((await texts('.task-errors td', opened))[0], bad('kind'))
  await opened.close()
})

test('a run whose tasks measured nothing is drawn, and says so', async () => {
  const opened = await open('nothing', { members: 2, samples: 1, seconds: 4 }, ({ tasks }) => {
    for (const take of tasks?.tasks.flatMap(({ takes }) => takes) ?? []) {
      Object.assign(take, { requests: 0, failed: 0, latency: undefined, service: undefined, warmup: true })
      for (const member of take.members) Object.assign(member, { requests: 0, failed: 0, latency: undefined })
    }
  })
  assert.equal(await texts('.curves .empty', opened), ['No request counted.'])
  await opened.close()
})

all.run()
