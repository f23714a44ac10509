/** The items of a snapshot of a machine: their names, the files that they write, and what the words of `--sysinfo` mean. */
import * as v from 'valibot'
import { nearest } from '../nearest.ts'
import { own } from '../own.ts'

interface Item {
  /** `.json` for a value, `.txt` for lines of text. */
  file: string
  summary: string
  /** It takes longer than the others, or much room: in `all`, and not in `default`. */
  slow?: true
  /** It changes at a boot only, and is not taken again at the end of a run. */
  once?: true
  /** Nothing in it says how two machines differ. */
  incomparable?: true
}

/** Every item, in the order in which it is listed. */
export const ITEMS = {
  os: { file: 'os.json', summary: 'installed system, time zone, product and firmware version' },
  kernel: { file: 'kernel.json', summary: 'version, command line, taints, clock source' },
  'kernel-config': { file: 'kernel-config.txt', summary: 'what the kernel was built with', once: true },
  modules: { file: 'modules.json', summary: 'loaded modules, their versions and parameters' },
  sysctl: { file: 'sysctl.txt', summary: 'all readable values below /proc/sys' },
  cpu: { file: 'cpu.json', summary: 'model, microcode, caches, flags, governors, turbo, idle states' },
  topology: { file: 'topology.json', summary: 'package, die, core and NUMA node of each processor' },
  numa: { file: 'numa.json', summary: 'NUMA nodes, their processors, memory and distances' },
  mitigations: { file: 'mitigations.json', summary: 'vulnerabilities of the processor and what is done against them' },
  memory: { file: 'memory.json', summary: 'sizes, swap, huge pages' },
  disks: { file: 'disks.json', summary: 'block devices with their queues and schedulers, mounts and their room' },
  network: {
    file: 'network.json',
    summary: 'interfaces with driver, speed, queues and offloads as far as /sys has them, routes'
  },
  firmware: { file: 'firmware.json', summary: 'product, board, BIOS, EFI or not, secure boot' },
  virtualization: { file: 'virtualization.json', summary: 'kind of guest or host, hypervisor, container' },
  cgroups: { file: 'cgroups.json', summary: 'controllers, and the limits that the daemon itself is under' },
  packages: { file: 'packages.txt', summary: 'versions of the packages that bear on a measurement' },
  noise: { file: 'noise.json', summary: 'whether the machine is fit to measure', incomparable: true },
  ethtool: { file: 'ethtool.json', summary: 'offloads, rings, coalescing and channels by ethtool', slow: true },
  containers: {
    file: 'containers.json',
    summary: 'podman and docker: version, storage, running containers',
    slow: true
  },
  'packages-all': { file: 'packages-all.txt', summary: 'versions of all packages', slow: true },
  dmesg: { file: 'dmesg.txt', summary: 'the last messages of the kernel', slow: true, incomparable: true }
} as const satisfies Record<string, Item>

export type ItemName = keyof typeof ITEMS
export const ITEM_NAMES = Object.keys(ITEMS) as ItemName[]
export const itemOf = (name: ItemName): Item => ITEMS[name]

/** @returns the item that writes a file */
export const itemOfFile = (file: string): ItemName | undefined => ITEM_NAMES.find(name => ITEMS[name].file === file)

/** pbench's words for items that have another name here; `topology` has the same. */
const PBENCH_WORDS: Record<string, ItemName[]> = {
  block: ['disks'],
  kernel_config: ['kernel-config'],
  libvirt: ['virtualization'],
  security_mitigations: ['mitigations']
}

/** pbench's words for what bak does not take, and why. */
const REFUSED_WORDS: Record<string, string> = {
  sos: 'sos takes minutes and packs logs and settings with their secrets; "all" has what of it bears on a measurement',
  ara: 'ara is the record of Ansible playbooks, which bak does not run; put its report into $BAK_OUT of the workload',
  insights: 'insights sends the machine to a service outside; "all" has what of it bears on a measurement'
}

/** Words that stand for several items, alone. */
const SETS = ['default', 'all', 'none'] as const
type Set = (typeof SETS)[number]

/** What a run is to take: a set, or names of items, each once. */
export type SysinfoChoice = Set | ItemName[]

/** @returns the choice that words of a person make, or what is wrong with them */
export function chooseItems(words: string[]): { choice: SysinfoChoice } | { wrong: string } {
  const given = words.map(word => word.trim()).filter(word => word !== '')
  if (given.length === 0) return { wrong: 'no item is named; none at all is "none"' }
  const set = SETS.find(each => given.includes(each))
  if (set != null && given.length === 1) return { choice: set }
  if (set != null && set !== 'default') return { wrong: `"${set}" stands alone` }
  const found = given.map(word => (word === 'default' ? itemsOf('default', 'begin') : namesOf(word)))
  const wrong = found.find(each => typeof each === 'string')
  if (wrong != null) return { wrong }
  return { choice: ITEM_NAMES.filter(name => found.flat().includes(name)) }
}

/** @returns what a word stands for, or what is wrong with it */
function namesOf(word: string): ItemName[] | string {
  if (Object.hasOwn(ITEMS, word)) return [word as ItemName]
  const known = own(PBENCH_WORDS, word)
  if (known != null) return known
  const refused = own(REFUSED_WORDS, word)
  if (refused != null) return `${word} is not taken: ${refused}`
  const near = nearest(word, [...ITEM_NAMES, ...SETS, ...Object.keys(PBENCH_WORDS)])
  return `there is no item "${word}"; ${near == null ? 'bak run --sysinfo list has them' : `did you mean ${near}?`}`
}

/** @returns the items of a choice, in their order, that are taken at one end of a run */
export function itemsOf(choice: SysinfoChoice, when: 'begin' | 'end'): ItemName[] {
  const named = ITEM_NAMES.filter(name => {
    if (Array.isArray(choice)) return choice.includes(name)
    return choice !== 'none' && (choice === 'all' || itemOf(name).slow == null)
  })
  return when === 'begin' ? named : named.filter(name => itemOf(name).once == null)
}

/** The key of a spec: a set, a list of names, or the names with commas. */
export const sysinfoChoice = v.pipe(
  v.union([
    v.pipe(v.string(), v.maxLength(1024)),
    v.pipe(v.array(v.pipe(v.string(), v.maxLength(64))), v.maxLength(64))
  ]),
  v.rawTransform<string | string[], SysinfoChoice>(({ dataset, addIssue, NEVER }) => {
    const chosen = chooseItems([dataset.value].flat().flatMap(each => each.split(',')))
    if ('choice' in chosen) return chosen.choice
    addIssue({ message: chosen.wrong })
    return NEVER
  })
)
