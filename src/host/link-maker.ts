import type { PeerCounters } from "../peer/counters.ts";
import type { DtlsFactory } from "../peer/dtls.ts";
import type { IceCredentials } from "../peer/ice-credentials.ts";
import { InboundBudget } from "../peer/inbound-budget.ts";
import { callerCredentials, type KnockKey } from "../peer/knock.ts";
import { Peer } from "../peer/peer.ts";
import type { IceStrategy } from "../peer/peer-options.ts";
import type { SrtpCipherFactory } from "../srtp/cipher.ts";
import type { Path } from "../wire/path.ts";

/** Bits a second that one link may bring: more than any socket. Its checks have their share. */
const BITRATE_MAX = 1e12;

/** What peers are made of. */
interface LinkGround {
  readonly dtls: DtlsFactory;
  readonly ciphers: SrtpCipherFactory;
  readonly random: (out: Uint8Array) => void;
}

/** Makes the two ends of links between nodes. The caller is DTLS client and controls ICE. */
export class LinkMaker {
  readonly #ground: LinkGround;
  readonly #counters: PeerCounters;
  /** Links have numbers of this worker's own, below zero: control counts its sessions from 1. */
  #number = 0;

  constructor(ground: LinkGround, counters: PeerCounters) {
    this.#ground = ground;
    this.#counters = counters;
  }

  caller(key: KnockKey, paths: readonly Path[], now: number): Peer {
    const { random } = this.#ground;
    const credentials = callerCredentials(key, random);
    return this.#make(credentials, key.kid, { mode: "controlling", paths, random }, now);
  }

  callee(credentials: IceCredentials, kid: string, now: number): Peer {
    return this.#make(credentials, kid, { mode: "lite", random: this.#ground.random }, now);
  }

  #make(credentials: IceCredentials, kid: string, ice: IceStrategy, now: number): Peer {
    const { dtls, ciphers } = this.#ground;
    const counters = this.#counters;
    const dtlsRole = ice.mode === "lite" ? "server" : "client";
    this.#number -= 1;
    return new Peer({
      session: this.#number,
      setup: { ...credentials, dtlsRole, fingerprints: [] },
      kid,
      ice,
      dtls,
      ciphers,
      counters,
      inbound: new InboundBudget({ bitrateMax: BITRATE_MAX }, counters),
      sourcesMax: 1,
      now,
    });
  }
}
