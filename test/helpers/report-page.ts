/** Opens pages of reports in a browser, for tests of what they show. */
import { writeFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import type { Browser, Page } from 'playwright-core'
import { gatherReport } from '../../cli/report/gather.ts'
import { pageHtml } from '../../cli/report/page-html.ts'
import type { ReportData } from '../../cli/report/report-data.ts'
import { sourceOf } from '../../cli/report/report-run.ts'
import { openFolder } from '../../cli/result/open-result.ts'

export async function launchBrowser(): Promise<Browser> {
  const { chromium } = await import('playwright-core')
  return chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] })
}

interface Opening {
  browser: Browser
  /** Of the result; the page is written beside it. */
  folder: string
  /** By default the name of the run. */
  title?: string
  /** Gets what the page says on its console, throws, or asks for beside its own file. */
  complaints: string[]
  change?: (data: ReportData) => void
}

/** @returns the page of the report of a result, once it is drawn */
export async function openReport({ folder, change = () => {}, ...opening }: Opening): Promise<Page> {
  const report = await gatherReport(await sourceOf(await openFolder(folder)), 1e6)
  change(report.data)
  return drawReport(report, { ...opening, file: `${folder}.html`, height: 900 })
}

interface Drawing extends Pick<Opening, 'browser' | 'title' | 'complaints'> {
  /** The page is written there. */
  file: string
  /** Of the window, pixels. */
  height: number
}

/** @returns the page of a report, once it is drawn */
export async function drawReport(
  report: { data: ReportData; block: Uint8Array },
  { browser, file, title = report.data.head.name, complaints, height }: Drawing
): Promise<Page> {
  writeFileSync(file, await pageHtml({ page: 'report', title, ...report }))
  const page = await browser.newPage({ viewport: { width: 1280, height }, colorScheme: 'light' })
  // of a machine that is busy with other tests
  page.setDefaultTimeout(60_000)
  const url = pathToFileURL(file).href
  page.on('console', message => complaints.push(message.text()))
  page.on('pageerror', error => complaints.push(String(error)))
  page.on('request', request => {
    if (request.url() !== url) complaints.push(`asked for ${request.url()}`)
  })
  await page.goto(url)
  await page.locator('html[data-drawn]').waitFor()
  return page
}
