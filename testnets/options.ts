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

/** @throws for an unknown option and for an invalid value */
export function parseOptions<T extends Record<string, Option>>(args: string[], options: T): Values<T> {
  const config: ParseArgsOptionsConfig = Object.fromEntries(
    Object.entries(options).map(([name, { is }]) => [name, { type: is === 'switch' ? 'boolean' : 'string' }])
  )
  const { values } = parseArgs({ args, options: config, strict: true })
  const read = Object.entries(options).map(([name, option]) => [name, parseValue(name, option, values[name])])
  return Object.fromEntries(read)
}

/** Like `parseOptions`, for a command line: `--help` and errors print the usage and end the process. */
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

/** Ends the process where this machine lacks what a testnet needs. */
export function requireAvailable(missing: string | undefined): void {
  if (missing == null) return
  process.stderr.write(`testnet: ${missing}\n`)
  process.exit(69)
}

function parseValue(name: string, option: Option, given: unknown): number | boolean | string | undefined {
  if (option.is === 'switch') return given === true
  if (option.is === 'text') return given as string | undefined
  const { default: fallback, least, most, whole = true } = option
  if (given == null) return fallback
  const value = Number(given)
  const isValid = String(given).trim() !== '' && value >= least && value <= most && (!whole || Number.isInteger(value))
  if (!isValid)
    throw new Error(`--${name} ${given}: a ${whole ? 'whole ' : ''}number from ${least} to ${most} is needed`)
  return value
}
