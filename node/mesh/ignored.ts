/** The error for messages that are dropped without blame. */
import { BakError } from '../../protocols/errors.ts'

/**
 * Thrown by the check of a topic; the message does not count against the neighbour that passed it on, which may be honest and only know
 * less or more than this peer.
 */
export class Ignored extends BakError {}
