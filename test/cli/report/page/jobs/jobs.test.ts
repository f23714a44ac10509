/** What the page of a report shows of jobs, in a real browser: a diamond of which one job failed, and one was given to another member. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { jobsResult } from '../../../../helpers/jobs-result.ts'
import { launchBrowser, openReport } from '../../../../helpers/report-page.ts'
import { needs, skipWhere } from '../../../../helpers/skip.ts'

const all = suite('jobs on the page of a report')
const test = skipWhere(needs('chromium'), all)
const folder = mkdtempSync(join(tmpdir(), 'bak-page-jobs-'))
let browser: Browser | undefined
let page: Page
const complaints: string[] = []

all.before(async () => {
  if (needs('chromium') != null) return
  browser = await launchBrowser()
  page = await open('failed', { fails: true })
})
all.after(async () => {
  await browser?.close()
  rmSync(folder, { recursive: true, force: true })
})
all.after.each(() => assert.equal(complaints.splice(0), []))

function open(name: string, shape: Omit<Parameters<typeof jobsResult>[0], 'folder'>): Promise<Page> {
  const place = join(folder, name)
  jobsResult({ folder: place, ...shape })
  return openReport({ browser: browser as Browser, folder: place, complaints })
}
const texts = (selector: string) => page.locator(selector).allTextContents()

test('are counted by graph on the first screen, with the causes of what failed, and what they left', async () => {
  assert.equal(await texts('.jobs .graphs li'), [
    'setup 1 done',
    '1-default/sample1 1 failed, 1 skipped, 3 done, 1 reused',
    'report 1 cancelled'
  ])
  assert.match(
    (await texts('.jobs .causes'))[0] ?? '',
    /^app skipped <- lib failed on m2, attempt 1: exit 1 in phase build\n/
  )
  assert.equal(await texts('.outputs th'), ['build/build.out', 'site/site.out'])
  assert.equal(await texts('.jobs .legend span'), ['done', 'failed', 'given to another member'])
  const bottom = await page.locator('.job-strip').evaluate(element => element.getBoundingClientRect().bottom)
  assert.ok(bottom < 900, `${bottom}`)
})

test('have a bar an attempt below the phases, and say what they are under the pointer', async () => {
  assert.equal(await texts('.job-strip .name'), ['m1', 'm2', 'm3'])
  assert.equal((await texts('.job-strip .job-name')).sort(), ['build', 'lib', 'site', 'tool', 'tool'])
  const box = await page.locator('.job-strip path.job.failed').boundingBox()
  if (box == null) throw new Error('no bar')
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2)
  assert.match((await texts('.job-strip title'))[0] ?? '', /^lib on m2: failed\n0:0\d[\d.]* to .*, 700 ms$/)
})

test('are zoomed with the phases', async () => {
  const widthOf = async () => (await page.locator('.job-strip path.job.failed').boundingBox())?.width ?? 0
  const before = await widthOf()
  const box = await page.locator('.job-strip').boundingBox()
  if (box == null) throw new Error('no strip')
  await page.mouse.move(box.x + 350, box.y + 20)
  await page.mouse.down()
  await page.mouse.move(box.x + 550, box.y + 20, { steps: 4 })
  await page.mouse.up()
  await page.waitForFunction(
    least => (document.querySelector('.job-strip path.job.failed')?.getBoundingClientRect().width ?? 0) > least,
    before * 2
  )
  await page.keyboard.press('0')
})

test('of thousands keep the page fast: a path for all bars of a kind, and the others are counted', async () => {
  const many = await open('many', { further: 3_000, samples: 2 })
  assert.is(await many.locator('.job-strip path').count(), 2)
  assert.match((await many.locator('.jobs .note').textContent()) ?? '', /^1014 shorter attempts are not drawn/)
  const height = await many.locator('.job-strip').evaluate(element => element.getBoundingClientRect().height)
  assert.ok(height < 280, `${height}`)
})

all.run()
