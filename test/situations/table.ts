/** Situations as a table: each row says what happens and what is right then, and tries it on real daemons. */
import { suite } from 'uvu'
import type { TestnetInit } from '../../testnets/testnet.ts'
import { type Testnet, useTestnet } from '../helpers/mesh.ts'
import { skipWhere } from '../helpers/skip.ts'

export interface Situation {
  /** The public report that it comes from, as `owner#number`. */
  from?: string
  /** What a person does, or what happens to a machine. */
  when: string
  /** What is right. */
  then: string
  /** Why it cannot be tried here. */
  absent?: string | undefined
  try(net: Testnet): Promise<void>
}

/** Registers a test a row, on one testnet for all of them. */
export function situations(kind: string, init: TestnetInit, rows: Situation[]): void {
  const tests = suite(kind)
  const net = useTestnet(tests, init)
  for (const row of rows) {
    const source = row.from == null ? '' : ` (${row.from})`
    skipWhere(row.absent, tests)(`${row.when}: ${row.then}${source}`, () => row.try(net()))
  }
  tests.run()
}
