/** `npm run bench`: measures bak beside others, and says which budgets are met. */
import { writeFile } from 'node:fs/promises'
import { beforeSection, figuresIn, readFigures } from './before.ts'
import { Bench } from './bench.ts'
import type { Figure } from './figure.ts'
import { describeMachine, inWords } from './machine.ts'
import { type Options, readOptions, usageOf } from './options.ts'
import { writePage, writeProfiles } from './page.ts'
import { type Part, partNames, parts } from './parts/index.ts'
import { install } from './peers/programs.ts'
import type { Profiled } from './profile.ts'
import { inJson, inText, type Measured } from './report.ts'

/** Longest wait after a signal for what was started to end. */
const STOP_TIMEOUT_MS = 20_000

const options = optionsOf(process.argv.slice(2))
if (options.install) {
  await install(say)
} else {
  process.exitCode = await measure(options)
}

async function measure(asked: Options): Promise<number> {
  const machine = describeMachine()
  const before = asked.before == null ? undefined : readFigures(asked.before)
  say(inWords(machine))
  const bench = Bench.open(asked)
  endOnSignal(bench)
  const measured: Measured[] = []
  let failed = false
  try {
    for (const part of parts.filter(({ name }) => asked.parts.includes(name))) {
      const done = await measureOne(part, bench)
      measured.push(done)
      failed ||= done.failed
    }
  } finally {
    await bench.close()
  }
  const json = inJson(measured, { machine, options: asked })
  if (asked.json != null) await writeFile(asked.json, json)
  if (asked.write && asked.profile) {
    const unknown = await writeProfiles(measured, machine)
    if (unknown.length > 0)
      say(`docs/bench.md has no missed budget to explain, or there is no profile: ${unknown.join(', ')}`)
  } else if (asked.write) {
    const beside = before == null ? undefined : beforeSection(before, figuresIn(json))
    await writePage(measured, machine, beside)
  }
  return failed ? 1 : 0
}

/** A part that fails keeps the figures that it gave before, and none of the others from being measured. */
async function measureOne({ name, about, load }: Part, bench: Bench): Promise<Measured & { failed: boolean }> {
  say(`\n== ${name}: ${about}\n`)
  const began = performance.now()
  const figures: Figure[] = []
  let failed = false
  let profiled: Profiled[] = []
  try {
    const { measure: figuresOf } = await load()
    for await (const figure of figuresOf(bench)) {
      say(inText(figure))
      figures.push(figure)
    }
    profiled = await bench.profile()
    for (const { lines } of profiled) say(lines.join('\n'))
  } catch (cause) {
    failed = true
    process.stderr.write(`bench: ${name} failed: ${(cause as Error).stack ?? cause}\n`)
  } finally {
    await bench.endPart()
  }
  return { part: name, figures, profiled, failed, took: (performance.now() - began) / 1000 }
}

function optionsOf(args: string[]): Options {
  if (args.includes('--help') || args.includes('-h')) {
    say(usageOf(partNames))
    process.exit(0)
  }
  try {
    const asked = readOptions(args, partNames)
    // before anything is measured
    if (asked.before != null) readFigures(asked.before)
    return asked
  } catch (error) {
    process.stderr.write(`bench: ${(error as Error).message}\n${usageOf(partNames)}\n`)
    process.exit(64)
  }
}

/** Nothing that was started is left; a second signal does not wait for it. */
function endOnSignal(bench: Bench): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      process.stderr.write('bench: stopping\n')
      setTimeout(() => process.exit(130), STOP_TIMEOUT_MS)
      bench.close().finally(() => process.exit(130))
    })
  }
}

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}
