/**
 * `config.toml` in the home: the daemon's settings, and in the table `cli` those of `bak`, which reads them itself. The keys are
 * the long flags. Precedence: flag, variable, file, default.
 */
import { isIP } from 'node:net'
import * as v from 'valibot'
import type { Schema } from './codec.ts'
import { duration } from './duration.ts'
import { count, labels, list, name, peerId } from './fields.ts'
import { readTomlFile } from './toml-file.ts'

export const LEVELS = ['debug', 'info', 'warn', 'error'] as const

/** An address that TCP can be spoken at; a short form of what libp2p knows. */
const address = v.pipe(
  v.string(),
  v.maxLength(256),
  v.check(isTcpAddress, 'expected an address such as /ip4/192.0.2.7/tcp/4001 or /dns4/db1.example.org/tcp/4001')
)

/** What a relay gives to each peer behind NAT; what is left out is without a limit. */
export const relayLimits = v.strictObject({
  /** Peers that may be reached through this one. */
  reservations: v.optional(v.pipe(count, v.minValue(1), v.maxValue(10_000))),
  /** Seconds that a relayed connection may last. */
  seconds: v.optional(v.pipe(count, v.minValue(10))),
  /** Bytes that a relayed connection may carry, both ways together. */
  bytes: v.optional(v.pipe(count, v.minValue(65_536)))
})
export type RelayLimits = v.InferOutput<typeof relayLimits>

/** All, nothing, or what stands in a list. */
const allowed = (pattern: RegExp, what: string) => {
  const item = v.pipe(v.string(), v.maxLength(4096), v.regex(pattern, `expected ${what}`))
  return v.optional(v.union([v.boolean(), list(item, 256)], `expected true, false or a list, each ${what}`))
}

/** What other peers may have this one do: it has the last word, whatever their roles. */
export const allowSettings = v.strictObject({
  /** Peers whose runs it takes part in, by their names or, so that nobody can pass for them, by their ids. */
  controllers: allowed(/^[\w.@#-]+$/, 'a name or a peer id'),
  /**
   * Programs that a run brings: by name as they are found on the PATH, or by absolute path; `*` is any letters but a
   * slash, `**` any letters.
   */
  exec: allowed(/^(\/.*|[^/]+)$/, 'a name or an absolute path of a program'),
  /** Tools of bak, or sets of them; `*` is any letters. */
  tools: allowed(/^[\w.@#*-]+$/, 'a name of a tool'),
  /** Folders: what a run names by its path, a program or a word for a tool, must lie in one of them. */
  paths: allowed(/^\//, 'an absolute path of a folder')
})
export type AllowSettings = v.InferOutput<typeof allowSettings>

export const daemonSettings = v.strictObject({
  name: v.optional(name),
  label: v.optional(labels),
  listen: v.optional(list(address, 16)),
  announce: v.optional(list(address, 16)),
  relay: v.optional(v.picklist(['auto', 'on', 'off'])),
  relay_limits: v.optional(relayLimits),
  direct: v.optional(v.boolean()),
  upnp: v.optional(v.boolean()),
  membership: v.optional(v.pipe(duration, v.regex(/[1-9]/, 'expected a time that is longer than none'))),
  log: v.optional(v.picklist(LEVELS)),
  allow: v.optional(allowSettings)
})
export type DaemonSettings = v.InferOutput<typeof daemonSettings>

/** The daemon's keys in the order of its help, with what stands where nobody set one. */
export const daemonDefaults: { [K in keyof Required<DaemonSettings>]: DaemonSettings[K] } = {
  /** The host's name. */
  name: undefined,
  label: {},
  listen: ['/ip4/0.0.0.0/tcp/0'],
  announce: [],
  /** Others are relayed through this peer: by itself where it finds that everyone can reach it. */
  relay: 'auto',
  relay_limits: { reservations: 512 },
  /** Looks for a way around relays, through routers. */
  direct: true,
  /** Asks the router for a port. */
  upnp: true,
  /** How long a member stays let in after this peer, as an admin, renewed its proof. */
  membership: '30d',
  log: 'info',
  allow: { controllers: true, exec: true, tools: true, paths: true }
}

/** A setting's keys: `name`, or `allow.exec` in the table `allow`. */
export const daemonKeys = Object.entries(daemonDefaults).flatMap(([key, value]) =>
  key === 'allow' ? Object.keys(value as object).map(inner => [key, inner]) : [[key]]
)

/** @returns the variable that stands for a flag of the daemon */
export const variableOf = (key: string) => `BAK_${key.toUpperCase().replace(/[.-]/g, '_')}`

const configFile = v.strictObject({
  ...daemonSettings.entries,
  cli: v.optional(v.record(v.string(), v.unknown()))
})

/**
 * @param path how the file is called in messages
 * @returns the daemon's settings in it
 * @throws {BakError} `bad-config` with a line for every mistake: file, line, key and what is wrong
 */
export function readConfigFile(text: string, path: string): DaemonSettings {
  const { cli: _, ...settings } = readTomlFile(configFile as Schema, text, path, 'bad-config') as DaemonSettings & {
    cli?: unknown
  }
  return settings
}

function isTcpAddress(text: string): boolean {
  const [, kind, host = '', port, peer] =
    /^\/(ip4|ip6|dns|dns4|dns6)\/([^/]+)\/tcp\/(\d{1,5})(?:\/p2p\/([^/]+))?$/.exec(text) ?? []
  if (kind == null || Number(port) > 65_535) return false
  if (peer != null && !v.is(peerId, peer)) return false
  return kind.startsWith('dns') ? /^[\w.-]+$/.test(host) : isIP(host) === Number(kind.slice(2))
}
