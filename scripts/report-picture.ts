/**
 * Makes docs/report.png, the picture in the README: `node scripts/report-picture.ts [FILE]`. A mesh of three daemons on this machine measures fio
 * with two block sizes and three samples, writes its report, and Chromium takes its first screen.
 */
import { existsSync, statSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { chromium } from 'playwright-core'
import { Testnet } from '../testnets/testnet.ts'

const CHROMIUM = process.env.BAK_CHROMIUM ?? '/usr/bin/chromium'
/** Of the picture, pixels and bytes. */
const SIZE = { width: 1180, height: 860 }
const MAX_BYTES = 200_000
const MEMBERS = ['ada', 'bo', 'cleo']
const RUN_FILE = `
name = "fio"
tools = ["proc", "iostat"]
samples = 3

[params]
bs = ["4k", "64k"]

[[workload]]
name = "fio"
role = "client"
command = """fio --name=job --filename=$BAK_OUT/file --size=128m --rw=randrw --bs=$BAK_PARAM_BS --rate=24m --time_based --runtime=12 \\
  --ioengine=psync --direct=1 --output-format=json+ && rm $BAK_OUT/file"""
results = "fio"
`

const target = resolve(process.argv[2] ?? fileURLToPath(new URL('../docs/report.png', import.meta.url)))
if (!existsSync(CHROMIUM)) throw new Error(`there is no ${CHROMIUM}: BAK_CHROMIUM names one`)
const net = await Testnet.start({ peers: MEMBERS, args: () => ['--log', 'error'] })
try {
  const page = join(net.folder, 'report.html')
  writeFileSync(join(net.folder, 'fio.toml'), RUN_FILE)
  await bak('run', join(net.folder, 'fio.toml'), '--on', 'all')
  await bak('report', 'last', '--output', page)
  await takePicture(page)
} finally {
  await net.stop()
}

async function bak(...words: string[]): Promise<void> {
  const { status, stderr } = await net.bak(MEMBERS[0] as string, words)
  if (status !== 0) throw new Error(`bak ${words.join(' ')} ended with ${status}: ${stderr}`)
}

async function takePicture(page: string): Promise<void> {
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-gpu'] })
  try {
    const tab = await browser.newPage({ viewport: SIZE, colorScheme: 'light' })
    await tab.goto(pathToFileURL(page).href)
    await tab.waitForSelector('html[data-drawn]')
    await tab.screenshot({ path: target })
  } finally {
    await browser.close()
  }
  const { size } = statSync(target)
  if (size > MAX_BYTES) throw new Error(`${target} has ${size} bytes: at most ${MAX_BYTES}`)
  process.stdout.write(`${target}, ${size} bytes\n`)
}
