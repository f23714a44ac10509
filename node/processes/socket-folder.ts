/**
 * Sockets of programs that run for a run: each for one user alone, at a path that is short enough for a socket, which the folder of a program
 * often is not. Where programs run as another user, that user passes through the folder to a name that it was told.
 */
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { chmodSync, chownSync, lstatSync, mkdirSync, renameSync, rmdirSync, rmSync, unlinkSync } from 'node:fs'
import type { Server } from 'node:net'
import { dirname, join } from 'node:path'
import { asBakError, BakError } from '../../protocols/errors.ts'
import { ifPossible } from '../if-possible.ts'
import { makePassage } from './passage.ts'
import type { WorkFolderOwner } from './work-folders.ts'

/** sockaddr_un.sun_path with its final zero: unix(7). */
const MAX_PATH_BYTES = 107
/** The folder and a name are as long as `bak.sock`, so that every home has room for them. */
export const SOCKETS = 's'
const NAME_LENGTH = 6
const LETTERS = 'abcdefghijklmnopqrstuvwxyz0123456789'
const ATTEMPTS = 8

export class SocketFolder {
  readonly #folder: string
  /** Where a socket is made that another user will own: no other user may enter it. */
  readonly #private: string | undefined

  /** @param root the home, which no other user may enter, or where folders of other users are */
  constructor({ root, isPassage }: { root: string; isPassage: boolean }) {
    this.#folder = join(root, SOCKETS)
    if (isPassage) this.#private = join(root, `.${SOCKETS}`)
  }

  /** Removes what a daemon that was killed left. */
  clear(): void {
    for (const folder of [this.#folder, this.#private])
      if (folder != null) rmSync(folder, { recursive: true, force: true })
  }

  /**
   * Listens at a new path, which is gone when the server is closed. Its mode is 0600, and it is never open to others.
   * @param owner the user that may connect; the daemon's where it is left out
   * @throws {BakError} `bad-config` if the path is too long, `io`
   */
  async listen(server: Server, owner?: WorkFolderOwner): Promise<string> {
    this.#make()
    const name = this.#unusedName()
    const [path, made] = [join(this.#folder, name), join(this.#private ?? this.#folder, name)]
    if (Buffer.byteLength(made) > MAX_PATH_BYTES) {
      throw new BakError('bad-config', `${made} is too long for a socket: choose a shorter home`)
    }
    try {
      server.listen(made)
      await once(server, 'listening')
      chmodSync(made, 0o600)
      if (owner != null) chownSync(made, owner.uid, owner.gid)
      // another that was the last may have removed the folder meanwhile
      this.#make()
      if (made !== path) renameSync(made, path)
    } catch (cause) {
      server.close()
      throw asBakError(cause)
    }
    const { ino } = lstatSync(path)
    server.once('close', () => {
      removeSocket(path, ino)
      this.#removeIfEmpty()
    })
    return path
  }

  #removeIfEmpty(): void {
    const folders = this.#private == null ? [this.#folder] : [this.#private, this.#folder, dirname(this.#folder)]
    // others may be in it
    for (const folder of folders) ifPossible(() => rmdirSync(folder))
  }

  #make(): void {
    if (this.#private == null) mkdirSync(this.#folder, { mode: 0o700, recursive: true })
    else {
      makePassage(dirname(this.#folder))
      makePassage(this.#folder)
      mkdirSync(this.#private, { mode: 0o700, recursive: true })
    }
  }

  #unusedName(): string {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const name = Array.from({ length: NAME_LENGTH }, () => LETTERS[randomInt(LETTERS.length)]).join('')
      if (lstatSync(join(this.#folder, name), { throwIfNoEntry: false }) == null) return name
    }
    throw new BakError('io', `${this.#folder} is full of sockets`)
  }
}

function removeSocket(path: string, ino: number): void {
  if (ifPossible(() => lstatSync(path).ino) === ino) ifPossible(() => unlinkSync(path))
}
