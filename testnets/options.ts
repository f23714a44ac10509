/** The options of a testnet: numbers within bounds, switches, words. */
import { type ParseArgsOptionsConfig, parseArgs } from 'node:util'

export type Option =
  | { is: 'number'; default: number; least: number; most: number; whole?: boolean }
  | { is: 'switch' }
  | { is: 'text' }

type Value<O extends Option> = O extends { is: 'number' }
  ? number
  : O extends { is: 'switch' }
    ? boolean
    : string | undefined
type Values<T extends Record<string, Option>> = { [K in keyof T]: Value<T[K]> }

/** @throws when an option is unknown, or its value is not as it must be */
export function parseOptions<T extends Record<string, Option>>(args: string[], options: T): Values<T> {
  const config: ParseArgsOptionsConfig = Object.fromEntries(
    Object.entries(options).map(([name, { is }]) => [name, { type: is === 'switch' ? 'boolean' : 'string' }])
  )
  const { values } = parseArgs({ args, options: config, strict: true })
  const read = Object.entries(options).map(([name, option]) => [name, parseValue(name, option, values[name])])
  return Object.fromEntries(read)
}

/** Like `parseOptions`, for a command line: `--help` prints the usage, a mistake is said with it, and either ends the process. */
export function readOptions<T extends Record<string, Option>>(args: string[], usage: string, options: T): Values<T> {
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(`${usage}\n`)
    process.exit(0)
  }
  try {
    return parseOptions(args, options)
  } catch (error) {
    process.stderr.write(`testnet: ${(error as Error).message}\n${usage}\n`)
    process.exit(64)
  }
}

/** Ends the process where this machine cannot hold what a testnet needs. */
export function demand(missing: string | undefined): void {
  if (missing == null) return
  process.stderr.write(`testnet: ${missing}\n`)
  process.exit(69)
}

function parseValue(name: string, option: Option, given: unknown): number | boolean | string | undefined {
  if (option.is === 'switch') return given === true
  if (option.is === 'text') return given as string | undefined
  const { default: usual, least, most, whole = true } = option
  if (given == null) return usual
  const value = Number(given)
  const fits = String(given).trim() !== '' && value >= least && value <= most && (!whole || Number.isInteger(value))
  if (!fits) throw new Error(`--${name} ${given}: a ${whole ? 'whole ' : ''}number from ${least} to ${most} is needed`)
  return value
}
