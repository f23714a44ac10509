/**
 * Which peers take part. A selector is a list of alternatives, separated by commas; a peer is in if one of them fits.
 * An alternative is conditions joined by `+`, which must all hold: `all`, a name (with `*` for any letters), a peer id,
 * which is no name, or at least eight letters of it, `label=value`, `label!=value`. The label `label` of a peer is also each that it got when
 * tools were registered on it.
 */
import * as v from 'valibot'
import { BakError } from '../../protocols/errors.ts'
import { peerId } from '../../protocols/fields.ts'
import { globOf } from '../../protocols/glob.ts'

export interface Selectable {
  peer: string
  name: string
  shown?: string
  labels: Record<string, string>
  /** What is registered on it: its labels in groups of tools fit `label=value`. */
  registered?: Array<{ label?: string | undefined }>
}

export type Selector = (peer: Selectable) => boolean

interface Condition {
  holds: Selector
  /** The name or the part of a peer id that it asks for; left out where any number of peers may fit. */
  name?: string
}

/** @throws {BakError} `usage` naming the part that means nothing */
export function parseSelector(text: string): Selector {
  const alternatives = parseAlternatives(text)
  return peer => alternatives.some(conditions => conditions.every(({ holds }) => holds(peer)))
}

/**
 * @returns one entry for each name and part of a peer id in a selector: the peers that it means
 * @throws {BakError} `usage` naming the part that means nothing
 */
export function namesIn(text: string): Array<{ name: string; means: Selector }> {
  return parseAlternatives(text)
    .flat()
    .flatMap(({ name, holds }) => (name == null ? [] : [{ name, means: holds }]))
}

function parseAlternatives(text: string): Condition[][] {
  return text.split(',').map(alternative => alternative.split('+').map(part => parseCondition(part.trim(), text)))
}

function parseCondition(condition: string, whole: string): Condition {
  if (condition === 'all' || condition === '*') return { holds: () => true }
  const pair = /^([A-Za-z0-9._#-]+)(!?=)(.*)$/.exec(condition)
  if (pair != null) {
    const [, label = '', operator, value = ''] = pair
    const matches = anyLetters(value)
    // a peer without the label is not one whose label is empty
    const has: Selector = ({ labels, registered = [] }) =>
      (Object.hasOwn(labels, label) && matches(labels[label] as string)) ||
      (label === 'label' && registered.some(each => each.label != null && matches(each.label)))
    return { holds: operator === '=' ? has : peer => !has(peer) }
  }
  if (!/^[A-Za-z0-9._@#*-]+$/.test(condition)) {
    throw new BakError('usage', `selector "${whole}": "${condition}" is neither all, a name, a peer id nor label=value`)
  }
  // a peer may take the id of another as its name
  if (isPeerId(condition)) return { holds: ({ peer }) => peer === condition, name: condition }
  const matches = anyLetters(condition)
  const isOne = !condition.includes('*')
  const partOfId = condition.length >= 8 && isOne
  return {
    holds: peer =>
      matches(peer.name) || matches(peer.shown ?? peer.name) || (partOfId && peer.peer.includes(condition)),
    ...(isOne ? { name: condition } : {})
  }
}

const isPeerId = (text: string): boolean => v.is(peerId, text)

/** A star of a selector is any letters, a slash too. */
const anyLetters = (pattern: string) => globOf(pattern.replace(/\*+/g, '**'))
