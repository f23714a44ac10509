/** The daemon's settings as flags and variables, and as words of a command line. */
import { type Command, Option } from 'commander'
import { LEVELS } from '../protocols/config-file.ts'
import { isOff, variableOf } from '../protocols/variables.ts'
import type { Flags } from './config.ts'

export function addSettings(command: Command): void {
  const option = (flags: string, help: string) => addSetting(command, flags, help)
  const several = (flags: string, help: string) =>
    option(flags, `${help}; repeatable`).argParser((value: string, all: string[] = []) => [...all, value])
  option('--name <name>', 'name of this peer (default: the name of the host)')
  several('--label <key=value>', 'a label, by which selectors select this peer')
  several('--listen <multiaddr>', 'address to listen on (default: /ip4/0.0.0.0/tcp/0)')
  // not addSetting: commander would give it the variable of --listen
  command.option('--no-listen', 'listen on no address; others connect through relays only (BAK_LISTEN=no)')
  several('--announce <multiaddr>', 'address to give to others instead of those it listens on')
  option('--relay', 'relay for peers behind NAT (default: if this peer is reachable from outside)')
  option('--no-relay', 'do not relay for other peers')
  option('--no-upnp', 'do not ask the router for a mapped port')
  several('--allow-controllers <peers>', 'take part only in runs of these peers: names, peer ids, all or none')
  several('--allow-exec <programs>', 'programs that runs may start here: names, absolute paths with *, all or none')
  several('--allow-tools <names>', 'tools, or sets of them, that runs may use here: names, all or none')
  several('--allow-paths <folders>', 'folders that paths named by a run must be in: absolute paths, all or none')
  several('--allow-archive <peers>', 'peers that may store whole results here: names, peer ids, all or none')
  several('--allow-stage <peers>', 'peers that may have files stored here: names, peer ids, all or none')
  several(
    '--allow-load <targets>',
    'targets that http operations of tasks may send to from here: http://10.0.0.*:8080, all or none (default: all if --allow-exec is all)'
  )
  several(
    '--allow-forward <ports>',
    'ports that controllers may reach here by bak forward: 9100, 8000-8099, all or none'
  )
  option(
    '--allow-workloads [when]',
    'programs that runs of others bring: apart from this peer (guarded, the default), also as its user if need be (all), or none'
  )
    .choices(['all', 'guarded', 'none'])
    .preset('all')
  several('--allow-privileged <programs>', 'of these programs, those that run as this daemon does')
  several(
    '--allow-images <names>',
    'images of podman in which jobs of others may run: names with *, all or none (default: none)'
  )
  option(
    '--allow-run-as <user>',
    "the user that the others run as, if this daemon is root's (default: bak-run, or nobody)"
  )
  option('--membership <time>', 'as an admin, how long the proofs that this peer renews are valid (default: 30d)')
  option('--leftovers <time>', 'delete data that nobody has collected at this age (default: 30d)')
  option('--forget <time>', 'how long peers that are lost or have left are still known (default: 1d)')
  option('--slots <number>', 'jobs that run here at once, of all runs (default: one for each processor)')
  option('--log <level>', 'lowest level that is logged (default: info)').choices([...LEVELS])
}

/** Adds the ways to give a ticket. */
export function addTicket(command: Command): void {
  addSetting(
    command,
    '--join <ticket>',
    'a ticket of the mesh, - reads it from standard input; for the first start only'
  )
  addSetting(command, '--ticket-file <file>', 'reads the ticket from a file')
}

/** @param origins as `originsOf` returns them @returns where a ticket was given, and the other flags */
export function takeTicketFlags(flags: ReturnType<typeof flagsOf>, origins: Record<string, string>) {
  const { join, ticketFile, ...others } = flags as Record<string, string | undefined>
  return { given: { join, file: ticketFile, joinIsVariable: origins.join !== 'flag' }, flags: others as typeof flags }
}

/** Adds a flag and its variable. */
export function addSetting(command: Command, flags: string, help: string): Option {
  const option = new Option(flags, help)
  command.addOption(option.env(variableOf(flagOf(option.attributeName()))))
  return option
}

/** @returns what was given to the commands of the chain; a flag wins over a variable, a later command over an earlier one */
export function flagsOf(chain: Command[]): Flags & Record<string, unknown> {
  return Object.fromEntries(
    givenIn(chain).map(({ name, value, source }) => [name, source === 'env' ? inVariable(name, value) : value])
  )
}

/** @returns for each setting that was given, by its key in config.toml, `flag` or the name of its variable */
export function originsOf(chain: Command[]): Record<string, string> {
  return Object.fromEntries(
    givenIn(chain).map(({ name, source }) => [keyOf(name), source === 'cli' ? 'flag' : variableOf(flagOf(name))])
  )
}

/** `allowRunAs` is `allow.run_as` in config.toml. */
const keyOf = (name: string) =>
  flagOf(name).replace(/^allow-(.*)/, (_, key: string) => `allow.${key.replaceAll('-', '_')}`)

/** @returns what was given, the later of two with one name in force; a variable without a text is not set */
function givenIn(chain: Command[]): Array<{ name: string; value: string | string[] | boolean; source: 'env' | 'cli' }> {
  const from = (source: 'env' | 'cli') =>
    chain.flatMap(each =>
      Object.entries<string | string[] | boolean>(each.opts())
        .filter(([name]) => each.getOptionValueSource(name) === source)
        .map(([name, value]) => ({ name, value, source }))
    )
  return [...from('env').filter(({ value }) => String(value) !== ''), ...from('cli')]
}

/** In a variable, commas separate the items of a list. commander reads the variable of a boolean flag as true, whatever its value is. */
function inVariable(name: string, value: string | string[] | boolean): string | string[] | boolean {
  const text = process.env[variableOf(flagOf(name))]?.toLowerCase() ?? ''
  if (Array.isArray(value)) return name === 'listen' && isOff(text) ? false : value.flatMap(each => each.split(','))
  if (typeof value !== 'boolean') return value
  return text === 'auto' ? text : !isOff(text)
}

/** @returns the words of a command line that give these flags */
export function wordsOf(flags: Flags): string[] {
  return Object.entries(flags as Record<string, string | string[] | boolean>).flatMap(([name, value]) => {
    const flag = flagOf(name)
    if (value === true) return [`--${flag}`]
    if (value === false) return [`--no-${flag}`]
    // `auto` is the default and has no flag
    if (value === 'auto') return []
    return [value].flat().map(each => `--${flag}=${each}`)
  })
}

/** `allowExec` is `--allow-exec`. */
const flagOf = (name: string) => name.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)
