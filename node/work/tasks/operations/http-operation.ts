/** The operation `http`: one request over HTTP/1.1 after the other, each client on a connection of its own. */
import { BakError } from '../../../../protocols/errors.ts'
import { addressesOf, faultInHttp, type HttpAddress, targetOf } from '../../../../protocols/tasks/http-address.ts'
import type { HttpOperation } from '../../../../protocols/tasks/operation.ts'
import type { OperationRunner } from '../operation.ts'
import { HttpRequester } from './http-requester.ts'
import { probeTargets } from './target-probe.ts'

/** @throws {BakError} `bad-run-file` for an address that is none */
export function httpRunner(operation: HttpOperation): OperationRunner {
  const fault = faultInHttp(operation)
  if (fault != null) throw new BakError('bad-run-file', fault)
  const addresses = addressesOf(operation)
  return {
    async open(context) {
      const address = addresses[targetOf(context.index, addresses.length)] as HttpAddress
      return new HttpRequester(operation, address, context)
    },
    probe: signal => probeTargets(addresses, signal),
    async close() {}
  }
}
