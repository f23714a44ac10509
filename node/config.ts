/** The daemon's settings: flag > BAK_ variable > config.toml > name and labels of an earlier start > default. */
import { hostname } from 'node:os'
import type { Schema } from '../protocols/codec.ts'
import {
  type AllowSettings,
  type ArtifactLimits,
  type DaemonSettings,
  daemonDefaults,
  daemonSettings,
  type HooksSettings,
  labelsOf,
  type ReceiveLimits,
  readConfigText
} from '../protocols/config-file.ts'
import { BakError } from '../protocols/errors.ts'
import { findValidationErrors, type ValidationError } from '../protocols/validation-errors.ts'
import { readKept } from './settings.ts'
import type { Home } from './store/home.ts'

/** The flags as the command line or variables give them. */
export interface Flags {
  name?: string
  /** `key=value`; an empty text alone is no label. */
  label?: string[]
  /** False: listen on no address. */
  listen?: string[] | false
  announce?: string[]
  /** In a variable also the name of a mode. */
  relay?: boolean | string
  direct?: boolean
  upnp?: boolean
  /** `30d` */
  membership?: string
  /** `30d` */
  leftovers?: string
  /** `1d` */
  forget?: string
  /** A number. */
  slots?: string
  log?: string
  /** Each `all`, `none`, or a list of what is allowed. */
  allowControllers?: string[]
  allowExec?: string[]
  allowTools?: string[]
  allowPaths?: string[]
  allowArchive?: string[]
  allowStage?: string[]
  allowForward?: string[]
  allowLoad?: string[]
  allowPrivileged?: string[]
  allowImages?: string[]
  /** `all`, `guarded` or `none`; true is all. */
  allowWorkloads?: boolean | string
  allowRunAs?: string
}

export type Allowed = Required<Omit<AllowSettings, 'run_as'>> & Pick<AllowSettings, 'run_as'>
export type Config = Required<DaemonSettings> & {
  allow: Allowed
  receive_limits: ReceiveLimits
  artifacts: ArtifactLimits
  hooks: Required<HooksSettings>
}

/** Settings with keys of their own; but for labels, which have rules of their own. */
const TABLES = ['relay_limits', 'receive_limits', 'artifacts', 'allow', 'run_limits', 'hooks'] as const

/**
 * @param given the settings that `checkFlags` returned
 * @throws {BakError} `bad-config` with file, line and key
 */
export async function loadConfig(home: Home, given: DaemonSettings): Promise<Config> {
  const { settings: file } = readConfigText(home.config)
  const kept = await readKept(home)
  const name = given.name ?? file.name ?? kept.name ?? nameOfHost()
  const label = given.label == null ? { ...kept.label, ...file.label } : { ...file.label, ...given.label }
  // a key of a table that the file does not set keeps its default
  const tables = TABLES.map(key => [key, { ...daemonDefaults[key], ...file[key], ...given[key] }])
  return { ...daemonDefaults, ...file, ...given, name, label, ...Object.fromEntries(tables) } as Config
}

/** @throws {BakError} `usage` with a line for every error */
export function checkFlags({ label, relay, listen, ...flags }: Flags): DaemonSettings {
  const { allowControllers: controllers, allowExec: exec, allowTools: tools, allowPaths: paths, ...more } = flags
  const {
    allowPrivileged: privileged,
    allowWorkloads: workloads,
    allowRunAs: run_as,
    allowArchive: archive,
    allowStage: stage,
    allowForward: forward,
    allowLoad: load,
    allowImages: images,
    slots,
    ...others
  } = more
  const mode = typeof relay === 'boolean' ? (relay ? 'on' : 'off') : relay
  const asked = { controllers, exec, tools, paths, archive, stage, load, forward, images }
  for (const [part, words] of Object.entries(asked)) refuseFileWord(part, words)
  const allow = {
    ...dropUndefined(asked, parseAllowed),
    ...dropUndefined<unknown>({
      privileged: privileged?.flatMap(wordsIn),
      workloads: workloads === 'all' || (workloads === 'none' ? false : workloads),
      run_as
    })
  }
  const several = label?.find(text => /,[^,=]+=/.test(text))
  if (several != null)
    throw new BakError(
      'usage',
      `--label ${several}: repeat --label for each; a value with a comma and = is for config.toml`
    )
  const given: DaemonSettings = dropUndefined<unknown>({
    ...others,
    // what is no number is named as it was given
    slots: slots != null && /^\d+$/.test(slots) ? Number(slots) : slots,
    listen: listen === false ? [] : listen,
    relay: mode,
    label:
      label == null
        ? undefined
        : labelsOf(
            label.filter(text => text !== ''),
            'usage',
            '--label'
          ),
    allow: Object.keys(allow).length === 0 ? undefined : allow
  })
  const errors = findValidationErrors(daemonSettings as Schema, given)
  if (errors.length === 0) return given
  throw new BakError('usage', errors.map(error => inFlags(error, given as Record<string, unknown>)).join('\n'))
}

/** `--listen /x: what is wrong` */
function inFlags({ path: [flag, part], what }: ValidationError, given: Record<string, unknown>): string {
  const value = part == null ? given[flag as string] : (given[flag as string] as Record<string, unknown>)[part]
  if (flag === 'allow') return `--allow-${String(part).replaceAll('_', '-')} ${value}: ${what}`
  return `--${flag} ${flag === 'label' && part != null ? `${part}=${value}` : value}: ${what}`
}

function dropUndefined<T>(values: Record<string, T | undefined>, change: (value: T) => unknown = value => value) {
  const given = Object.entries(values).filter((entry): entry is [string, T] => entry[1] !== undefined)
  return Object.fromEntries(given.map(([key, value]) => [key, change(value)]))
}

/** What means all and none in the file is a name in a flag, of a program even. */
function refuseFileWord(part: string, [word, ...more]: string[] = []): void {
  if (more.length > 0 || (word !== 'true' && word !== 'false')) return
  throw new BakError('usage', `--allow-${part} ${word}: as a flag, write ${word === 'true' ? 'all' : 'none'}`)
}

/** A name with a comma can only be given in the file. */
function parseAllowed(given: string[]): boolean | string[] {
  const words = given.flatMap(wordsIn)
  if (words.length !== 1) return words
  return words[0] === 'all' || (words[0] === 'none' ? false : words)
}

const wordsIn = (given: string) => given.split(',').filter(word => word !== '')

function nameOfHost(): string {
  const host = hostname()
    .replace(/[^A-Za-z0-9._-]/g, '-')
    .replace(/^[^A-Za-z0-9]+/, '')
  return host.slice(0, 64) || 'peer'
}
