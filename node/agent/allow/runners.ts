/**
 * Programs that run other programs. Where the other one is plain to see in the arguments, it is what is judged; of the rest the
 * arguments are a language of their own, and only the owner who reads them can say what they do. Pure.
 */

/** What a program runs beside itself: nothing, this argv, or what cannot be told from its words. */
export type RunBy = { argv: string[] } | 'unknown' | undefined

/** A program that takes options, perhaps a few words of its own, and then a program with its words. */
interface Prefix {
  /** Options that have a value, as the next word or behind themselves. */
  values?: string
  /** Options without. */
  flags?: string
  /** Words before the program. */
  words?: number
}

const PREFIXES: Record<string, Prefix> = {
  nice: { values: '-n --adjustment' },
  ionice: { values: '-c -n --class --classdata', flags: '-t --ignore' },
  timeout: {
    values: '-s -k --signal --kill-after',
    flags: '-f -p -v --foreground --preserve-status --verbose',
    words: 1
  },
  taskset: { flags: '-a -c -ac --all-tasks --cpu-list', words: 1 },
  chrt: { flags: '-a -b -f -i -o -r --batch --fifo --idle --other --rr', words: 1 },
  stdbuf: { values: '-i -o -e --input --output --error' },
  nohup: {},
  setsid: { flags: '-c -f -w --ctty --fork --wait' },
  time: { values: '-o -f --output --format', flags: '-a -p -v -q --append --portability --verbose --quiet' },
  env: { values: '-u --unset', flags: '-i --ignore-environment' }
}

const RUNNERS = new Set(
  (
    'sh bash dash ash ksh mksh zsh fish csh tcsh busybox toybox flock sudo su doas runuser pkexec chroot unshare nsenter setpriv capsh watch ' +
    'xargs parallel perf strace ltrace gdb valgrind ssh rsh scp sftp rsync expect script screen tmux make gmake ninja cmake git tar cpio zip ' +
    'python python2 python3 perl ruby node nodejs deno bun php lua luajit tclsh wish awk gawk mawk nawk sed ed ex vi vim nvim emacs nano less more man ' +
    'systemd-run systemctl at batch crontab docker podman nerdctl ctr crictl kubectl runc crun buildah lxc-attach machinectl ' +
    'socat nc ncat netcat openssl numactl cgexec prlimit ip dbus-run-session fakeroot faketime proot unbuffer hyperfine bpftrace trace-cmd ' +
    'entr su-exec gosu sshpass tini dumb-init eatmydata chpst setuidgid rlwrap xterm m4 gnuplot Rscript R julia guile octave lftp ftp bwrap firejail ' +
    'stress-ng fio iperf pgbench psql mysql sqlite3 java gcc cc clang go cargo npm npx uv pip logrotate run-parts start-stop-daemon ld.so'
  ).split(' ')
)

/** Options of a program that make it run another; without one of them it runs none. A long one may be shortened to what no other begins with. */
const RUNNING_OPTIONS: Record<string, RegExp> = {
  tcpdump: /^-[A-Za-z]*z|^--po/,
  find: /^-(exec|execdir|ok|okdir)$/,
  pidstat: /^-[A-Za-z]*e/,
  sort: /^--co/,
  split: /^--f/
}

/** @param argv of a program @returns what it runs beside itself */
export function runBy([program = '', ...words]: string[]): RunBy {
  const name = program.slice(program.lastIndexOf('/') + 1)
  const prefix = PREFIXES[name]
  if (prefix != null) return argvBehind(prefix, words)
  const option = RUNNING_OPTIONS[name]
  if (option != null) return words.some(word => option.test(word)) ? 'unknown' : undefined
  return RUNNERS.has(name) || /^(python|perl|ruby|lua|php|tclsh)[\d.]+$|^ld(-linux.*)?[-.]/.test(name)
    ? 'unknown'
    : undefined
}

/** An option that is not known here may have a value: what stands behind it is not told. */
function argvBehind({ values = '', flags = '', words: own = 0 }: Prefix, words: string[]): RunBy {
  const [withValue, without] = [values.split(' '), flags.split(' ')]
  let at = 0
  for (; at < words.length; at++) {
    const word = words[at] as string
    if (word === '--' || !word.startsWith('-')) break
    if (withValue.includes(word)) at++
    else if (!without.includes(word) && !withValue.some(option => isAttached(option, word))) return 'unknown'
  }
  const argv = words.slice(at + (words[at] === '--' ? 1 : 0) + own)
  // NAME=value changes what runs
  if (argv[0]?.includes('=')) return 'unknown'
  return argv.length === 0 ? undefined : { argv }
}

/** `-n5` and `--signal=KILL` */
const isAttached = (option: string, word: string) =>
  option !== '' &&
  word.startsWith(option.startsWith('--') ? `${option}=` : option) &&
  !word.startsWith(`--${option.slice(1)}`)
