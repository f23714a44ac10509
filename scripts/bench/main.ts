/** `npm run bench`: measures bak beside others, and says which budgets of the plan are met. */
import { writeFile } from 'node:fs/promises'
import { Bench } from './bench.ts'
import type { Figure } from './figure.ts'
import { describeMachine, inWords } from './machine.ts'
import { type Options, readOptions, USAGE } from './options.ts'
import { writePage } from './page.ts'
import { parts } from './parts/index.ts'
import { install } from './peers/programs.ts'
import { inJson, inText, type Measured } from './report.ts'

/** Who is asked to stop has this long to end what was started, ms. */
const GRACE = 20_000

const options = optionsOf(process.argv.slice(2))
if (options.install) {
  await install(say)
} else {
  process.exitCode = await measure(options)
}

async function measure(asked: Options): Promise<number> {
  const machine = describeMachine()
  say(inWords(machine))
  const bench = Bench.open(asked)
  endOnSignal(bench)
  const measured: Measured[] = []
  const failed: string[] = []
  try {
    for (const part of parts.filter(({ name }) => asked.parts.includes(name))) {
      say(`\n== ${part.name}: ${part.about}\n`)
      const began = performance.now()
      const figures: Figure[] = []
      try {
        for await (const figure of part.measure(bench)) {
          say(inText(figure))
          figures.push(figure)
        }
      } catch (cause) {
        failed.push(part.name)
        process.stderr.write(`bench: ${part.name} failed: ${(cause as Error).stack ?? cause}\n`)
      } finally {
        await bench.endPart()
      }
      measured.push({ part: part.name, figures, took: (performance.now() - began) / 1000 })
    }
  } finally {
    await bench.close()
  }
  if (asked.json != null) await writeFile(asked.json, inJson(measured, { machine, options: asked }))
  if (asked.write) await writePage(measured, machine)
  return failed.length === 0 ? 0 : 1
}

function optionsOf(args: string[]): Options {
  if (args.includes('--help') || args.includes('-h')) {
    say(USAGE)
    process.exit(0)
  }
  try {
    return readOptions(args)
  } catch (error) {
    process.stderr.write(`bench: ${(error as Error).message}\n${USAGE}\n`)
    process.exit(64)
  }
}

/** Nothing that was started is left; a second signal does not wait for it. */
function endOnSignal(bench: Bench): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      process.stderr.write('bench: stopping\n')
      setTimeout(() => process.exit(130), GRACE)
      bench.close().finally(() => process.exit(130))
    })
  }
}

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}
