/**
 * Which peers take part. A selector is a list of alternatives, separated by commas; a peer is in if one of them fits.
 * An alternative is conditions joined by `+`, which must all hold: `all`, a name (with `*` for any letters), a peer id or
 * at least eight letters of it, `label=value`, `label!=value`.
 */
import { BakError } from '../../protocols/errors.ts'
import { own } from '../../protocols/own.ts'
import { globOf } from '../glob.ts'

export interface Selectable {
  peer: string
  name: string
  shown?: string
  labels: Record<string, string>
}

export type Selector = (peer: Selectable) => boolean

/** @throws {BakError} `usage` naming the part that means nothing */
export function parseSelector(text: string): Selector {
  const alternatives = text.split(',').map(alternative => {
    const conditions = alternative.split('+').map(condition => parseCondition(condition.trim(), text))
    return (peer: Selectable) => conditions.every(holds => holds(peer))
  })
  return peer => alternatives.some(fits => fits(peer))
}

function parseCondition(condition: string, whole: string): Selector {
  if (condition === 'all' || condition === '*') return () => true
  const pair = /^([A-Za-z0-9._#-]+)(!?=)(.*)$/.exec(condition)
  if (pair != null) {
    const [, label = '', operator, value = ''] = pair
    const matches = anyLetters(value)
    return operator === '='
      ? peer => matches(own(peer.labels, label) ?? '')
      : peer => !matches(own(peer.labels, label) ?? '')
  }
  if (!/^[A-Za-z0-9._@#*-]+$/.test(condition)) {
    throw new BakError('usage', `selector "${whole}": "${condition}" is neither all, a name, a peer id nor label=value`)
  }
  const matches = anyLetters(condition)
  const partOfId = condition.length >= 8 && !condition.includes('*')
  return peer => matches(peer.name) || matches(peer.shown ?? peer.name) || (partOfId && peer.peer.includes(condition))
}

/** A star of a selector is any letters, a slash too. */
const anyLetters = (pattern: string) => globOf(pattern.replace(/\*+/g, '**'))
