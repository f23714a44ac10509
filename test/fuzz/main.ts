/**
 * `npm run fuzz [-- NAME] [--inputs N] [--seed S] [--path P]`: feeds every target whose name contains NAME with N inputs,
 * 100,000 by default, and reports the outcomes. Seed and path of a failure reproduce its input.
 */
import { parseArgs } from 'node:util'
import { type Fuzzed, fuzz, MAX_GROWTH_BYTES } from './fuzz.ts'
import { targets } from './list.ts'
import { startWorld } from './world.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { inputs: { type: 'string', default: '100000' }, seed: { type: 'string' }, path: { type: 'string' } }
})
const [wanted = ''] = positionals
const chosen = targets.filter(({ name }) => name === wanted)
const all = chosen.length > 0 ? chosen : targets.filter(({ name }) => name.includes(wanted))
if (all.length === 0) throw new Error(`there is no ${wanted}; there are ${targets.map(({ name }) => name).join(', ')}`)
const options = {
  inputs: Number(values.inputs),
  seed: values.seed == null ? undefined : Number(values.seed),
  path: values.path
}

let failed = 0
const world = await startWorld()
try {
  for (const target of all) {
    const fuzzed = await fuzz(world, target, { ...options, inputs: Math.ceil(options.inputs * (target.share ?? 1)) })
    process.stdout.write(tell(fuzzed))
    if (fuzzed.failure != null || fuzzed.growth > MAX_GROWTH_BYTES) failed++
  }
} finally {
  await world.stop()
}
process.stdout.write(`${all.length - failed} of ${all.length} targets without a failure\n`)
process.exitCode = failed > 0 ? 1 : 0

function tell({ name, seed, inputs, took, codes, growth, failure }: Fuzzed): string {
  const rate = ((inputs / took) * 1000).toFixed(0)
  const ranked = [...codes].sort(([, a], [, b]) => b - a)
  const most = ranked.slice(0, 8).map(([code, count]) => `${code} ${count}`)
  const rest = ranked.slice(8).reduce((sum, [, count]) => sum + count, 0)
  const line = [
    `${failure == null ? 'ok  ' : 'FAIL'} ${name}: ${inputs} inputs, ${rate}/s, seed ${seed}`,
    `     ${[...most, ...(rest > 0 ? [`others ${rest}`] : [])].join(', ')}`,
    `     ${growth > MAX_GROWTH_BYTES ? 'LEAK ' : ''}heap ${growth < 0 ? '-' : '+'}${(Math.abs(growth) / 2 ** 20).toFixed(1)} MiB`
  ]
  return `${[...line, ...(failure == null ? [] : [failure])].join('\n')}\n`
}
