/** Which peers have which artifacts, as far as the controller of a graph knows. */

export class ArtifactProviders {
  readonly #peers = new Map<string, Set<string>>()
  /** Those that did not give what they are said to have: whatever they say, they are not counted on. */
  readonly #denied = new Map<string, Set<string>>()

  /** Of a peer that has made it anew, or been seen to have it, what it denied before counts for nothing. */
  make(digest: string, peer: string): void {
    this.#denied.get(digest)?.delete(peer)
    this.add(digest, peer)
  }

  add(digest: string, peer: string): void {
    if (this.isDenied(digest, peer)) return
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

  deny(digest: string, peer: string): void {
    this.remove(digest, peer)
    this.#denied.set(digest, (this.#denied.get(digest) ?? new Set()).add(peer))
  }

  isDenied(digest: string, peer: string): boolean {
    return this.#denied.get(digest)?.has(peer) ?? false
  }

  remove(digest: string, peer: string): void {
    this.#peers.get(digest)?.delete(peer)
  }

  /** The peer is gone, with all that it has. */
  removePeer(peer: string): void {
    for (const peers of this.#peers.values()) peers.delete(peer)
  }
}
