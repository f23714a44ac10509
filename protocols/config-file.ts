/**
 * `config.toml` in the home: the daemon's settings, and in the table `cli` the settings of `bak`, which reads them itself. The
 * keys are the long flags. Precedence: flag, variable, file, default.
 */
import { isIP } from 'node:net'
import { availableParallelism } from 'node:os'
import * as v from 'valibot'
import type { Schema } from './codec.ts'
import { duration } from './duration.ts'
import { BakError, type ErrorCode } from './errors.ts'
import { count, labels, list, name, peerId } from './fields.ts'
import { MAX_SLOTS } from './jobs/job.ts'
import { port, portsIn } from './ports.ts'
import { readSettingsText } from './settings-text.ts'
import { readTomlFile } from './toml-file.ts'

export const LEVELS = ['debug', 'info', 'warn', 'error'] as const

/** A multiaddress of TCP. */
const address = v.pipe(
  v.string(),
  v.maxLength(256),
  v.check(isTcpAddress, 'expected an address such as /ip4/192.0.2.7/tcp/4001 or /dns4/db1.example.org/tcp/4001')
)

/** Limits of a relay; a limit that is left out does not apply. */
const relayLimits = v.strictObject({
  /** Peers that may have a reservation. */
  reservations: v.optional(v.pipe(count, v.minValue(1), v.maxValue(10_000))),
  /** Longest time of a relayed connection, seconds. */
  seconds: v.optional(v.pipe(count, v.minValue(10))),
  /** Largest amount that a relayed connection may carry, both ways together. */
  bytes: v.optional(v.pipe(count, v.minValue(65_536)))
})
export type RelayLimits = v.InferOutput<typeof relayLimits>

const limit = v.pipe(count, v.minValue(1))
/** What one member may bring into the result of one run that this peer drives. */
const receiveLimits = v.strictObject({
  /** Of its files, with their holes. */
  bytes: v.optional(limit),
  /** Files and folders. */
  files: v.optional(limit),
  tarballs: v.optional(limit),
  /** Bytes unpacked for one that is sent, beyond the first GiB. */
  ratio: v.optional(limit)
})
export type ReceiveLimits = Required<v.InferOutput<typeof receiveLimits>>
export const receiveDefaults: ReceiveLimits = { bytes: 64 * 1024 ** 3, files: 1_000_000, tarballs: 25_000, ratio: 200 }

/** What is staged here. */
const artifactLimits = v.strictObject({
  /** Of all of it, on the disk: beyond, what was used longest ago goes. */
  bytes: v.optional(limit),
  /** Of one file or folder. */
  largest: v.optional(limit),
  /** Of all that other peers have pinned. */
  pinned: v.optional(limit)
})
export type ArtifactLimits = Required<v.InferOutput<typeof artifactLimits>>
const GIB = 1024 ** 3
export const artifactDefaults: ArtifactLimits = { bytes: 20 * GIB, largest: 16 * GIB, pinned: 10 * GIB }

/** True for everything, false for nothing, or a list of what is allowed. */
const allowed = (pattern: RegExp, what: string) => {
  const item = v.pipe(v.string(), v.maxLength(4096), v.regex(pattern, `expected ${what}`))
  return v.optional(v.union([v.boolean(), list(item, 256)], `expected true, false or a list, each ${what}`))
}

/** `9100`, or `8000-8099`. */
const portRange = v.pipe(
  v.string(),
  v.check(text => portsIn(text) != null, 'expected a port such as 9100, or some such as "8000-8099"')
)

/** A program by name or absolute path, and perhaps its arguments. */
const PROGRAM = /^(\/.*|[^/]+|[^/ ]+ .*)$/

/** What other peers may make this one do, whatever their roles. */
const allowSettings = v.strictObject({
  /** Peers whose runs it takes part in: names, or peer ids, which no other peer can take. */
  controllers: allowed(/^[\w.@#-]+$/, 'a name or a peer id'),
  /**
   * Programs that a run names: by name, looked up on the PATH, or by absolute path; with arguments, that program with these alone.
   * `*` matches any characters except a slash, `**` any characters.
   */
  exec: allowed(PROGRAM, 'a name or an absolute path of a program'),
  /** Tools of bak, or sets of them; `*` matches any characters. */
  tools: allowed(/^[\w.@#*-]+$/, 'a name of a tool'),
  /** Folders: a path that a run names, of a program or in an argument of a tool, must be below one of them. */
  paths: allowed(/^\//, 'an absolute path of a folder'),
  /** Peers that may store whole results here, where this peer has the label archive=true: names or peer ids. */
  archive: allowed(/^[\w.@#-]+$/, 'a name or a peer id'),
  /** Peers whose runs, and whose `bak stage`, may store files here, of those that `controllers` lets in: names or peer ids. */
  stage: allowed(/^[\w.@#-]+$/, 'a name or a peer id'),
  /**
   * Targets of http operations of tasks: `http://10.0.0.7:8080`, where * is any characters without a slash. By default all where `exec` is true, and
   * none otherwise.
   */
  load: allowed(/^(https?|\*):\/\/[^/\s]+$/i, 'a target such as http://10.0.0.*:8080'),
  /** Ports of this machine's loopback that controllers may reach through a tunnel: `bak forward`. */
  forward: v.optional(
    v.union(
      [v.boolean(), list(v.union([port, portRange]), 256)],
      'expected true, false or a list of ports, such as [9100, "8000-8099"]'
    )
  ),
  /**
   * Programs that runs of others bring: `guarded` where they can run apart from this peer, which is as another user or in a sandbox; true
   * also as the user of the daemon where that is not root; false never.
   */
  workloads: v.optional(v.union([v.boolean(), v.literal('guarded')], 'expected true, false or "guarded"')),
  /** Of these programs, those that run as the daemon does, in the terms of `exec`. */
  privileged: v.optional(list(v.pipe(v.string(), v.maxLength(4096), v.regex(PROGRAM, 'expected a program')), 256)),
  /** Images of podman in which jobs of others may run: `docker.io/library/gcc:*`; `*` matches any characters. */
  images: allowed(/^[\w][\w./:@*-]*$/, 'the name of an image'),
  /** The user that the others run as, where the daemon is root's: a name, or UID or UID:GID. */
  run_as: v.optional(
    v.pipe(v.string(), v.regex(/^([a-z_][\w.-]{0,63}|\d{1,10}(:\d{1,10})?)$/i, 'expected a user, or UID or UID:GID'))
  ),
  /** Whether they may use the network. */
  network: v.optional(v.boolean()),
  /** Variables of the daemon that tools and programs of runs get. */
  environment: v.optional(list(v.pipe(v.string(), v.regex(/^[A-Za-z_]\w{0,127}$/, 'expected a variable')), 64))
})
export type AllowSettings = v.InferOutput<typeof allowSettings>

/** What one run may use on this machine; what is left out has no limit. */
const runLimits = v.strictObject({
  /** Bytes of memory. */
  memory: v.optional(v.pipe(count, v.minValue(1024 * 1024))),
  /** Processes and threads at once. */
  pids: v.optional(v.pipe(count, v.minValue(1))),
  /** Processors, such as 1.5. */
  cpu: v.optional(v.pipe(v.number(), v.finite(), v.minValue(0.01), v.maxValue(4096))),
  /** Bytes a second to or from the disk of its folders. */
  io: v.optional(v.pipe(count, v.minValue(1024))),
  /** Bytes that its tools may write, and files and folders that they may make. */
  bytes: v.optional(v.pipe(count, v.minValue(1))),
  entries: v.optional(v.pipe(count, v.minValue(1))),
  /** Open files of a process. */
  nofile: v.optional(v.pipe(count, v.minValue(16))),
  /** From `join` to its end. */
  time: v.optional(v.pipe(duration, v.regex(/[1-9]/, 'expected a time longer than 0s'))),
  /** Longest silence of the controller that it may ask for. */
  lease: v.optional(v.pipe(duration, v.regex(/[1-9]/, 'expected a time longer than 0s'))),
  /** Runs of one controller at once. */
  runs: v.optional(v.pipe(count, v.minValue(1), v.maxValue(32))),
  /** Bytes of runs that are over and that nobody has collected, beyond which no further run is let in. */
  uncollected: v.optional(v.pipe(count, v.minValue(1)))
})
export type RunLimits = v.InferOutput<typeof runLimits>

/** How the executables in `hooks.d` of the home run. */
const hooksSettings = v.strictObject({
  /** Of each. */
  timeout: v.optional(v.pipe(duration, v.regex(/[1-9]/, 'expected a time longer than 0s'))),
  /** If one fails at join: say so, or take no part in the run. */
  on_failure: v.optional(v.picklist(['warn', 'exclude']))
})
export type HooksSettings = v.InferOutput<typeof hooksSettings>

export const daemonSettings = v.strictObject({
  name: v.optional(name),
  label: v.optional(labels),
  listen: v.optional(list(address, 16)),
  announce: v.optional(list(address, 16)),
  relay: v.optional(v.picklist(['auto', 'on', 'off'])),
  relay_limits: v.optional(relayLimits),
  receive_limits: v.optional(receiveLimits),
  artifacts: v.optional(artifactLimits),
  direct: v.optional(v.boolean()),
  upnp: v.optional(v.boolean()),
  membership: v.optional(v.pipe(duration, v.regex(/[1-9]/, 'expected a time longer than 0s'))),
  leftovers: v.optional(v.pipe(duration, v.regex(/[1-9]/, 'expected a time longer than 0s'))),
  forget: v.optional(v.pipe(duration, v.regex(/[1-9]/, 'expected a time longer than 0s'))),
  log: v.optional(v.picklist(LEVELS)),
  allow: v.optional(allowSettings),
  run_limits: v.optional(runLimits),
  /** Jobs that run here at once, of all runs. */
  slots: v.optional(v.pipe(count, v.minValue(1), v.maxValue(MAX_SLOTS))),
  hooks: v.optional(hooksSettings)
})
export type DaemonSettings = v.InferOutput<typeof daemonSettings>

/** The daemon's keys in the order of its help, with their defaults. */
export const daemonDefaults: { [K in keyof Required<DaemonSettings>]: DaemonSettings[K] } = {
  /** The host's name. */
  name: undefined,
  label: {},
  listen: ['/ip4/0.0.0.0/tcp/0'],
  announce: [],
  /** Whether this peer relays for others; `auto` is if AutoNAT finds that it can be reached from outside. */
  relay: 'auto',
  relay_limits: { reservations: 512 },
  receive_limits: receiveDefaults,
  artifacts: artifactDefaults,
  /** Tries to replace relayed connections by direct ones: reversed or punched. */
  direct: true,
  /** Asks the router for a mapped port. */
  upnp: true,
  /** How long a proof of membership is valid after this peer, as an admin, renewed it. */
  membership: '30d',
  /** Age at which data that nobody has collected is deleted. */
  leftovers: '30d',
  /** How long peers that are lost or have left are still known, and named by runs that they would have been asked for. */
  forget: '1d',
  log: 'info',
  allow: {
    ...{
      controllers: true,
      exec: true,
      tools: true,
      paths: true,
      archive: true,
      stage: true,
      load: undefined,
      forward: false
    },
    ...{ workloads: 'guarded', privileged: [], images: false, run_as: undefined, network: true, environment: [] }
  },
  /** The room of 10 GiB is more than any tool of bak needs, that of what is not collected is of five such runs; a controller leads 32 at once itself. */
  run_limits: {
    pids: 4096,
    bytes: 10 * 1024 ** 3,
    entries: 100_000,
    nofile: 65_536,
    runs: 32,
    uncollected: 50 * 1024 ** 3
  },
  /** One for each processor. */
  slots: availableParallelism(),
  hooks: { timeout: '30s', on_failure: 'warn' }
}

/** The path of each setting: `name`, or `allow.exec` in the table `allow`. */
export const daemonKeys = Object.entries(daemonDefaults).flatMap(([key, value]) =>
  key === 'allow' ? Object.keys(value as object).map(inner => [key, inner]) : [[key]]
)

/** @returns the value at a path of keys; undefined where there is none */
export const valueAt = (settings: object, place: string[]): unknown =>
  place.reduce<unknown>((inner, key) => (inner as Record<string, unknown> | undefined)?.[key], settings)

/** `role=db` */
const labelText = v.pipe(v.string(), v.regex(/^[^=]+=/, 'expected "key=value"'))

const configFile = v.strictObject({
  ...daemonSettings.entries,
  // as the flag, which is repeated, or as a table
  label: v.optional(v.lazy(input => (Array.isArray(input) ? list(labelText, 64) : labels))),
  cli: v.optional(v.record(v.string(), v.unknown()))
})

/**
 * @param path the name of the file in messages
 * @returns the settings in the file, without defaults
 * @throws {BakError} `bad-config` with a line for every mistake: file, line, key and what is wrong
 */
export function readConfigFile(text: string, path: string): DaemonSettings {
  const { cli: _, ...file } = readTomlFile(configFile as Schema, text, path, 'bad-config') as Record<string, unknown>
  const { label, ...settings } = file as Omit<DaemonSettings, 'label'> & { label?: Record<string, string> | string[] }
  if (label == null) return settings
  return { ...settings, label: Array.isArray(label) ? labelsOf(label, 'bad-config', `${path}: label`) : label }
}

/** @returns the text of the file and its settings; nothing if it does not exist. @throws {BakError} `bad-config` */
export function readConfigText(path: string): { text: string; settings: DaemonSettings } {
  const text = readSettingsText(path)
  return { text, settings: readConfigFile(text, path) }
}

/** @returns the labels of `key=value` texts. @throws {BakError} `code` */
export function labelsOf(texts: string[], code: ErrorCode, where: string): Record<string, string> {
  return Object.fromEntries(
    texts.map(text => {
      const at = text.indexOf('=')
      if (at < 1) throw new BakError(code, `${where} ${text}: a label is key=value`)
      return [text.slice(0, at), text.slice(at + 1)]
    })
  )
}

function isTcpAddress(text: string): boolean {
  const [, kind, host = '', port, peer] =
    /^\/(ip4|ip6|dns|dns4|dns6)\/([^/]+)\/tcp\/(\d{1,5})(?:\/p2p\/([^/]+))?$/.exec(text) ?? []
  if (kind == null || Number(port) > 65_535) return false
  if (peer != null && !v.is(peerId, peer)) return false
  return kind.startsWith('dns') ? /^[\w.-]+$/.test(host) : isIP(host) === Number(kind.slice(2))
}
