/** Machines that are not here, as their kernels print them: trees of /proc and /sys. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

export type Files = Record<string, string>

const CPU = '/sys/devices/system/cpu'

const meminfo = (total: number, available: number, swap = [0, 0]) =>
  [
    `MemTotal:       ${total} kB`,
    `MemFree:         ${Math.round(available / 2)} kB`,
    `MemAvailable:    ${available} kB`,
    'Buffers:          172404 kB',
    `SwapTotal:      ${swap[0]} kB`,
    `SwapFree:       ${swap[1]} kB`,
    'HugePages_Total:       0',
    'Hugepagesize:       2048 kB',
    ''
  ].join('\n')

/** 100 ticks a second of each processor; user nice system idle iowait irq softirq steal guest guest_nice. */
export const stat = (user: number, idle: number, steal = 0) =>
  `cpu  ${user} 0 0 ${idle} 0 0 0 ${steal} 0 0\ncpu0 ${user} 0 0 ${idle} 0 0 0 ${steal} 0 0\nintr 1\nbtime 1795000000\nprocs_running 1\n`

const pressure = (avg10: number) =>
  `some avg10=${avg10.toFixed(2)} avg60=0.00 avg300=0.00 total=12345\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n`

const cpufreq = (governor: string, driver: string, count: number): Files =>
  Object.fromEntries(
    Array.from({ length: count }, (_, i) => [
      [`${CPU}/cpufreq/policy${i}/scaling_governor`, `${governor}\n`],
      [`${CPU}/cpufreq/policy${i}/scaling_driver`, `${driver}\n`]
    ]).flat()
  )

const common: Files = {
  '/proc/stat': stat(1000, 99_000),
  '/proc/vmstat': 'nr_free_pages 100\npswpin 0\npswpout 0\n',
  '/proc/pressure/cpu': pressure(0),
  '/proc/pressure/memory': pressure(0),
  '/proc/pressure/io': pressure(0),
  '/proc/loadavg': '0.02 0.05 0.01 1/312 4242\n',
  '/proc/sys/vm/swappiness': '60\n',
  '/proc/self/mounts': 'cgroup2 /sys/fs/cgroup cgroup2 rw,nosuid,nodev,noexec,relatime 0 0\n',
  '/proc/self/cgroup': '0::/system.slice/bak.service\n',
  '/sys/devices/system/clocksource/clocksource0/current_clocksource': 'tsc\n'
}

/** A server that was made ready: performance, no turbo, no SMT, processors of their own. */
export const quietServer: Files = {
  ...common,
  ...cpufreq('performance', 'intel_pstate', 4),
  '/proc/meminfo': meminfo(263_000_000, 250_000_000),
  '/proc/sys/vm/swappiness': '1\n',
  [`${CPU}/online`]: '0-3\n',
  [`${CPU}/isolated`]: '2-3\n',
  [`${CPU}/nohz_full`]: '2-3\n',
  [`${CPU}/smt/control`]: 'off\n',
  [`${CPU}/smt/active`]: '0\n',
  [`${CPU}/intel_pstate/no_turbo`]: '1\n',
  [`${CPU}/cpu0/thermal_throttle/core_throttle_count`]: '0\n',
  [`${CPU}/cpu0/thermal_throttle/package_throttle_count`]: '0\n',
  '/sys/kernel/mm/transparent_hugepage/enabled': 'always [madvise] never\n'
}

/** A laptop on somebody's desk. */
export const laptop: Files = {
  ...common,
  ...cpufreq('powersave', 'intel_pstate', 8),
  '/proc/loadavg': '3.41 2.98 2.05 5/1400 99231\n',
  '/proc/pressure/cpu': pressure(14.21),
  '/proc/pressure/memory': pressure(2.5),
  '/proc/meminfo': meminfo(16_000_000, 1_200_000, [8_000_000, 5_000_000]),
  [`${CPU}/online`]: '0-7\n',
  [`${CPU}/isolated`]: '\n',
  [`${CPU}/nohz_full`]: '(null)\n',
  [`${CPU}/smt/control`]: 'on\n',
  [`${CPU}/smt/active`]: '1\n',
  [`${CPU}/intel_pstate/no_turbo`]: '0\n',
  [`${CPU}/cpu0/thermal_throttle/core_throttle_count`]: '17\n',
  [`${CPU}/cpu0/thermal_throttle/package_throttle_count`]: '25\n',
  '/sys/kernel/mm/transparent_hugepage/enabled': '[always] madvise never\n'
}

/** A guest whose host gave its processors to others, on an old hypervisor without a good clock. */
export const poorGuest: Files = {
  ...common,
  '/proc/stat': stat(10_000, 80_000, 10_000),
  '/proc/meminfo': meminfo(4_000_000, 3_000_000),
  [`${CPU}/online`]: '0\n',
  [`${CPU}/isolated`]: '\n',
  [`${CPU}/smt/control`]: 'notimplemented\n',
  [`${CPU}/smt/active`]: '0\n',
  '/sys/devices/system/clocksource/clocksource0/current_clocksource': 'acpi_pm\n',
  '/sys/kernel/mm/transparent_hugepage/enabled': 'always [madvise] never\n'
}

/** A pod that may use one and a half of 64 processors. */
export const pod: Files = {
  ...common,
  ...cpufreq('schedutil', 'acpi-cpufreq', 2),
  '/proc/self/cgroup': '0::/kubepods.slice/pod1/c1\n',
  '/proc/meminfo': meminfo(500_000_000, 400_000_000),
  [`${CPU}/online`]: '0-63\n',
  [`${CPU}/isolated`]: '\n',
  [`${CPU}/cpufreq/boost`]: '1\n',
  '/sys/fs/cgroup/kubepods.slice/cpu.max': 'max 100000\n',
  '/sys/fs/cgroup/kubepods.slice/pod1/cpu.max': '150000 100000\n',
  '/sys/fs/cgroup/kubepods.slice/pod1/memory.max': '2147483648\n',
  '/sys/fs/cgroup/kubepods.slice/pod1/c1/cpu.max': '200000 100000\n',
  '/sys/fs/cgroup/kubepods.slice/pod1/c1/memory.max': 'max\n',
  '/sys/fs/cgroup/kubepods.slice/pod1/c1/cpuset.cpus.effective': '0-15\n',
  '/sys/fs/cgroup/kubepods.slice/pod1/c1/cpu.stat': 'usage_usec 1000\nnr_periods 10\nnr_throttled 0\n'
}

/** An old kernel that shows almost nothing. */
export const bare: Files = {
  '/proc/loadavg': '0.00 0.01 0.05 1/80 4000\n',
  '/proc/cpuinfo': 'processor\t: 0\nmodel name\t: Old\n\nprocessor\t: 1\nmodel name\t: Old\n',
  '/proc/meminfo': 'MemTotal:        1000000 kB\nMemFree:          500000 kB\nCached:           300000 kB\n'
}

export function writeFiles(root: string, files: Files): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
}
