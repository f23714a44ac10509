/**
 * The contract by which the driver is started. Its words are those that `putDriver` returns (driver-program.ts), its folder the one that it was put
 * into, with staged files beside it. It connects to the socket at BAK_DRIVER_SOCKET, and speaks driver-messages.ts there; what it writes is below
 * BAK_OUT. When the socket closes it ends with status 0 within 4 s, in which operations close what they have open; with another where it cannot go
 * on, which stands on standard error.
 */

/** The path of the socket. */
export const DRIVER_SOCKET = 'BAK_DRIVER_SOCKET'
/** The first argument of the single executable (scripts/entry.ts) that makes it run the file behind it, as Node does by itself. */
export const RUN_FILE = '--load-driver'
