/** Which peers have which artifacts, as far as the controller of a graph knows. */

export class ArtifactProviders {
  readonly #peers = new Map<string, Set<string>>()

  add(digest: string, peer: string): void {
    const peers = this.#peers.get(digest)
    if (peers == null) this.#peers.set(digest, new Set([peer]))
    else peers.add(peer)
  }

  /** In the order in which they got it. */
  of(digest: string): string[] {
    return [...(this.#peers.get(digest) ?? [])]
  }

  /** @returns the peers that have each of these */
  ofAll(contents: ReadonlyArray<{ digest: string }>): string[] {
    const [first, ...others] = contents
    return first == null
      ? []
      : this.of(first.digest).filter(peer => others.every(({ digest }) => this.has(digest, peer)))
  }

  has(digest: string, peer: string): boolean {
    return this.#peers.get(digest)?.has(peer) ?? false
  }

  isHeld(digest: string): boolean {
    return (this.#peers.get(digest)?.size ?? 0) > 0
  }

  remove(digest: string, peer: string): void {
    this.#peers.get(digest)?.delete(peer)
  }

  /** The peer is gone, with all that it has. */
  removePeer(peer: string): void {
    for (const peers of this.#peers.values()) peers.delete(peer)
  }
}
