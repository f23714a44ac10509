/** Folded stacks of `perf record`, by group and member: of all samples of a group together. */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { FOLDED_FILE, parseResultPath, stepFolder } from '../../protocols/layout.ts'
import { readPlain } from '../../protocols/plain-file.ts'
import { largestStacks } from '../report/flames.ts'
import type { Result } from '../result/open-result.ts'
import type { Group } from './groups.ts'

/** By label, by member: lines `a;b;c 12`. */
export type Profiles = Map<string, Map<string, string>>

/** Characters of the stacks of one member in one group. */
const MOST = 256 * 1024
const MAX_TOOLS = 64

/** @returns nothing of members without perf */
export async function readProfiles(groups: Group<Result>[]): Promise<Profiles> {
  const profiles: Profiles = new Map()
  for (const { label, selections } of groups) {
    const texts = new Map<string, string[]>()
    for (const { result, number } of selections) {
      for (const { step } of result.samples) {
        if (step.number !== number || step.warmup != null) continue
        for (const { member, text } of await foldedIn(result.folder, stepFolder(step)))
          texts.set(member, [...(texts.get(member) ?? []), text])
      }
    }
    const members = [...texts].map(([member, all]) => [member, largestStacks(all.join('\n'), MOST)] as const)
    profiles.set(label, new Map(members.filter(([, text]) => text !== '')))
  }
  return profiles
}

async function foldedIn(folder: string, sample: string): Promise<Array<{ member: string; text: string }>> {
  const found: Array<{ member: string; text: string }> = []
  for (const group of await namesIn(join(folder, sample))) {
    for (const member of await namesIn(join(folder, sample, group))) {
      if (parseResultPath(`${sample}/${group}/${member}`)?.kind !== 'tools') continue
      for (const tool of (await namesIn(join(folder, sample, group, member))).slice(0, MAX_TOOLS)) {
        const text = await readPlain(join(folder, sample, group, member, tool, FOLDED_FILE)).catch(() => undefined)
        if (text != null) found.push({ member, text: text.toString() })
      }
    }
  }
  return found
}

const namesIn = (folder: string) => readdir(folder).catch((): string[] => [])
