/**
 * `npm test [-- GROUP|FILE ...]`: runs the test files in groups, each group in a process of its own under a time limit and three
 * at a time, adds up what uvu counted, names what failed or was skipped, and ends with `N passed, N failed`. `npm run coverage` does
 * it without the tests of real daemons, unless they are named, and from the sources: what is bundled could not be counted by file.
 */
import { execFileSync, spawn } from 'node:child_process'
import { globSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const counting = process.env.NODE_V8_COVERAGE != null
/** A group that takes longer hangs, ms; programs that are counted start slowly. */
const LIMIT = counting ? 900_000 : 240_000
const LEAVE = 5_000
/** Each file that starts real daemons is a group: it mostly waits, and what it leaves behind would trouble the next. */
const SINGLE = /^test\/(faults|daemon|situations|security|testnets|scale|scripts)\//

interface Counted {
  passed: number
  failed: number
  skipped: string[]
  failures: string[]
}

const wanted = process.argv.slice(2)
const files = globSync('test/**/*.test.ts', { cwd: root })
  .sort()
  .filter(file => (wanted.length === 0 ? !(counting && SINGLE.test(file)) : wanted.some(part => file.includes(part))))
if (!counting) bundle()

const sum: Counted = { passed: 0, failed: 0, skipped: [], failures: [] }
const waiting = groups(files)
// real daemons mostly wait: two lanes take them from the front, the third begins at the back, with what computes
await Promise.all([lane(() => waiting.shift()), lane(() => waiting.shift()), lane(() => waiting.pop())])

for (const line of sum.failures) process.stdout.write(`failed: ${line}\n`)
for (const line of sum.skipped) process.stdout.write(`skipped: ${line}\n`)
const skipped = sum.skipped.length > 0 ? `, ${sum.skipped.length} skipped` : ''
process.stdout.write(`${sum.passed} passed, ${sum.failed} failed${skipped}\n`)
process.exitCode = sum.failed > 0 || sum.passed === 0 ? 1 : 0

/** The programs that tests start are those that are shipped. */
function bundle(): void {
  const built = join(root, 'build', `test-${process.pid}`)
  execFileSync(process.execPath, [join(root, 'scripts/build.ts'), built], { stdio: 'inherit' })
  process.env.BAK_DIST = built
  process.once('exit', () => rmSync(built, { recursive: true, force: true }))
}

async function lane(next: () => string[] | undefined): Promise<void> {
  for (let group = next(); group != null; group = next()) add(await run(group))
}

/** Files of one folder run in one process, but for those that start daemons, which come first. */
function groups(all: string[]): string[][] {
  const found = new Map<string, string[]>()
  for (const file of all) {
    const key = SINGLE.test(file) ? file : dirname(file)
    found.set(key, [...(found.get(key) ?? []), file])
  }
  return [...found]
    .sort(([one], [other]) => Number(SINGLE.test(other)) - Number(SINGLE.test(one)))
    .map(([, group]) => group)
}

function run(group: string[]): Promise<Counted> {
  const began = performance.now()
  const child = spawn(process.execPath, [join(root, 'test/group.ts'), ...group], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe']
  })
  let text = ''
  for (const output of [child.stdout, child.stderr]) {
    output.setEncoding('utf8').on('data', data => {
      text += data
    })
  }
  // first told to go, so that it ends the daemons that it started
  const timers = [
    setTimeout(() => child.kill('SIGTERM'), LIMIT),
    setTimeout(() => child.kill('SIGKILL'), LIMIT + LEAVE)
  ]
  return new Promise(resolve => {
    child.once('close', (status, signal) => {
      for (const timer of timers) clearTimeout(timer)
      const counted = count(text)
      const seconds = ((performance.now() - began) / 1000).toFixed(1)
      // in one piece, since another group may write meanwhile
      process.stdout.write(`${text}${group.length === 1 ? group[0] : dirname(group[0] as string)}: ${seconds} s\n`)
      if (signal != null) counted.failures.push(`${group.join(' ')}: ended by ${signal} after ${seconds} s`)
      // a process that died before it could count has failed, whatever it printed
      const died = signal != null || (status !== 0 && counted.failed === 0)
      resolve(died ? { ...counted, failed: counted.failed + 1 } : counted)
    })
  })
}

/** Reads uvu's `Total / Passed / Skipped` and the lines `SKIP <title>: <reason>` of the tests themselves. */
function count(text: string): Counted {
  const plain = text.replace(/\x1b\[[0-9;]*m/g, '')
  const add = (name: string) =>
    [...plain.matchAll(new RegExp(`^ *${name}: +(\\d+)`, 'gm'))].reduce((all, found) => all + Number(found[1]), 0)
  const skipped = [...plain.matchAll(/^SKIP (.*)$/gm)].map(found => found[1] as string)
  const [total, passed, uvuSkipped] = [add('Total'), add('Passed'), add('Skipped')]
  const unnamed = Array.from({ length: Math.max(0, uvuSkipped - skipped.length) }, () => 'a test that gives no reason')
  const failures = [...plain.matchAll(/^ *FAIL +(.*)$/gm)].map(found => found[1] as string)
  failures.push(...notBegun(plain))
  return { passed, failed: total - passed, skipped: [...skipped, ...unnamed], failures }
}

function add({ passed, failed, skipped, failures }: Counted): void {
  sum.passed += passed
  sum.failed += failed
  sum.skipped.push(...skipped)
  sum.failures.push(...failures)
}

/** uvu says nothing of what a hook threw: its suite ends with fewer results than it has tests. */
function notBegun(plain: string): string[] {
  return [...plain.matchAll(/^ (.*?) {2}([•✘ ]*)\((\d+) \/ (\d+)\)$/gm)].flatMap(([, suite, results = '', , total]) => {
    const left = Number(total) - results.replaceAll(' ', '').length
    return left > 0 ? [`${suite}: ${left} tests were not begun, since a hook before them failed`] : []
  })
}
