/** The daemon's settings as flags and variables, and as words of a command line again. */
import { type Command, Option } from 'commander'
import { LEVELS, variableOf } from '../protocols/config-file.ts'
import type { Flags } from './config.ts'

export function addSettings(command: Command): void {
  const option = (flags: string, help: string) => addSetting(command, flags, help)
  const several = (flags: string, help: string) =>
    option(flags, `${help}; repeatable`).argParser((value: string, all: string[] = []) => [...all, value])
  option('--name <name>', 'shown to others (default: the name of the host)')
  several('--label <key=value>', 'selectors choose by labels')
  several('--listen <multiaddr>', 'where others reach it (default: /ip4/0.0.0.0/tcp/0)')
  // without a variable of its own: commander would take that of --listen for it
  command.option('--no-listen', 'be reached through relays only (BAK_LISTEN=no)')
  several('--announce <multiaddr>', 'tell others this address instead')
  option('--relay', 'relay peers behind NAT (default: if everyone can reach this peer)')
  option('--no-relay', 'relay nobody')
  option('--no-upnp', 'ask no router for a port')
  several('--allow-controllers <peers>', 'take part in the runs of these peers only: names, ids, all or none')
  several('--allow-exec <programs>', 'programs that runs may bring: names, absolute paths with *, all or none')
  several('--allow-tools <names>', 'tools, or sets of them, that runs may use here, all or none')
  several('--allow-paths <folders>', 'where what a run names by its path must lie, all or none')
  option('--membership <time>', 'as an admin, renew the proofs of members for so long (default: 30d)')
  option('--log <level>', 'least level that is logged (default: info)').choices([...LEVELS])
}

/** One flag with the variable that stands for it. */
export function addSetting(command: Command, flags: string, help: string): Option {
  const option = new Option(flags, help)
  command.addOption(option.env(variableOf(flagOf(option.attributeName()))))
  return option
}

/** @returns what was given to the commands of the chain; a flag wins over a variable, a later command over an earlier */
export function flagsOf(chain: Command[]): Flags & Record<string, unknown> {
  const given: Record<string, string | string[] | boolean> = {}
  for (const source of ['env', 'cli']) {
    for (const each of chain) {
      for (const [name, value] of Object.entries<string | string[] | boolean>(each.opts())) {
        if (each.getOptionValueSource(name) !== source) continue
        given[name] = source === 'env' ? inVariable(name, value) : value
      }
    }
  }
  return given
}

const OFF = ['0', 'false', 'no', 'off', '']

/** Variables hold lists with commas. commander takes a variable of a flag without a value for true, whatever it says. */
function inVariable(name: string, value: string | string[] | boolean): string | string[] | boolean {
  const text = process.env[variableOf(flagOf(name))]?.toLowerCase() ?? ''
  if (Array.isArray(value))
    return name === 'listen' && OFF.includes(text) ? false : value.flatMap(each => each.split(','))
  if (typeof value !== 'boolean') return value
  return text === 'auto' ? text : !OFF.includes(text)
}

/** @returns the words that give the same flags again */
export function wordsOf(flags: Flags): string[] {
  return Object.entries(flags as Record<string, string | string[] | boolean>).flatMap(([name, value]) => {
    const flag = flagOf(name)
    if (value === true) return [`--${flag}`]
    if (value === false) return [`--no-${flag}`]
    // a mode of relaying that is no flag is the default
    if (value === 'auto') return []
    return [value].flat().map(each => `--${flag}=${each}`)
  })
}

/** `allowExec` is `--allow-exec`. */
const flagOf = (name: string) => name.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)
