/** Bytes in JSON: as text where they are UTF-8, in base64 where they are not. */

/** Longest sequence of UTF-8. */
const MAX_SEQUENCE_BYTES = 4

export interface OutputBytes {
  text?: string
  base64?: string
}

/** `ignoreBOM` keeps a byte order mark. */
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

export function wrapOutput(bytes: Uint8Array): OutputBytes {
  try {
    return { text: decoder.decode(bytes) }
  } catch {
    return { base64: Buffer.from(bytes).toString('base64') }
  }
}

export const unwrapOutput = ({ text, base64 }: OutputBytes): Buffer =>
  base64 == null ? Buffer.from(text ?? '') : Buffer.from(base64, 'base64')

/** @returns the length without a character at the end whose last bytes are still to come */
export function wholeCharacters(bytes: Uint8Array): number {
  for (let length = 1; length < MAX_SEQUENCE_BYTES && length <= bytes.length; length++) {
    const byte = bytes[bytes.length - length] as number
    if ((byte & 0xc0) === 0x80) continue
    const expected = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1
    return expected > length ? bytes.length - length : bytes.length
  }
  return bytes.length
}
