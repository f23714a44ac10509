/** The settings of a daemon beside its config.toml: those that are kept from one start to the next, and where each in force comes from. */
import * as v from 'valibot'
import { type DaemonSettings, daemonKeys, daemonSettings, readConfigText, valueAt } from '../protocols/config-file.ts'
import type { SettingInForce } from '../protocols/control.ts'
import { findLines } from '../protocols/toml-lines.ts'
import type { Home } from './store/home.ts'
import { readPrivateJson, writePrivateJson } from './store/private.ts'

const kept = v.pick(daemonSettings, ['name', 'label'])
type Kept = v.InferOutput<typeof kept>

/** @returns name and labels that a flag or variable of an earlier start gave. @throws {BakError} `bad-config` for a damaged file */
export const readKept = async (home: Home): Promise<Kept> =>
  (await readPrivateJson(home.kept, value => v.parse(kept, value))) ?? {}

/** Keeps name and labels for the next start; labels replace those that were kept, so that a label can be dropped. */
export async function keep(home: Home, { name, label }: DaemonSettings): Promise<void> {
  const before = await readKept(home)
  const after = { name: name ?? before.name, label: label ?? before.label }
  if (JSON.stringify(after) !== JSON.stringify(before)) await writePrivateJson(home.kept, after)
}

/**
 * @param config the settings in force
 * @param given where a setting comes from that a flag or variable gave, by its key
 * @returns each setting with its value and `flag`, the name of a variable, file and line, `earlier start` or `default`
 */
export async function settingsInForce(
  home: Home,
  config: object,
  given: Record<string, string>
): Promise<SettingInForce[]> {
  const { text, settings: file } = readConfigText(home.config)
  const earlier = await readKept(home)
  const lineOf = findLines(text)
  return daemonKeys.map(place => {
    const key = place.join('.')
    const origin =
      given[key] ??
      (valueAt(file, place) !== undefined ? `${home.config}:${lineOf(place)}` : undefined) ??
      (valueAt(earlier, place) !== undefined ? 'earlier start' : 'default')
    return { key, value: valueAt(config, place), origin }
  })
}
