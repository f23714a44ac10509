/** The operation `http`: one request over HTTP/1.1 after the other, each client on a connection of its own. */
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { BakError, whyOf } from '../../../../protocols/errors.ts'
import { placementOf } from '../../../../protocols/staged.ts'
import { addressesOf, faultInHttp, type HttpAddress } from '../../../../protocols/tasks/http-address.ts'
import type { HttpOperation } from '../../../../protocols/tasks/operation.ts'
import type { OperationRunner } from '../operation.ts'
import { HttpRequester } from './http-requester.ts'
import { probeTargets } from './target-probe.ts'

/** Of a body from a file: it is in memory once in each worker thread. */
const MAX_BODY_FILE = 64 * 1024 * 1024

/** @throws {BakError} `bad-run-file` for an address that is none, and for a body that cannot be read */
export async function httpRunner(operation: HttpOperation, folder: string): Promise<OperationRunner> {
  const fault = faultInHttp(operation)
  if (fault != null) throw new BakError('bad-run-file', fault)
  const body = operation.body_file == null ? undefined : await bodyIn(folder, placementOf(operation.body_file))
  const addresses = addressesOf(operation)
  return {
    async open(context) {
      const address = addresses[context.index % addresses.length] as HttpAddress
      return new HttpRequester(operation, { ...address, body }, context)
    },
    probe: signal => probeTargets(operation, signal),
    async close() {}
  }
}

async function bodyIn(folder: string, path: string): Promise<Buffer> {
  const file = join(folder, path)
  const { size } = await stat(file).catch(unread)
  if (size > MAX_BODY_FILE)
    throw new BakError('bad-run-file', `body_file: ${path} has ${size} bytes, and at most ${MAX_BODY_FILE} can be sent`)
  return readFile(file).catch(unread)

  function unread(cause: unknown): never {
    throw new BakError('bad-run-file', `body_file: ${path}: ${whyOf(cause)}`, { cause })
  }
}
