/** Tarballs: `pack` makes one, `unpack` takes in one that nobody has reason to trust. */
export { type Packed, type PackOptions, pack, packSmall } from './pack.ts'
export { type Unpacked, type UnpackOptions, unpack } from './unpack.ts'
