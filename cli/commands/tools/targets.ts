/** On which peers tools are registered, and what each is called: `--on`, or pbench's `--remotes` with `--labels`. */
import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { BakError, whyOf } from '../../../protocols/errors.ts'
import { decodeFile } from '../../../protocols/utf8.ts'
import { addFlag } from '../../command.ts'
import { parseNames } from '../../spec-flags.ts'

export interface TargetFlags {
  on?: string
  remotes?: string[]
  /** The same under the name that pbench has for one. */
  remote?: string[]
}

export interface LabelFlags {
  label?: string
  labels?: string[]
}

/** Peers by a selector, and their label. */
export interface Target {
  on: string
  label?: string
}

/** Names, ids, `label=value` and `*`: one alternative of a selector. */
const HOST = /^[A-Za-z0-9._@#*=!+-]+$/
const LABEL = /^[A-Za-z0-9][A-Za-z0-9._@#-]{0,63}$/

export function addTargetFlags(command: Command): void {
  addFlag(command, '--on <selector>', 'on which members (all)')
  addFlag(
    command,
    '-r, --remotes <hosts>',
    'on these members: host[,host], or @FILE with a line host[,label] for each',
    parseNames
  )
  addFlag(command, '--remote <hosts>', 'the same as --remotes', parseNames).hideHelp()
}

export function addLabelFlags(command: Command): void {
  addFlag(command, '-l, --label <label>', 'what these members are called in the group')
  addFlag(command, '--labels <labels>', 'the same for each of --remotes: label[,label]', parseNames)
}

/** @throws {BakError} `usage` for flags that do not fit together, and for a file of hosts with its lines */
export function targetsOf({ on, label, labels, ...flags }: TargetFlags & LabelFlags): Target[] {
  const remotes = [...(flags.remotes ?? []), ...(flags.remote ?? [])]
  if (remotes.length > 0 && on != null) throw new BakError('usage', '--remotes and --on: give one of them')
  if (label != null && labels != null) throw new BakError('usage', '--label and --labels: give one of them')
  for (const each of [label, ...(labels ?? [])]) if (each != null) checkLabel(each)
  const [first = '', ...others] = remotes
  if (first.startsWith('@')) {
    if (others.length > 0) throw new BakError('usage', `--remotes: ${first} is a file of hosts, and stands alone`)
    if (labels != null || label != null)
      throw new BakError('usage', `--labels: the lines of ${first} have the labels: host,label`)
    return readHosts(first.slice(1))
  }
  if (remotes.length === 0) {
    if (labels != null) throw new BakError('usage', '--labels is for --remotes, in the same order; for --on: --label')
    return [{ on: on ?? 'all', ...withLabel(label) }]
  }
  if (labels != null && labels.length !== remotes.length)
    throw new BakError('usage', `--labels: ${labels.length} for ${remotes.length} of --remotes; give one for each`)
  return remotes.map((host, i) => {
    if (!HOST.test(host)) throw new BakError('usage', `--remotes: "${host}" is no name of a host`)
    return { on: host, ...withLabel(labels?.[i] ?? label) }
  })
}

const withLabel = (label: string | undefined) => (label == null ? {} : { label })

function checkLabel(label: string): void {
  if (!LABEL.test(label))
    throw new BakError('usage', `--label: "${label}": expected letters, digits and . _ @ # - only, 64 at most`)
}

/** Lines `host[,label]`; empty ones and those that begin with # say nothing. */
function readHosts(file: string): Target[] {
  let text: string
  try {
    text = decodeFile(readFileSync(file), file, 'usage')
  } catch (cause) {
    if (cause instanceof BakError) throw cause
    throw new BakError('usage', `cannot read the file of hosts ${file}: ${whyOf(cause)}`, { cause })
  }
  const mistakes: string[] = []
  const targets = text.split('\n').flatMap((written, i): Target[] => {
    const line = written.trim()
    if (line === '' || line.startsWith('#')) return []
    const [host = '', label, ...more] = line.split(',').map(field => field.trim())
    const wrong =
      more.length > 0
        ? `has ${more.length + 2} fields; expected host[,label]`
        : !HOST.test(host)
          ? `"${host}" is no name of a host`
          : label != null && !LABEL.test(label)
            ? `"${label}" is no label: expected letters, digits and . _ @ # - only`
            : undefined
    if (wrong != null) mistakes.push(`${file}:${i + 1}: ${wrong}`)
    return [{ on: host, ...withLabel(label) }]
  })
  if (targets.length === 0) mistakes.push(`${file}: names no host`)
  if (mistakes.length > 0) throw new BakError('usage', mistakes.join('\n'))
  return targets
}
