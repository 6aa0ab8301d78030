/**
 * DTLS handshakes in both roles among forged, mutated, doubled, reordered, cut and spliced datagrams.
 *
 * A stranger who does not see the handshake sends what he recorded of others; then both true ends are
 * connected in time. One who sees it may keep them apart for as long as he sends; then nothing throws,
 * nobody believes him, and the work is bounded.
 */
import { createCertificate } from "../../src/io/certificate.ts";
import { OpenSslDtlsFactory } from "../../src/io/dtls-openssl.ts";
import { openOpenSsl } from "../../src/io/openssl.ts";
import type { DtlsEngine, DtlsEngineFactory, DtlsRole, DtlsSession } from "../../src/peer/dtls.ts";
import { DtlsClientGuard } from "../../src/peer/dtls-client-guard.ts";
import { splitRecords } from "../../src/peer/dtls-outbox.ts";
import { CLIENT_REPEAT_US } from "../../src/peer/dtls-repeat.ts";
import { DtlsServerGuard } from "../../src/peer/dtls-server-guard.ts";
import { GuardedDtls } from "../../src/peer/guarded-dtls.ts";
import { LossyLink } from "../support/lossy-link.ts";
import { Dice, join } from "./dice.ts";

const openSsl = openOpenSsl("system");
const [serverCertificate, clientCertificate] = [createCertificate(), createCertificate()];
const factories = {
  server: new OpenSslDtlsFactory(openSsl, serverCertificate),
  client: new OpenSslDtlsFactory(openSsl, clientCertificate),
};
const CERTIFICATES = { server: serverCertificate, client: clientCertificate };
const OTHER = { server: "client", client: "server" } as const;

/** Forgeries come for so long; the ends have the time of CONNECT_TIMEOUT_US. */
const FORGED_US = 2_000_000;
const PATIENCE_US = 20_000_000;
/** One at once, eight for proven hellos of the client; one and four more for the client's own. */
const ENGINES_MAX = 14;
/** What a field may say, beside what it should. */
const ODD = [0, 1, 2, 12, 20, 24, 255, 256, 0x7fff, 0x8000, 0xffff, 0xffffff];

export interface DtlsCase {
  readonly sees: boolean;
  readonly connected: boolean;
  readonly dropped: number;
  readonly restarts: number;
}

/** Engines of one case: how many were made, and that each is freed. */
class CountedEngines implements DtlsEngineFactory {
  made = 0;
  freed = 0;

  constructor(private readonly factory: OpenSslDtlsFactory) {}

  engine(...args: Parameters<DtlsEngineFactory["engine"]>): DtlsEngine {
    const engine = this.factory.engine(...args);
    this.made += 1;
    const free = engine.free.bind(engine);
    engine.free = () => {
      this.freed += 1;
      free();
    };
    return engine;
  }

  random(length: number): Uint8Array {
    return this.factory.random(length);
  }
}

/** Datagrams of handshakes that others had. */
const recorded: Record<DtlsRole, readonly Uint8Array[]> = record();

export function fuzzDtls(seed: number): DtlsCase {
  return new Handshake(new Dice(seed)).run();
}

class Handshake {
  now = 1_000_000;
  readonly #dice: Dice;
  readonly #sees: boolean;
  readonly #counts = { dtlsDropped: 0, dtlsRestarts: 0 };
  readonly #engines: Record<DtlsRole, CountedEngines>;
  readonly #ends: Record<DtlsRole, DtlsSession>;
  /** To each end, from the other one and from the stranger. */
  readonly #links: Record<DtlsRole, LossyLink>;
  /** What a stranger who sees the handshake has seen on its way to each end. */
  readonly #seen: Record<DtlsRole, Uint8Array[]> = { server: [], client: [] };

  constructor(dice: Dice) {
    this.#dice = dice;
    this.#sees = dice.chance(0.4);
    const loss = dice.pick([0, 0, 0.05, 0.1]);
    const link = () => {
      return new LossyLink(dice.random, { loss, delayUs: dice.below(40_000), jitterUs: 4_000 });
    };
    this.#links = { server: link(), client: link() };
    const server = new CountedEngines(factories.server);
    const client = new CountedEngines(factories.client);
    this.#engines = { server, client };
    const [mine, theirs] = [[serverCertificate.fingerprint], [clientCertificate.fingerprint]];
    this.#ends = {
      server: new DtlsServerGuard(server, theirs, this.now, this.#counts),
      client: new DtlsClientGuard(client, mine, this.now, this.#counts, CLIENT_REPEAT_US),
    };
  }

  run(): DtlsCase {
    const { server, client } = this.#ends;
    const begun = this.now;
    const rate = this.#dice.pick([0.1, 0.5, 1, 3]);
    while (this.now - begun < PATIENCE_US && !this.#done) {
      if (this.now - begun < FORGED_US) this.#forge(rate);
      this.#exchange();
      this.now = this.#next(this.now - begun < FORGED_US);
    }
    const connected = this.#connected;
    if (!this.#sees) expectThat(connected, `it connects: ${this.#outcome()}`);
    if (connected) this.#check();
    for (const end of [server, client]) end.free();
    for (const { made, freed } of Object.values(this.#engines)) {
      expectThat(freed === made, "each engine is freed once");
      expectThat(made <= ENGINES_MAX, `${made} engines were made`);
    }
    const { dtlsDropped: dropped, dtlsRestarts: restarts } = this.#counts;
    return { sees: this.#sees, connected, dropped, restarts };
  }

  get #connected(): boolean {
    return this.#ends.server.state === "connected" && this.#ends.client.state === "connected";
  }

  get #done(): boolean {
    return this.#connected || Object.values(this.#ends).some(({ state }) => state === "failed");
  }

  #outcome(): string {
    const told = Object.entries(this.#ends).map(([role, { state, failure, complaint }]) => {
      return `${role} ${state} ${failure} ${complaint}`;
    });
    return told.join(", ");
  }

  /** The keys are common, forgeries change nothing any more, and close_notify comes through. */
  #check(): void {
    const { server, client } = this.#ends;
    const [ours, theirs] = [server.keys(), client.keys()];
    const common = Buffer.from(ours.localKey).equals(theirs.remoteKey);
    expectThat(common && ours.profile === theirs.profile, "both have the same keys");
    for (let i = 0; i < 10; i += 1) {
      for (const role of ["server", "client"] as const) this.#give(role, this.#forgery(role));
    }
    expectThat(this.#connected, `it stays connected: ${this.#outcome()}`);
    client.close(this.now);
    for (const bytes of this.#drain("client")) this.#give("server", bytes);
    expectThat(server.state === "closed", "close_notify is believed");
  }

  #exchange(): void {
    for (const role of ["server", "client"] as const) {
      const link = this.#links[role];
      for (let bytes = link.receive(this.now); bytes; bytes = link.receive(this.now)) {
        this.#give(role, bytes);
      }
      this.#ends[role].handleTimeout(this.now);
    }
    for (const role of ["server", "client"] as const) {
      for (const bytes of this.#drain(role)) {
        this.#seen[OTHER[role]].push(bytes);
        this.#links[OTHER[role]].send(this.now, bytes);
        if (this.#dice.chance(0.05)) this.#links[OTHER[role]].send(this.now, bytes);
      }
    }
  }

  #next(forging: boolean): number {
    const { server, client } = this.#ends;
    const arrivals = [this.#links.server.nextArrival(), this.#links.client.nextArrival()];
    const next = Math.min(server.nextTimeout(), client.nextTimeout(), ...arrivals);
    const soon = this.now + 1 + this.#dice.below(15_000);
    return Math.max(this.now, Math.min(next, forging ? soon : this.now + 500_000));
  }

  #forge(rate: number): void {
    for (const role of ["server", "client"] as const) {
      for (let left = rate; left > 0; left -= 1) {
        if (!this.#dice.chance(Math.min(1, left))) continue;
        this.#give(role, this.#forgery(role));
      }
    }
  }

  #give(role: DtlsRole, bytes: Uint8Array): void {
    this.#ends[role].handleDatagram(this.now, bytes, 0, bytes.length);
  }

  #drain(role: DtlsRole): Uint8Array[] {
    const out = new Uint8Array(2048);
    const datagrams: Uint8Array[] = [];
    for (
      let n = this.#ends[role].pollTransmit(out);
      n > 0;
      n = this.#ends[role].pollTransmit(out)
    ) {
      datagrams.push(out.slice(0, n));
    }
    return datagrams;
  }

  #forgery(to: DtlsRole): Uint8Array {
    const dice = this.#dice;
    const samples = [...recorded.server, ...recorded.client];
    if (this.#sees) samples.push(...this.#seen[to], ...this.#seen[OTHER[to]]);
    const sample = () => dice.pick(samples);
    let bytes = sample();
    for (let i = dice.below(3); i >= 0; i -= 1) bytes = this.#mutate(bytes, sample);
    return bytes.slice(0, 1500);
  }

  #mutate(bytes: Uint8Array, sample: () => Uint8Array): Uint8Array {
    const dice = this.#dice;
    const kind = dice.below(8);
    if (kind === 0 || bytes.length < 13) return dice.bytes(dice.below(120));
    if (kind === 1) return bytes.slice(0, dice.below(bytes.length + 1));
    if (kind === 2) return join(bytes, sample());
    if (kind === 3) return join(...whole(bytes), ...whole(sample()).reverse());
    if (kind === 4) return join(...Array.from({ length: 30 }, () => bytes.slice(0, 48)));
    if (kind === 5) return join(...whole(bytes).map((record) => this.#bend(record)));
    if (kind === 6) return bytes;
    const flipped = bytes.slice();
    for (let i = 0; i <= dice.below(4); i += 1) {
      flipped[dice.below(flipped.length)]! ^= 1 << dice.below(8);
    }
    return flipped;
  }

  /** Another value in one field of the record's or the message's header. */
  #bend(record: Uint8Array): Uint8Array {
    const dice = this.#dice;
    const bent = record.slice();
    const view = new DataView(bent.buffer);
    const [at, size] = dice.pick(FIELDS);
    if (at + size > bent.length) return bent;
    const value = dice.chance(0.5) ? dice.pick(ODD) : dice.below(30);
    for (let i = 0; i < size; i += 1) view.setUint8(at + i, (value >> (8 * (size - 1 - i))) & 255);
    return bent;
  }
}

/** Offset and size of: type, version, epoch, number, length; then of the message's header. */
const FIELDS = [
  [0, 1],
  [1, 2],
  [3, 2],
  [5, 2],
  [9, 2],
  [11, 2],
  [13, 1],
  [14, 3],
  [17, 2],
  [19, 3],
  [22, 3],
] as const;

/** The records that are whole. */
function whole(bytes: Uint8Array): Uint8Array[] {
  const records = splitRecords(bytes.slice(0, Math.max(0, bytes.length)));
  return records.filter((record) => record.length > 13).slice(0, 20);
}

function record(): Record<DtlsRole, readonly Uint8Array[]> {
  const taken: Record<DtlsRole, Uint8Array[]> = { server: [], client: [] };
  const certificates = { server: createCertificate(), client: createCertificate() };
  const ends = {
    server: new GuardedDtls(new OpenSslDtlsFactory(openSsl, certificates.server)).create(
      "server",
      [CERTIFICATES.client.fingerprint],
      0,
    ),
    client: new GuardedDtls(new OpenSslDtlsFactory(openSsl, CERTIFICATES.client)).create(
      "client",
      [certificates.server.fingerprint],
      0,
    ),
  };
  const out = new Uint8Array(2048);
  for (let round = 0; round < 4; round += 1) {
    for (const role of ["client", "server"] as const) {
      for (let n = ends[role].pollTransmit(out); n > 0; n = ends[role].pollTransmit(out)) {
        taken[role].push(out.slice(0, n));
        ends[OTHER[role]].handleDatagram(0, out, 0, n);
      }
    }
  }
  for (const end of Object.values(ends)) end.free();
  return taken;
}

function expectThat(condition: boolean, what: string): void {
  if (!condition) throw new Error(what);
}
