/** The text of the systemd unit that starts a daemon, with the reason for each setting and for those left out. Pure. */
import * as v from 'valibot'
import { commandLine, value } from './unit-quoting.ts'

export type Scope = 'system' | 'user'

interface UnitInit {
  scope: Scope
  home: string
  /** argv; the first word may begin with `@`, and the next is then argv[0]; systemd.service(5). */
  command: string[]
  /** The folder of a Node runtime that systemd would not find. */
  runtime?: string
}

/** The first line of a unit of bak-node. */
const MARK =
  '# Written by bak-node install; bak-node uninstall removes this file for as long as it begins with this line.'
const HOME = '# Home: '

export function unitText({ scope, home, command, runtime }: UnitInit): string {
  return `${[
    MARK,
    `${HOME}${JSON.stringify(home)}`,
    '# Put your own settings into a drop-in (systemctl edit) or into config.toml in the home.',
    '',
    '[Unit]',
    'Description=bak-node, a peer in a mesh of machines that are measured together',
    ...(scope === 'system' ? ['Wants=network-online.target', 'After=network-online.target'] : []),
    '# retries forever: a measured machine may fail for a while',
    'StartLimitIntervalSec=0',
    '',
    '[Service]',
    ...service(command, runtime),
    ...(scope === 'system' ? hardening(home) : userHardening),
    '',
    '[Install]',
    `WantedBy=${targetOf(scope)}`
  ].join('\n')}\n`
}

/** The target that starts the enabled unit. */
export const targetOf = (scope: Scope) => (scope === 'system' ? 'multi-user.target' : 'default.target')

/** @returns the home that a unit of bak-node serves; undefined for any other unit */
export function homeOfUnit(text: string): string | undefined {
  const [mark, line = ''] = text.split('\n', 2)
  if (mark !== MARK || !line.startsWith(HOME)) return undefined
  try {
    return v.parse(v.string(), JSON.parse(line.slice(HOME.length)))
  } catch {
    return undefined
  }
}

const service = (command: string[], runtime: string | undefined) => [
  '# ready when the mesh can reach it',
  'Type=notify',
  '# systemd-notify, a child of the daemon, sends the notification; tools and workloads do not get the socket',
  'NotifyAccess=all',
  `ExecStart=${commandLine(command)}`,
  ...(runtime == null
    ? []
    : [`Environment=${value(`PATH=${runtime}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin`)}`]),
  'Restart=on-failure',
  'RestartSec=5',
  '# wrong usage, not allowed, bad settings: a restart would fail in the same way',
  'RestartPreventExitStatus=64 77 78',
  '# No WatchdogSec: a benchmark may occupy all processors for minutes, and a kill would lose the run.',
  'TimeoutStartSec=90',
  '# time to cancel the runs that it drives, and to receive their data',
  'TimeoutStopSec=60',
  '# only the daemon gets the signal: it stops tools and workloads itself',
  'KillMode=mixed',
  '# a workload that runs out of memory is a result and must not end the daemon',
  'OOMPolicy=continue',
  '# workloads run in this unit: no limit of it may influence the results',
  'TasksMax=infinity',
  '# programs that runs of others bring get a cgroup for each run in that of this unit: what is left of a run is ended as a whole',
  'Delegate=yes',
  '# a core dump would hold the key',
  'LimitCORE=0:infinity'
  // no UMask: the modes of its folders protect the home, and a workload creates files as in a shell
]

/**
 * Workloads are children of the daemon, so its restrictions hold for them too; a restriction that costs time for each system
 * call or packet would falsify the measurement.
 */
const hardening = (home: string) => [
  '',
  '# Hardening. Workloads and tools run in this unit: only settings that affect neither them nor the results.',
  '# No seccomp filter (SystemCallFilter, RestrictAddressFamilies, RestrictNamespaces, RestrictSUIDSGID, LockPersonality,',
  '# MemoryDenyWriteExecute, ProtectClock, ProtectHostname, ProtectKernelModules, ProtectKernelLogs): children inherit it, and',
  '# it would slow down every system call of the workload. No IPAddressDeny: it would slow down every packet.',
  '# the system and its settings are read-only, also for workloads, which therefore have their own mount namespace',
  'ProtectSystem=full',
  ...(isProtected(home) ? ['# except for the home', `ReadWritePaths=${value(home)}`] : []),
  '# neither the daemon nor a tool sets the clock, reboots, or changes labels, audit rules, immutable files. The rest stays: perf,',
  '# /proc of others, tracing, raw disks, packet capture, priorities and locked memory are what tools and benchmarks need.',
  'CapabilityBoundingSet=~CAP_SYS_TIME CAP_WAKE_ALARM CAP_SYS_BOOT CAP_MAC_ADMIN CAP_MAC_OVERRIDE CAP_AUDIT_CONTROL CAP_LINUX_IMMUTABLE',
  '# No ProtectProc, ProcSubset: pidstat and proc read all processes. No PrivateDevices: fio takes raw disks, turbostat',
  '# /dev/cpu. No ProtectHome, PrivateTmp: a workload runs in the folder of its caller. No ProtectKernelTunables,',
  '# ProtectControlGroups: benchmarks set /proc/sys and start containers. No NoNewPrivileges: workloads may use sudo and ping.'
]

const userHardening = [
  '',
  '# No hardening: the service manager of a user could only do it in a user namespace, where perf, sudo and ping fail.'
]

/** Paths that ProtectSystem=full makes read-only. */
const isProtected = (home: string) => /^\/(usr|boot|efi|etc)(\/|$)/.test(home)
