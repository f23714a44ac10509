/** Text of another peer as one line of a terminal. */

/** Replaces control characters: text of another peer must not control the terminal. */
export const cleanLine = (text: string) => text.replace(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e]+/g, ' ')
