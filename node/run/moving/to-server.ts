/** A result goes to a pbench server: packed as pbench packs it, then put there; the server has it when it has answered for these very bytes. */
import { join } from 'node:path'
import type { Destination } from '../../../protocols/destination.ts'
import { BakError } from '../../../protocols/errors.ts'
import { measureTree } from '../../store/copy-tree.ts'
import { removeTree } from '../../store/remove-tree.ts'
import { moveFolder } from '../../store/stored-results.ts'
import { packXz } from '../../store/xz-tarball.ts'
import type { Deliver } from './deliver.ts'
import { type UploadLimits, upload } from './pbench-upload.ts'

/** As pbench's own programs read it. */
export const TOKEN_VARIABLE = 'PBENCH_ACCESS_TOKEN'

export type Server = Extract<Destination, { kind: 'server' }>

/** @param token an API key of the server */
export const toServer =
  ({ base, access, metadata }: Server, token: string | undefined, limits?: UploadLimits): Deliver =>
  async ({ home, run, root, signal, onProgress }) => {
    const given = checkToken(token)
    const packing = moveFolder(home, run)
    await removeTree(packing)
    try {
      const name = `${run}.tar.xz`
      const { bytes: whole } = measureTree(root)
      let read = 0
      const onRead = (bytes: number) => {
        read += bytes
        onProgress(Math.min(read, whole), whole, 'packing')
      }
      const tarball = await packXz(root, join(packing, name), { signal, onRead })
      await upload(
        { base, access, metadata, token: given, name, ...tarball },
        { signal, onProgress, ...(limits && { limits }) }
      )
      return { server: `${base}/datasets/${tarball.md5}` }
    } finally {
      await removeTree(packing)
    }
  }

/** @throws {BakError} `usage` without one, or for what cannot be one */
export function checkToken(token: string | undefined): string {
  const trimmed = token?.trim() ?? ''
  if (trimmed === '')
    throw new BakError('usage', 'a pbench server asks for a token: set PBENCH_ACCESS_TOKEN, or --token-file FILE')
  // what is no token must not become a header of its own
  if (!/^[\x21-\x7e]{1,4096}$/.test(trimmed))
    throw new BakError('usage', 'the token of the pbench server is not one word of letters, digits and signs')
  return trimmed
}
