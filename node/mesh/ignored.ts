import { BakError } from '../../protocols/errors.ts'

/**
 * Thrown by the check of a topic for a message that is not to be obeyed, but that an honest peer may have passed on: it knows
 * less than this one, or more.
 */
export class Ignored extends BakError {}
