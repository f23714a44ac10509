import { BakError } from '../../protocols/errors.ts'

/**
 * Thrown by the check of a topic for a message to be dropped without blame: an honest peer with older or newer knowledge may have passed
 * it on.
 */
export class Ignored extends BakError {}
