/** Hostile input to readers of files and texts: mutations of a valid one, or arbitrary bytes. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import * as fc from 'fast-check'
import { BakError, type ErrorCode } from '../../protocols/errors.ts'
import { changed, spliced } from './bytes.ts'
import { type Target, within } from './target.ts'
import type { World } from './world.ts'

export interface ReaderInit {
  name: string
  refusals: ErrorCode[]
  share?: number
  /** Valid ones. */
  good(world: World): Array<Uint8Array | string>
  /** Reads it. Its error must be a `BakError`. */
  read(bytes: Uint8Array, world: World): unknown
  /** Path of a file that the bytes are written to before `read` is called. */
  file?(world: World): string
}

export function readerTarget(init: ReaderInit): Target<Uint8Array> {
  return {
    name: init.name,
    refusals: init.refusals,
    share: init.share,
    inputs: world => contents(init.good(world).map(each => new Uint8Array(Buffer.from(each as string)))),
    feed: async (world, bytes) => {
      if (init.file != null) put(init.file(world), bytes)
      return [
        await within(
          init.name,
          codeOf(() => init.read(bytes, world))
        )
      ]
    }
  }
}

/** Path of a file of the fuzzer, in the world's folder. */
export const ownFile = (name: string) => (world: World) => join(world.folder, 'files', name)

function contents(good: Uint8Array[]): fc.Arbitrary<Uint8Array> {
  const one = fc.constantFrom(...good)
  return fc.oneof(
    { weight: 6, arbitrary: changed(one) },
    { weight: 2, arbitrary: spliced(one) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 256 }) },
    { weight: 1, arbitrary: fc.json().map(text => new Uint8Array(Buffer.from(text))) },
    { weight: 1, arbitrary: fc.string().map(text => new Uint8Array(Buffer.from(text))) }
  )
}

function put(path: string, bytes: Uint8Array): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  writeFileSync(path, bytes, { mode: 0o600 })
}

/** @returns the code of a `BakError`, or `ok`. @throws any other error */
export async function codeOf(work: () => unknown): Promise<string> {
  try {
    await work()
    return 'ok'
  } catch (error) {
    if (error instanceof BakError) return error.code
    throw error
  }
}
