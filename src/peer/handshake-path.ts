import type { RemotePath } from "./remote-path.ts";

/**
 * The one address that all of a handshake went to: whoever completes it has read what was sent there,
 * so the address is proven. Of a handshake that went to more than one, nobody can say who read what.
 */
export class HandshakePath {
  /** Null before the first datagram, and when they went to different addresses. */
  #path: RemotePath | null = null;
  #sent = false;

  sent(path: RemotePath): void {
    if (!this.#sent) this.#path = path;
    else if (path !== this.#path) this.#path = null;
    this.#sent = true;
  }

  wentTo(path: RemotePath | null): boolean {
    return path !== null && path === this.#path;
  }
}
