/** What an expression can ask of the lines of a list. */
import type { Kind } from './values.ts'

export interface Field<Line> {
  kind: Kind
  /** @returns undefined where the line has none */
  of(line: Line, now: number): string | number | boolean | undefined
  /** All that it can be. */
  choices?: readonly string[]
}

/** Those of one kind of list. */
export interface Fields<Line> {
  /** For messages. */
  names: string[]
  /** @returns undefined where there is no such field */
  of(name: string): Field<Line> | undefined
}

export const textField = <Line>(of: Field<Line>['of'], choices?: readonly string[]): Field<Line> => ({
  kind: 'text',
  of,
  ...(choices && { choices })
})
