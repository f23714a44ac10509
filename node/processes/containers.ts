/** Podman on this machine: which images are here, and how a program of a run is started in one. Nothing is asked before a run names an image. */
import { execFile } from 'node:child_process'
import { chmodSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import * as v from 'valibot'
import { BakError } from '../../protocols/errors.ts'
import { namesIn } from '../if-possible.ts'
import { apartWords, type ContainerStart, containerWords, type Podman, settingsOf } from './container-words.ts'
import { chosenEnvironment } from './environment.ts'
import { findInPath } from './probe.ts'

const ASK_TIMEOUT_MS = 15_000
/** Names of one image. */
const MAX_NAMES = 64
const CGROUPS = '/sys/fs/cgroup'
/** Until a cgroup whose processes were killed is empty. */
const EMPTY_TIMEOUT_MS = 2_000
const EMPTY_CHECK_MS = 10

/** An image that is here. */
export interface ImageFacts {
  id: string
  /** Its tags and digests: `docker.io/library/gcc:12`. */
  names: string[]
}

export interface ContainersInit {
  /** Where podman keeps what belongs to one container; nothing else is in it. */
  folder: string
  /** The same for what need not outlive this boot, with a short path; undefined where there is no place for it. */
  runtime: string | undefined
  isRoot: boolean
}

/** How a program starts in an image. */
export interface Contained {
  argv: string[]
  /** Of podman. */
  env: Record<string, string>
  /** What podman kept of it goes, once nothing of it runs. */
  remove(): Promise<void>
}

/** Podman refuses longer ones. */
const MAX_RUNTIME_PATH = 50

/** @returns where podman keeps what need not outlive this boot, for the daemon of one home */
export const runtimeFolderOf = (key: string, isRoot: boolean): string | undefined => {
  const base = isRoot ? '/run' : process.env.XDG_RUNTIME_DIR
  return base == null || base === '' ? undefined : join(base, `bak-${key}`)
}

export class Containers {
  readonly #init: ContainersInit
  #podman: Promise<Podman> | undefined
  #made = 0

  constructor(init: ContainersInit) {
    this.#init = init
  }

  /** What a daemon that was killed left: its containers do not run any more. Never rejects. */
  async clear(): Promise<void> {
    const { folder, runtime } = this.#init
    for (const each of namesIn(folder)) await removeContainer([join(folder, each)])
    removeEmpty(folder)
    if (runtime != null) await removeFolder(runtime)
  }

  /** @throws {BakError} `tool-unavailable` if there is no podman that works, or no such image here */
  async find(image: string): Promise<ImageFacts> {
    const { podman } = await this.#tools()
    const text = await ask(podman, ['image', 'inspect', '--', image]).catch(cause => {
      const why = (cause as Error).message
      const isAbsent = /not known|no such (image|object)/i.test(why)
      throw new BakError(
        'tool-unavailable',
        isAbsent ? `there is no image ${image} here: podman pull ${image}` : `image ${image}: ${why}`
      )
    })
    const [found] = v.parse(inspected, JSON.parse(text))
    return { id: found.Id, names: [...(found.RepoTags ?? []), ...(found.RepoDigests ?? [])].slice(0, MAX_NAMES) }
  }

  /** @returns those of the images that are here. Never rejects. */
  async present(images: string[]): Promise<string[]> {
    const found = await Promise.all(images.map(image => this.find(image).catch(() => undefined)))
    return images.filter((_, at) => found[at] != null)
  }

  /** @throws {BakError} `tool-unavailable`, `io` */
  async prepare(
    start: Omit<ContainerStart, 'folder' | 'runtime' | 'tmp'> & { tmp: string | undefined }
  ): Promise<Contained> {
    const tools = await this.#tools()
    const name = `${process.pid}-${++this.#made}`
    const folder = join(this.#init.folder, name)
    const runtime = join(runtimeOf(this.#init), name)
    const { tmp = join(folder, 'files') } = start
    for (const each of [folder, runtime]) mkdirSync(each, { recursive: true, mode: 0o700 })
    writeFileSync(join(folder, 'containers.conf'), settingsOf(runtime))
    if (start.tmp == null) {
      mkdirSync(tmp)
      chmodSync(tmp, 0o1777)
    }
    return {
      argv: containerWords(tools, { ...start, tmp, folder, runtime }),
      env: { ...environmentOfPodman(), CONTAINERS_CONF: join(folder, 'containers.conf') },
      remove: async () => {
        await removeContainer([folder, runtime])
        for (const each of [dirname(folder), dirname(runtime)]) removeEmpty(each)
      }
    }
  }

  /** A podman that did not work is asked again: the owner may have changed that. */
  #tools(): Promise<Podman> {
    this.#podman ??= probe(this.#init.isRoot).catch(cause => {
      this.#podman = undefined
      throw cause
    })
    return this.#podman
  }
}

const names = v.nullish(v.array(v.string()))
const inspected = v.tuple([v.object({ Id: v.string(), RepoTags: names, RepoDigests: names })])
const info = v.object({
  store: v.object({ graphRoot: v.string(), graphDriverName: v.string() }),
  host: v.object({ ociRuntime: v.object({ name: v.string(), path: v.string() }) })
})

/** @throws {BakError} `tool-unavailable` */
function runtimeOf({ runtime }: ContainersInit): string {
  if (runtime == null) throw new BakError('tool-unavailable', 'podman without root: XDG_RUNTIME_DIR is not set')
  if (join(runtime, '0000000-00000/run').length <= MAX_RUNTIME_PATH) return runtime
  throw new BakError('tool-unavailable', `podman takes no path as long as one in ${runtime}: set XDG_RUNTIME_DIR`)
}

/** Asked where containers run, so that what is missing for that is found. */
async function probe(isRoot: boolean): Promise<Podman> {
  const [podman, unshare] = [findInPath('podman'), findInPath('unshare')]
  if ('why' in podman)
    throw new BakError('tool-unavailable', `podman ${podman.why}: jobs with an image do not run here`)
  if ('why' in unshare) throw new BakError('tool-unavailable', `unshare of util-linux ${unshare.why}`)
  const paths = { podman: podman.path, unshare: unshare.path, isRootless: !isRoot }
  const [program = '', ...words] = apartWords(paths)
  const text = await ask(program, [...words, 'info', '--format', 'json']).catch(cause => {
    throw new BakError('tool-unavailable', `podman does not work here: ${(cause as Error).message}`, { cause })
  })
  const { store, host } = v.parse(info, JSON.parse(text))
  const runtime = host.ociRuntime.path.split(/[\s,]/).find(each => each.startsWith('/')) ?? host.ociRuntime.name
  return {
    ...paths,
    ...{ images: store.graphRoot, driver: store.graphDriverName, runtime },
    sharesCgroup: host.ociRuntime.name === 'crun'
  }
}

/** @returns what a command of podman printed @throws {Error} the last line of what it said of its failure */
function ask(program: string, words: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { timeout: ASK_TIMEOUT_MS, killSignal: 'SIGKILL' as const, maxBuffer: 4 * 1024 * 1024, cwd: '/' }
    execFile(program, words, { ...options, env: environmentOfPodman() }, (error, stdout, stderr) => {
      if (error == null) return resolve(stdout)
      const said = stderr.trim().split('\n').at(-1)
      reject(new Error((said || `it ends with ${error.signal ?? `exit status ${error.code}`}`).slice(0, 300)))
    })
  })
}

/** Podman finds its images, and without root its folders, by these. */
function environmentOfPodman(): Record<string, string> {
  const keep = Object.keys(process.env).filter(name => /^(HOME|XDG_.*|CONTAINERS_.*|USER|LOGNAME)$/.test(name))
  return {
    ...chosenEnvironment({ home: process.env.HOME ?? '/' }),
    ...Object.fromEntries(keep.map(name => [name, process.env[name] as string]))
  }
}

/** Best effort: without its processes it is only files, and cgroups that are empty. */
async function removeContainer(folders: string[]): Promise<void> {
  const root = join(folders[0] ?? '', 'root')
  const kept = namesIn(root).filter(name => name.endsWith('-containers'))
  for (const id of kept.flatMap(name => namesIn(join(root, name))).filter(isId)) await removeCgroups(id)
  for (const each of folders) await removeFolder(each)
}

const removeFolder = (folder: string) => rm(folder, { recursive: true, force: true, maxRetries: 5 }).catch(() => {})

/** Of a container. */
const isId = (name: string) => /^[0-9a-f]{64}$/.test(name)

/** A runtime that was killed leaves them in each hierarchy. */
async function removeCgroups(id: string): Promise<void> {
  const until = performance.now() + EMPTY_TIMEOUT_MS
  for (const hierarchy of [CGROUPS, ...namesIn(CGROUPS).map(name => join(CGROUPS, name))]) {
    const parent = join(hierarchy, 'libpod_parent')
    const own = join(parent, `libpod-${id}`)
    // what was killed is in it until the kernel has taken it away
    while (!removeEmpty(own) && performance.now() < until) await sleep(EMPTY_CHECK_MS)
    for (const each of [join(parent, 'conmon'), parent]) removeEmpty(each)
  }
}

/** @returns whether it is gone; false where something is in it */
function removeEmpty(folder: string): boolean {
  try {
    rmdirSync(folder)
    return true
  } catch (cause) {
    return ['ENOENT', 'ENOTDIR'].includes((cause as NodeJS.ErrnoException).code ?? '')
  }
}
