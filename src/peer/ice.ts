/** What a session needs of ICE, whichever end it is. */
import { type Path, samePath } from "../wire/path.ts";
import type { StunMessage } from "../wire/stun.ts";
import type { IceCredentials } from "./ice-credentials.ts";
import type { Transmit } from "./transmit.ts";

export const IceOutcome = {
  /** Not for us, or of no consequence. */
  ignored: 0,
  /** Wrong USERNAME or MESSAGE-INTEGRITY: no answer. */
  forged: 1,
  /** Authentic, but answered with an error. */
  refused: 2,
  /** Authentic: a sign of life from this address. */
  valid: 3,
  /** Authentic, and the remote end withdraws consent (403). */
  revoked: 4,
} as const;
export type IceOutcome = (typeof IceOutcome)[keyof typeof IceOutcome];

export interface IceAgent {
  /** Where media goes; null before the first valid check. */
  readonly selected: Path | null;
  /** Addresses that DTLS and SRTP are taken from. */
  readonly validated: PathSet;
  readonly roundTripUs: number | null;
  handleStun(
    now: number,
    bytes: Uint8Array,
    offset: number,
    message: StunMessage,
    socket: number,
    sockaddr: Uint8Array,
    sockaddrOffset: number,
  ): IceOutcome;
  restart(now: number, credentials: IceCredentials): void;
  /** Another session was proven to live at this address now. */
  lose(path: Path): void;
  handleTimeout(now: number): void;
  nextTimeout(): number;
  pollTransmit(out: Transmit): boolean;
}

/** A session has its selected address, one it moves to, and late packets of earlier ones. */
const PATHS_MAX = 4;

/** A few addresses, oldest first. */
export class PathSet {
  readonly paths: Path[] = [];

  find(socket: number, sockaddr: Uint8Array, sockaddrOffset: number): Path | null {
    for (const path of this.paths) {
      if (samePath(path, socket, sockaddr, sockaddrOffset)) return path;
    }
    return null;
  }

  /** Adds a path that `find` does not know; lets go of the oldest but `keep`. */
  add(path: Path, keep: Path | null): void {
    if (this.paths.length >= PATHS_MAX) this.paths.splice(this.paths[0] === keep ? 1 : 0, 1);
    this.paths.push(path);
  }

  remove(path: Path): void {
    const index = this.paths.indexOf(path);
    if (index !== -1) this.paths.splice(index, 1);
  }
}
