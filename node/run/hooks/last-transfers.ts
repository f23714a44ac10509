/** Tarballs that arrive late: those that are being unpacked are waited for, and none comes into a result that is being sealed. */
import type { RunHook } from './hook.ts'

export const lastTransfers: RunHook = {
  name: 'last-transfers',
  close: ({ parts, id }) => parts.receiver.settle(id)
}
