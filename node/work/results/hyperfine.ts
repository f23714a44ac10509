/** hyperfine: `--export-json`, `--export-csv`, or what it prints, which has one digit behind the point only. */
import { at, listAt, numberAt, type OutputText } from './output-text.ts'
import { type Found, type Meaning, main, meanTime, type ResultReader, wordOf, worstTime } from './result-reader.ts'
import { cellsOf, plainNumber, timeOf } from './units.ts'

/** Of one command, in s. */
interface Timed {
  command: string
  values: Map<string, number | undefined>
}

const MEANINGS: Record<string, Meaning> = {
  mean: main(meanTime('s')),
  median: meanTime('s'),
  stddev: meanTime('s'),
  user: meanTime('s'),
  system: meanTime('s'),
  min: meanTime('s'),
  max: worstTime('s')
}
const KEYS = Object.keys(MEANINGS)
const CSV_HEAD = 'command,mean,stddev,median,user,system,min,max'

export const hyperfine: ResultReader = {
  claims: output => isJson(output) || output.has(CSV_HEAD) || isText(output),
  read(output, found) {
    const all = isJson(output) ? readJson(output) : output.has(CSV_HEAD) ? readCsv(output) : readText(output)
    addAll(all, found)
  }
}

const isJson = (output: OutputText) => /"results":\s*\[\s*\{\s*"command":/.test(output.text) && output.has('"times"')
const isText = (output: OutputText) => output.has('Benchmark 1: ', 'Time (') && /^ {2}Time \(/m.test(output.text)

/** Of one command the names are `hyperfine.mean` and so on; of several the command stands between. */
function addAll(all: Timed[], found: Found): void {
  const words = all.map(({ command }) => wordOf(command))
  const named = Map.groupBy(words, word => word)
  for (const [i, { values }] of all.entries()) {
    const word = words[i] as string
    const isOnly = named.get(word)?.length === 1 && word !== ''
    const name = all.length === 1 ? [] : [isOnly ? word : `${i + 1}`]
    for (const [key, value] of values) found.add([...name, key], value, MEANINGS[key] ?? {})
  }
}

const readJson = (output: OutputText): Timed[] =>
  output
    .json()
    .flatMap(each => listAt(each, 'results'))
    .map(each => ({
      command: `${at(each, 'command') ?? ''}`,
      values: new Map(KEYS.map(key => [key, numberAt(each, key)] as const))
    }))

function readCsv(output: OutputText): Timed[] {
  const all: Timed[] = []
  let head: string[] | undefined
  for (const line of output.lines()) {
    const cells = cellsOf(line)
    const names = head
    if (line.startsWith(CSV_HEAD)) head = cells
    else if (names != null && cells.length === names.length) {
      const values = new Map(KEYS.map(key => [key, plainNumber(cells[names.indexOf(key)])] as const))
      all.push({ command: cells[0] ?? '', values })
    }
  }
  return all
}

const NUMBER = '([\\d.]+ [a-zµ]+)'
const MEAN = new RegExp(`^  Time \\(mean ± σ\\): +${NUMBER} ± +${NUMBER} +\\[User: ${NUMBER}, System: ${NUMBER}\\]`)
const RANGE = new RegExp(`^  Range \\(min … max\\): +${NUMBER} … +${NUMBER}`)

function readText(output: OutputText): Timed[] {
  const all: Timed[] = []
  const set = (keys: string[], texts: string[] | null) => {
    for (const [i, key] of texts == null ? [] : keys.entries()) {
      const ms = timeOf(texts?.[i + 1])
      all.at(-1)?.values.set(key, ms == null ? undefined : ms / 1000)
    }
  }
  for (const line of output.lines()) {
    const [, command] = /^Benchmark \d+: (.*)$/.exec(line) ?? []
    if (command != null) all.push({ command, values: new Map() })
    set(['mean', 'stddev', 'user', 'system'], MEAN.exec(line))
    set(['min', 'max'], RANGE.exec(line))
  }
  return all
}
