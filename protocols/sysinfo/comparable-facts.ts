/**
 * A file of a snapshot as facts, `cpu.microcode = 0x2b`, and which of them say how two machines differ: what passes (uptime, free memory,
 * counters, MHz) and what each machine has of its own (names, addresses, ids) says nothing.
 */
import { ITEMS, type ItemName, itemOf, itemOfFile } from './items.ts'

/** By their names, which begin with the item. */
export type Facts = Map<string, string>

/** Facts of one machine. */
const MAX_FACTS = 30_000
/** Characters of a value; two that differ behind these are not told apart. */
const MAX_VALUE = 512

/** @param texts of the files by name; those that are no item are left out @returns what can be compared */
export function factsOf(texts: Iterable<[file: string, text: string]>): Facts {
  const facts: Facts = new Map()
  for (const [file, text] of texts) {
    const item = itemOfFile(file)
    if (item == null || itemOf(item).incomparable) continue
    for (const [name, value] of readFacts(item, text)) {
      if (facts.size >= MAX_FACTS) return facts
      const shown = comparable(`${item}.${name}`, value)
      if (shown != null) facts.set(`${item}.${name}`, shown.slice(0, MAX_VALUE))
    }
  }
  return facts
}

function* readFacts(item: ItemName, text: string): Generator<[name: string, value: string]> {
  if (ITEMS[item].file.endsWith('.json')) yield* flatten('', parse(text))
  else for (const line of text.split('\n')) yield* readLine(item, line)
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // a file of another version, or one that was damaged: nothing can be said of it
    return undefined
  }
}

/** Objects by their keys; in a list by their name, folder or number; lists of plain values in one fact. */
function* flatten(path: string, value: unknown): Generator<[string, string]> {
  const at = (key: string | number) => (path === '' ? `${key}` : `${path}.${key}`)
  if (Array.isArray(value)) {
    if (value.every(each => each == null || typeof each !== 'object')) return yield [path, value.join(' ')]
    for (const [i, each] of value.entries()) yield* flatten(at(keyOf(each) ?? i), each)
  } else if (value != null && typeof value === 'object') {
    for (const [key, each] of Object.entries(value)) yield* flatten(at(key), each)
  } else if (value != null) yield [path, String(value)]
}

function keyOf(value: unknown): string | undefined {
  const { name, folder } = (value ?? {}) as Record<string, unknown>
  const key = name ?? folder
  return typeof key === 'string' ? key : undefined
}

/** The lines of each text file: `name = value`, `CONFIG_X=y`, `# CONFIG_X is not set`, `package version`. */
function* readLine(item: ItemName, line: string): Generator<[string, string]> {
  const unset = /^# (CONFIG_\w+) is not set$/.exec(line)
  if (unset?.[1] != null) return yield [unset[1], 'n']
  if (line.startsWith('#')) return
  const [separator] = item === 'sysctl' ? [' = '] : item === 'kernel-config' ? ['='] : [' ']
  const at = line.indexOf(separator as string)
  if (at > 0) yield [line.slice(0, at), line.slice(at + (separator as string).length).trim()]
}

/** What passes, counts, or is of this machine alone. */
const PASSING = [
  /^os\.(hostname|taken|uptime)$/,
  /^kernel\.(init|tainted)$/,
  /^cpu\.mhz$/,
  /^memory\.meminfo\.(?!(MemTotal|SwapTotal|HugePages_Total|Hugepagesize|Hugetlb)$)/,
  /^memory\.swaps$/,
  /^memory\.hugepages\..*\.(free|resv|surplus)_hugepages$/,
  /^(numa|memory\.nodes)\..*\.(?!(cpulist|distance|memory)$)[^.]*$/,
  /^disks\.mounts\..*\.(available|inodes|inodesFree|size|device)$/,
  // made and removed by container engines, sessions and packages
  /^disks\.mounts\.\/(run|proc|sys|dev|snap|tmp|var\/lib\/(docker|containers|kubelet|containerd|lxc))(\/|\.|$)/,
  /^network\.(routes6?)(\.|$)/,
  /^network\.interfaces\.(veth|tap|vnet|cali|lxc|fwpr|fwln|br-|cni|flannel|dummy|ifb|podman)/,
  /^network\.interfaces\..*\.(address|addresses|operstate|carrier_changes)$/,
  /^ethtool\.(veth|tap|vnet|cali|lxc|br-)/,
  /^modules\.modules\..*\.(size|refcount|state)$/,
  /^cgroups\.(path|own|limits\..*\.(current|peak|stat))(\.|$)/,
  /^containers\..*\.(running|images|containers|id)(\.|$)/,
  /^sysctl\.kernel\.(random\.|ns_last_pid|hostname|domainname|pty\.nr|perf_event_max_sample_rate|tainted|boot_id|spl\.)/,
  /^sysctl\.fs\.(dentry-state|inode-nr|inode-state|file-nr|aio-nr|quota\.|binfmt_misc|verity)/,
  /^sysctl\.net\.netfilter\.nf_conntrack_count$/,
  /^sysctl\.net\.(ipv[46])\.(conf|neigh)\.(?!(all|default)\.)/,
  /^sysctl\.net\.mpls\.conf\.(?!(all|default)\.)/,
  /^sysctl\.dev\.(cdrom|raid\.speed)/,
  /^sysctl\.kernel\.sched_domain\./,
  /^sysctl\.sunrpc\./
]

/** The kernel makes these of the size of the memory, which differs by some pages between machines that are alike: two digits count. */
const OF_MEMORY =
  /^(memory\.meminfo\.MemTotal|numa\..*\.memory|sysctl\.(kernel\.threads-max|fs\.(file-max|epoll\.max_user_watches|inotify\.max_user_watches|fanotify\.max_user_marks)|user\.max_.*|net\.ipv4\.(tcp_mem|udp_mem|tcp_max_orphans|tcp_max_tw_buckets|ipfrag_.*)|net\.ipv6\.ip6frag_.*|net\.nf_conntrack_max|net\.netfilter\.nf_conntrack_.*|vm\.(min_free_kbytes|lowmem_reserve_ratio|user_reserve_kbytes|admin_reserve_kbytes|hugetlb.*)))$/

/** @returns the value as it is compared; undefined for what says nothing */
export function comparable(name: string, value: string): string | undefined {
  if (PASSING.some(each => each.test(name))) return undefined
  if (OF_MEMORY.test(name)) return value.replace(/\d+/g, roundTo2)
  // which disk it booted from has an id of its own on each machine
  return name.endsWith('.cmdline') ? value.replace(IDS, 'ID') : value
}

const IDS = /\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|\b[0-9a-f]{8}-[0-9a-f]{2}\b/gi
const roundTo2 = (digits: string) => String(Number(Number(digits).toPrecision(2)))
