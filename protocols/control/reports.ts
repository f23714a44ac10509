/** The call that serves what the collectors of a run have kept. */
import * as v from 'valibot'
import { instant, runId, text } from '../fields.ts'
import { portsIn } from '../ports.ts'

/** `127.0.0.1:9090`, `[::1]:0`, `0.0.0.0:9090`; port 0 is any that is free. */
const listenAddress = v.pipe(
  v.string(),
  v.maxLength(256),
  v.check(given => {
    const [, port = ''] = /^(?:\[[0-9a-f:.]+\]|[\w.-]+):(\d{1,5})$/i.exec(given) ?? []
    return port === '0' || portsIn(port) != null
  }, 'expected ADDRESS:PORT, such as 127.0.0.1:9090')
)

export const reportCalls = {
  /** Serves a copy of the data of Prometheus in a result that is here, until the call is aborted. */
  report: {
    request: v.strictObject({ run: text, listen: v.optional(listenAddress) }),
    response: v.object({
      run: runId,
      url: text,
      /** Of the run, ms since 1970. */
      begun: instant,
      ended: v.optional(instant)
    })
  }
} as const
