/** `metadata.log` in pbench's form, so that its tools can index a result: INI sections, UTC times without a zone, which is a key of its own. */
import { hostname } from 'node:os'
import type { RunRecord } from '../../../protocols/record.ts'
import { nameOf } from '../../../protocols/tasks/task-parameters.ts'
import { triggeredGroups, triggerOf } from '../../../protocols/triggered.ts'
import { labelsOf } from '../roster.ts'
import type { RunHook } from './hook.ts'

export const metadata: RunHook = {
  name: 'metadata',
  async close({ folder, record }) {
    await folder.writeMetadata(metadataOf(record))
  }
}

const listed = (what: string, names: string[]) => (names.length === 0 ? [] : [`${what} ${names.join(' ')}`])

type Section = Record<string, string | number | undefined>

/** @param toolsByHost pbench's `[tools/<host>]`: tool name -> its options, by member name */
export function metadataOf(record: RunRecord): string {
  const iterations = record.spec.iterations.map((iteration, i) => ({
    ...iteration,
    folder: `${i + 1}-${iteration.name}`
  }))
  const { command, workload, task, job } = record.spec
  const commands = [...(command == null ? [] : [command]), ...workload.map(each => each.command)].map(wordsOf)
  const measured = job.filter(({ role }) => role === 'work').map(({ name }) => name)
  const script = [...commands, ...listed('tasks', task.map(nameOf)), ...listed('jobs', measured)].join('; ')
  const sections: Record<string, Section> = {
    pbench: {
      config: record.name,
      date: utc(record.created),
      timezone: 'UTC',
      iterations: iterations.map(each => each.folder).join(', '),
      name: record.run,
      'rpm-version': `v${record.program}`,
      script,
      hostname_f: hostname()
    },
    controller: { hostname: record.controller.name },
    run: {
      controller: record.controller.name,
      start_run: utc(record.created),
      end_run: record.ended == null ? undefined : utc(record.ended),
      run_interrupted: record.verdict === 'cancelled' ? 'true' : undefined
    },
    tools: {
      hosts: record.roster.map(member => member.name).join(' '),
      group: [...new Set(record.roster.flatMap(member => member.tools.map(each => each.group)))].join(' '),
      trigger: triggersIn(record)
    },
    ...Object.fromEntries(record.roster.map(member => [`tools/${member.name}`, toolsOf(member)])),
    ...Object.fromEntries(
      iterations.map((each, i) => [
        `iterations/${each.folder}`,
        { iteration_number: i + 1, iteration_name: each.name, user_script: [script, ...each.args].join(' ') }
      ])
    )
  }
  return Object.entries(sections)
    .map(([name, section]) => `[${name}]\n${lines(section)}`)
    .join('\n')
}

/** pbench's `start:stop`, of each group that has one. */
function triggersIn({ spec, roster }: RunRecord): string | undefined {
  const found = triggeredGroups(spec, roster).flatMap(group => triggerOf(spec, group) ?? [])
  return found.length === 0 ? undefined : found.map(({ start, stop }) => `${start}:${stop}`).join(' ')
}

const wordsOf = (command: string | string[]) => [command].flat().join(' ')

function toolsOf(member: RunRecord['roster'][number]): Section {
  return {
    label: labelsOf(member.tools).join(' ') || undefined,
    tools: member.tools.map(each => each.tool).join(','),
    ...Object.fromEntries(member.tools.map(({ tool, options }) => [tool, (options.options ?? []).join(' ')]))
  }
}

/** Keys are the same in either case to who reads them, and one that is there twice makes the whole file unreadable. */
function lines(section: Section): string {
  const seen = new Set<string>()
  return Object.entries(section)
    .filter(([key, value]) => value !== undefined && seen.size < seen.add(key.toLowerCase()).size)
    .map(([key, value]) => `${key} = ${String(value).replaceAll(/[\r\n]+/g, ' ')}\n`)
    .join('')
}

const utc = (at: number) => new Date(at).toISOString().replace('Z', '000')
