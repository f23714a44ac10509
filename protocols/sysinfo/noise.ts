/** Whether a machine is fit to measure, as facts: what was found, whether it stands out, why it matters and what to do. */
import * as v from 'valibot'
import { cutText, list, name, text } from '../fields.ts'
import { listInWords } from '../list-in-words.ts'
import { own } from '../own.ts'

/** `fit`: as it should be, or not to be seen. `note`: worth knowing where numbers differ. `unfit`: a measurement is likely to vary because of it. */
export const levels = ['fit', 'note', 'unfit'] as const

const noiseFinding = v.object({ fact: name, value: text, level: v.picklist(levels) })
export type NoiseFinding = v.InferOutput<typeof noiseFinding>

/** Facts of one machine in one message. */
const MAX_FACTS = 32
export const noiseFindings = list(noiseFinding, MAX_FACTS)

/** The noise of a member, as the record of a run has it. */
export const memberNoise = v.object({ name, findings: noiseFindings })
export type MemberNoise = v.InferOutput<typeof memberNoise>

interface Meaning {
  /** Why it matters, in the words of a clause. */
  why: string
  remedy: string
}

/** Every fact, in the order in which it is listed. */
export const NOISE_FACTS = {
  load: {
    why: 'other programs take processor time, caches and memory bandwidth',
    remedy: 'end them, or wait until they are done'
  },
  pressure: {
    why: 'programs had to wait for a processor, for memory or for a disk in the last 10 s',
    remedy: 'find out what they wait for: cat /proc/pressure/*'
  },
  steal: {
    why: 'the hypervisor gave the time of these processors to others',
    remedy: 'move the guest, or give it processors of its own'
  },
  throttling: {
    why: 'the processor slowed itself down because of heat or power',
    remedy: 'look after cooling and the power limit'
  },
  governor: {
    why: 'the frequency follows the load, so the first seconds of a sample are slower',
    remedy: 'cpupower frequency-set -g performance'
  },
  turbo: {
    why: 'how fast a core is depends on its temperature and on how many others are busy',
    remedy: 'echo 1 > /sys/devices/system/cpu/intel_pstate/no_turbo, or echo 0 > /sys/devices/system/cpu/cpufreq/boost'
  },
  smt: {
    why: 'two threads share a core: each is as fast as the other lets it be',
    remedy: 'echo off > /sys/devices/system/cpu/smt/control, or pin the workload to one thread of each core'
  },
  clocksource: {
    why: 'each look at the clock takes a microsecond and more instead of 20 ns',
    remedy: 'see why the kernel gave tsc up: dmesg | grep -i tsc'
  },
  limits: {
    why: 'what runs here gets less than the machine has',
    remedy: 'raise the limits of the pod, the container or the unit, or measure with them on all members alike'
  },
  isolation: {
    why: 'the scheduler puts nothing on these processors that is not pinned to them',
    remedy: 'pin the workload there, or leave them out of its count of threads'
  },
  memory: {
    why: 'the kernel takes pages from programs and from the cache of files',
    remedy: 'free memory, or take a smaller problem'
  },
  swap: {
    why: 'pages that come back from the disk take a thousand times as long',
    remedy: 'swapoff -a && swapon -a, and sysctl vm.swappiness=1'
  },
  hugepages: {
    why: 'the kernel makes and splits huge pages while programs run',
    remedy: 'echo madvise > /sys/kernel/mm/transparent_hugepage/enabled'
  },
  disk: {
    why: 'what is measured has no room, and full file systems are slow',
    remedy: 'make room where the home of bak is: bak gc, bak rm'
  }
} as const satisfies Record<string, Meaning>

export type NoiseFact = keyof typeof NOISE_FACTS

/** @returns why a fact matters and what to do; nothing for one of another version */
export const meaningOf = (fact: string): Meaning | undefined => own<Meaning>(NOISE_FACTS, fact)

/** Members that a line names, and values. */
const MOST = { members: 4, values: 3 }

/** @returns what stands out, a line each, members with the same fact in one: `b, c: governor powersave: the frequency follows ...` */
export function describeUnfit(members: MemberNoise[], mostLines = Number.POSITIVE_INFINITY): string[] {
  const found = members.flatMap(({ name: member, findings }) =>
    findings.filter(({ level }) => level === 'unfit').map(finding => ({ member, ...finding }))
  )
  // as many members as possible first
  const byFact = [...Map.groupBy(found, ({ fact }) => fact)].sort(([, a], [, b]) => b.length - a.length)
  const lines = byFact.map(([fact, each]) => {
    const who = listInWords(
      each.map(({ member }) => member),
      MOST.members
    )
    const all = [...new Set(each.map(({ value }) => value))]
    // what is after a semicolon is of one machine
    const values = all.length === 1 ? all : [...new Set(all.map(value => value.split(';')[0] as string))]
    const { why } = meaningOf(fact) ?? {}
    return cutText(`${who}: ${fact} ${listInWords(values, MOST.values)}${why == null ? '' : `: ${why}`}`)
  })
  const more = lines.length - mostLines
  return more <= 0
    ? lines
    : [...lines.slice(0, mostLines), `${more} more that may make numbers vary: bak check --noise`]
}
