/**
 * The command line by which podman runs one program in an image: its working folders are where they are outside, all else of the image is read-only,
 * and it has no privileges. Everything that podman keeps of a container is in a folder of its own, and all that it starts is in a namespace of
 * processes that ends with podman: so nothing of it outlives the process group in which it was started, and no container is left in the owner's list. Pure.
 */

/** What was found out of podman on this machine. */
export interface Podman {
  podman: string
  unshare: string
  /** The daemon is not root's: podman makes a namespace of users. */
  isRootless: boolean
  /** Where images are, and how they are stored. */
  images: string
  driver: string
  runtime: string
  /** Containers can do without a cgroup of their own, and are in that of the run. */
  sharesCgroup: boolean
}

interface Limits {
  memory?: number | undefined
  pids?: number | undefined
  cpu?: number | undefined
}

export interface ContainerStart {
  /** Id of an image. */
  image: string
  /** The program, in the image. */
  argv: string[]
  /** Its working folder. */
  cwd: string
  /** Folders and files in which it may write, beside that. */
  writable: string[]
  /** Those below them in which it may not. */
  readOnly: string[]
  /** What is its /tmp. */
  tmp: string
  env: Record<string, string>
  /** As whom it runs. */
  user: { uid: number; gid: number }
  /** Its owner's own runs keep what podman lets a container do. */
  isOwn: boolean
  network: boolean
  limits: Limits
  /** Of podman alone: on a disk, and one with a short path for what need not outlive this boot. */
  folder: string
  runtime: string
}

/** @returns the words before a command of podman: namespaces of processes and of mounts, which end with it */
export function apartWords({
  podman,
  unshare,
  isRootless
}: Pick<Podman, 'podman' | 'unshare' | 'isRootless'>): string[] {
  const own = [unshare, '--pid', '--fork', '--kill-child', '--mount-proc']
  return [...(isRootless ? [podman, 'unshare'] : []), ...own, podman]
}

/** @returns the settings of podman for this container alone: its locks are not among those of others */
export const settingsOf = (runtime: string): string =>
  [
    '[engine]',
    'lock_type = "file"',
    `tmp_dir = ${JSON.stringify(`${runtime}/tmp`)}`,
    'events_logger = "none"',
    'cgroup_manager = "cgroupfs"',
    ''
  ].join('\n')

/** @returns the command line */
export function containerWords(tools: Podman, start: ContainerStart): string[] {
  const { image, argv, cwd, env, folder, runtime, network } = start
  return [
    ...apartWords(tools),
    ...['--root', `${folder}/root`, '--runroot', `${runtime}/run`, '--storage-driver', tools.driver],
    ...['--storage-opt', `${tools.driver}.imagestore=${tools.images}`],
    ...['--runtime', tools.runtime, '--cgroup-manager', 'cgroupfs'],
    ...['run', '--rm', '--pull', 'never', '--log-driver', 'none', '--network', network ? 'host' : 'none'],
    ...['--read-only', '--read-only-tmpfs=false', '--security-opt', 'label=disable', '--ulimit', 'host'],
    ...userWords(tools, start),
    ...limitWords(tools, start.limits),
    ...mountWords(start),
    ...Object.entries(env).flatMap(([name, value]) => ['--env', `${name}=${value}`]),
    ...['--workdir', cwd, '--entrypoint', JSON.stringify(argv.slice(0, 1)), image, ...argv.slice(1)]
  ]
}

function userWords({ isRootless }: Podman, { user: { uid, gid }, isOwn }: ContainerStart): string[] {
  const same = isRootless ? ['--userns', 'keep-id'] : []
  const none = isOwn ? [] : ['--cap-drop', 'all', '--security-opt', 'no-new-privileges']
  return [...same, '--user', `${uid}:${gid}`, ...none]
}

/** In the cgroup of its run it has the limits of that; else those of a run hold for each container. */
function limitWords({ sharesCgroup, isRootless }: Podman, { memory, pids, cpu }: Limits): string[] {
  if (sharesCgroup) return ['--cgroups', 'disabled']
  // without root a controller may not be delegated, and podman would not start
  if (isRootless) return []
  return [
    ...(memory == null ? [] : ['--memory', `${memory}b`, '--memory-swap', `${memory}b`]),
    ...(cpu == null ? [] : ['--cpus', `${cpu}`]),
    ...['--pids-limit', `${pids ?? -1}`]
  ]
}

function mountWords({ cwd, writable, readOnly, tmp }: ContainerStart): string[] {
  const all = [
    { path: tmp, at: '/tmp', ro: false },
    ...[...new Set([cwd, ...writable])].map(path => ({ path, at: path, ro: false })),
    ...readOnly.map(path => ({ path, at: path, ro: true }))
  ]
  return all.flatMap(({ path, at, ro }) => [
    '--mount',
    ['type=bind', field('src', path), field('dst', at), ...(ro ? ['ro=true'] : [])].join(',')
  ])
}

/** A field of CSV, which podman reads a mount as. */
function field(key: string, value: string): string {
  const text = `${key}=${value}`
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
