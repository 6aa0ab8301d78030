import { copyPath, type Path, samePath, type Transport } from "../wire/path.ts";
import type { IceKeys } from "./ice-credentials.ts";

/** A session has its selected address, one it moves to, and late packets of earlier ones. */
const PATHS_MAX = 4;

/** One remote address of a session and what is known of it. Times in us, -Infinity for never. */
export class RemotePath implements Path {
  /** The last authentic datagram from there. */
  heardAt = Number.NEGATIVE_INFINITY;
  /** The last proof that what goes there arrives: an answer to a check, or the DTLS handshake. */
  answeredAt = Number.NEGATIVE_INFINITY;
  /** The last check that went there ... */
  askedAt = Number.NEGATIVE_INFINITY;
  /** ... how many have been without an answer since ... */
  unanswered = 0;
  /** ... the first of them ... */
  firstAskedAt = 0;
  /** ... and when the next is due. */
  nextAskAt = Number.POSITIVE_INFINITY;
  /** When a datagram from there last made the selected path be doubted. */
  doubtedAt = Number.NEGATIVE_INFINITY;
  /** The newest credentials that were used from there. */
  keys: IceKeys | null = null;

  private constructor(
    readonly via: Transport,
    readonly sockaddr: Uint8Array,
  ) {}

  /** Owns a copy of the address at `sockaddr[offset]`. */
  static copy(via: Transport, sockaddr: Uint8Array, offset: number): RemotePath {
    const path = copyPath(via, sockaddr, offset);
    return new RemotePath(path.via, path.sockaddr);
  }
}

/** A few addresses, oldest first. */
export class PathSet {
  readonly paths: RemotePath[] = [];

  find(via: Transport, sockaddr: Uint8Array, sockaddrOffset: number): RemotePath | null {
    for (const path of this.paths) {
      if (samePath(path, via, sockaddr, sockaddrOffset)) return path;
    }
    return null;
  }

  /**
   * Adds a path that `find` does not know. The oldest that nothing ever proved makes room, then the
   * one whose proof is the oldest; never `keep`: whoever can spoof addresses drives no true one out.
   */
  add(path: RemotePath, ...keep: readonly (Path | null)[]): void {
    if (this.paths.length >= PATHS_MAX) this.#makeRoom(keep);
    this.paths.push(path);
  }

  remove(path: RemotePath): void {
    const index = this.paths.indexOf(path);
    if (index !== -1) this.paths.splice(index, 1);
  }

  #makeRoom(keep: readonly (Path | null)[]): void {
    let chosen: RemotePath | null = null;
    for (const path of this.paths) {
      if (keep.includes(path)) continue;
      if (chosen === null || path.answeredAt < chosen.answeredAt) chosen = path;
    }
    if (chosen !== null) this.remove(chosen);
  }
}
