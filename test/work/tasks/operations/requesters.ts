/** Clients of an operation, as a driver has them. */
import * as v from 'valibot'
import type { ClientContext, OperationRunner, Outcome, Requester } from '../../../../node/work/tasks/operation.ts'
import { runnerOf } from '../../../../node/work/tasks/operations/index.ts'
import { operationKind } from '../../../../protocols/tasks/operation.ts'

export const runner = (operation: v.InferInput<typeof operationKind>, folder = '/tmp'): Promise<OperationRunner> =>
  runnerOf(v.parse(operationKind, operation), { folder })

export const contextOf = (own: Partial<ClientContext> = {}): ClientContext => ({
  task: 'search',
  index: 0,
  clients: 1,
  params: {},
  signal: new AbortController().signal,
  folder: '/tmp',
  ...own
})

/** Opens a client, lets it send so many requests, and closes it. */
export async function outcomes(
  operation: v.InferInput<typeof operationKind>,
  requests: number,
  own: Partial<ClientContext> = {}
): Promise<Outcome[]> {
  const made = await runner(operation, own.folder)
  const client = await made.open(contextOf(own))
  try {
    return await several(client, requests)
  } finally {
    await client.close()
    await made.close()
  }
}

export async function several(client: Requester, requests: number): Promise<Outcome[]> {
  const ended: Outcome[] = []
  for (let i = 0; i < requests; i++) ended.push(await client.request())
  return ended
}

export const failures = (all: Outcome[]): (string | undefined)[] => all.map(({ failed }) => failed)
export const serviceTime = ({ begun, ended }: Outcome): number => ended - begun
