/** The text of the systemd unit that starts a daemon, with the reasons for what it sets and for what it leaves alone. Pure. */
import * as v from 'valibot'
import { commandLine, value } from './unit-quoting.ts'

export type Scope = 'system' | 'user'

export interface UnitInit {
  scope: Scope
  home: string
  /** The program and its words; the first may begin with `@`, and the next is then its name; systemd.service(5). */
  command: string[]
  /** The folder of a runtime that systemd would not find. */
  runtime?: string
}

/** The first line of a unit that is ours. */
const MARK =
  '# Written by bak-node install; bak-node uninstall removes this file for as long as it begins with this line.'
const HOME = '# Home: '

export function unitText({ scope, home, command, runtime }: UnitInit): string {
  return `${[
    MARK,
    `${HOME}${JSON.stringify(home)}`,
    '# Settings of your own are safe in a drop-in (systemctl edit) and in config.toml in the home.',
    '',
    '[Unit]',
    'Description=bak-node, a peer in a mesh of machines that are measured together',
    ...(scope === 'system' ? ['Wants=network-online.target', 'After=network-online.target'] : []),
    '# tries for ever: a machine that measures may be out of order for a while',
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

/** What starts the unit, once it is enabled. */
export const targetOf = (scope: Scope) => (scope === 'system' ? 'multi-user.target' : 'default.target')

/** @returns the home that a unit of ours serves; undefined for one that somebody else wrote */
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
  '# says that it is ready when the mesh can reach it',
  'Type=notify',
  '# it is systemd-notify that says it, a child of the daemon; the daemon gives the socket to no tool and no workload',
  'NotifyAccess=all',
  `ExecStart=${commandLine(command)}`,
  ...(runtime == null
    ? []
    : [`Environment=${value(`PATH=${runtime}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin`)}`]),
  'Restart=on-failure',
  'RestartSec=5',
  '# wrong usage, not allowed, bad settings: it would end in the same way again',
  'RestartPreventExitStatus=64 77 78',
  '# No WatchdogSec: a benchmark may take the processors away for minutes, and a kill would lose the run.',
  'TimeoutStartSec=90',
  '# runs that it drives are cancelled in order, and their data comes home',
  'TimeoutStopSec=60',
  '# only the daemon is told: it ends tools and workloads itself, in order',
  'KillMode=mixed',
  '# a workload that the kernel kills for its memory is a result, and no reason to end the daemon',
  'OOMPolicy=continue',
  '# what is measured runs in this unit: no limit of its own may show in the figures',
  'TasksMax=infinity'
  // no UMask: the home is closed to others by the modes of its folders, and a workload makes its files as in a shell
]

/**
 * Workloads are children of the daemon, so whatever binds it binds them; and they run as long as the measurement, so
 * whatever costs time on each system call or packet would be measured, too.
 */
const hardening = (home: string) => [
  '',
  '# Hardening. Workloads and tools live in this unit: only what neither they nor the figures can feel is set.',
  '# No seccomp filter (SystemCallFilter, RestrictAddressFamilies, RestrictNamespaces, RestrictSUIDSGID, LockPersonality,',
  '# MemoryDenyWriteExecute, ProtectClock, ProtectHostname, ProtectKernelModules, ProtectKernelLogs): children inherit it, and',
  '# every system call of the workload would pay for it. No IPAddressDeny: the same for every packet.',
  '# the system and its settings are read-only, also for workloads (this gives them mounts of their own)',
  'ProtectSystem=full',
  ...(isProtected(home) ? ['# but for the home', `ReadWritePaths=${value(home)}`] : []),
  '# nothing here sets the clock, reboots, or changes labels, audit rules and immutable files. All other capabilities stay: perf,',
  '# /proc of others, tracing, raw disks, packet capture, priorities and locked memory are what tools and benchmarks are made of.',
  'CapabilityBoundingSet=~CAP_SYS_TIME CAP_WAKE_ALARM CAP_SYS_BOOT CAP_MAC_ADMIN CAP_MAC_OVERRIDE CAP_AUDIT_CONTROL CAP_LINUX_IMMUTABLE',
  '# No ProtectProc, ProcSubset: pidstat and proc read all processes. No PrivateDevices: fio takes raw disks, turbostat',
  '# /dev/cpu. No ProtectHome, PrivateTmp: a workload runs in the folder of its caller. No ProtectKernelTunables,',
  '# ProtectControlGroups: benchmarks set /proc/sys and start containers. No NoNewPrivileges: workloads may use sudo and ping.'
]

const userHardening = [
  '',
  '# No hardening: the service manager of a user could only do it in a user namespace, where perf, sudo and ping fail.'
]

/** Where ProtectSystem=full lets nobody write. */
const isProtected = (home: string) => /^\/(usr|boot|efi|etc)(\/|$)/.test(home)
