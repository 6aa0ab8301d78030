import { TokenBucket } from "../media/token-bucket.ts";
import type {
  DtlsCounts,
  DtlsEngine,
  DtlsEngineFactory,
  DtlsKeys,
  DtlsSession,
  DtlsState,
} from "./dtls.ts";
import { Fragments, type MessageSlot } from "./dtls-messages.ts";
import { DtlsOutbox, splitRecords } from "./dtls-outbox.ts";
import { holdsNamed, type Proof } from "./dtls-proof.ts";
import { clearRecord, DtlsRecords, RecordType } from "./dtls-records.ts";
import { RepeatTimer } from "./dtls-repeat.ts";
import { ANY_NODE, type Expected } from "./fingerprint.ts";

/** Encrypted records kept for a flight that is not whole yet; a Finished is one. */
const HELD_MAX = 4;
/**
 * Flights judged at once: 64 signatures are 6 ms. More come with time, so that whoever sends no more
 * forgeries has not kept the peers apart for good; 20 a second are 0.2 % of a thread.
 */
const PROOFS_MAX = 64;
const PROOFS_PER_SECOND = 20;
/**
 * The same for certificates that the SDP does not name. They are judged to tell a peer that has another
 * than it said from a forgery, and must not use up what is for the named.
 */
const FOREIGN_PROOFS_MAX = 8;
const FOREIGN_PROOFS_PER_SECOND = 1;
const CHANGE_CIPHER_SPEC = Uint8Array.of(1);

/** One datagram at a time in a thread. */
const records = new DtlsRecords();
const fragments = new Fragments();

/**
 * A DTLS session whose library sees nothing that somebody else may have sent. Until the handshake is
 * complete its records are in clear, and anybody who knows the peer's address can send some: a library
 * takes the first that fits and ends when the peer's own do not. Here messages are put together, held
 * back until a signature proves the whole flight to be the peer's, and only then passed on, in records
 * of our own numbering. What is sent again, and when, is decided here too.
 *
 * One of these is a client's (dtls-client-guard.ts) or a server's (dtls-server-guard.ts).
 */
export abstract class DtlsGuard implements DtlsSession {
  state: DtlsState = "handshaking";
  failure = "";
  complaint = "";
  protected engine: DtlsEngine | null = null;
  protected readonly outbox = new DtlsOutbox();
  protected readonly timer = new RepeatTimer();
  /** The peer's flight is with the library; its Finished may follow. */
  protected passed = false;
  protected readonly counts: DtlsCounts;
  readonly #factory: DtlsEngineFactory;
  protected readonly expected: Expected;
  readonly #proofs = new TokenBucket(PROOFS_MAX, PROOFS_PER_SECOND);
  readonly #foreignProofs = new TokenBucket(FOREIGN_PROOFS_MAX, FOREIGN_PROOFS_PER_SECOND);
  #held: Uint8Array[] = [];
  /** Records in clear that the library was given, and whether it was told of the keys. */
  #fed = 0;
  #switched = false;
  #freed = false;

  constructor(factory: DtlsEngineFactory, expected: Expected, counts: DtlsCounts) {
    this.counts = counts;
    this.#factory = factory;
    this.expected = expected;
  }

  /** The place for a message that may come now; null for all others. */
  protected abstract slot(type: number, sequence: number): MessageSlot | null;
  /** The slot's message is whole. */
  protected abstract whole(slot: MessageSlot): void;
  /** A datagram is read: acts on the messages that it made whole. */
  protected abstract settle(now: number): void;
  /** The present flight is due again. */
  protected abstract repeatDue(now: number): void;
  /** The library gave up, and somebody else may have caused it. */
  protected abstract engineFailed(now: number): void;
  abstract noteMedia(now: number): void;

  handleDatagram(now: number, bytes: Uint8Array, offset: number, length: number): void {
    if (this.#freed) return;
    records.reset(bytes, offset, length);
    if (this.state === "connected") this.#readSealed(bytes);
    else if (this.state === "handshaking") this.#readHandshake(now, bytes);
  }

  handleTimeout(now: number): void {
    if (this.state === "handshaking" && !this.#freed && this.timer.due(now)) this.repeatDue(now);
  }

  nextTimeout(): number {
    return this.state === "handshaking" ? this.timer.at : Infinity;
  }

  pollTransmit(out: Uint8Array): number {
    return this.outbox.pollTransmit(out);
  }

  keys(): DtlsKeys {
    return this.engine!.keys();
  }

  exportKey(label: string, length: number): Uint8Array {
    return this.engine!.exportKey(label, length);
  }

  peerKey(): Uint8Array {
    return this.engine!.peerKey();
  }

  close(_now: number): void {
    if (this.#freed || this.state === "closed" || this.state === "failed") return;
    // During the handshake an alert would leave in clear, and nobody may believe it.
    if (this.state === "connected") {
      this.engine!.close();
      this.#collect();
    }
    this.state = "closed";
  }

  free(): void {
    this.engine?.free();
    this.engine = null;
    this.#freed = true;
  }

  /** Another handshake instead of the present one, if there is one. */
  protected begin(role: "client" | "server", cookie: boolean): DtlsEngine {
    this.engine?.free();
    this.engine = null;
    this.engine = this.#factory.engine(role, this.expected, cookie);
    this.passed = false;
    this.#held = [];
    this.#fed = 0;
    this.#switched = false;
    return this.engine;
  }

  protected random(length: number): Uint8Array {
    return this.#factory.random(length);
  }

  protected feed(message: Uint8Array): void {
    this.engine!.feed(clearRecord(RecordType.handshake, this.#fed++, message));
  }

  /** What the library made of what it was fed: true when it wrote a flight. */
  protected follow(now: number): boolean {
    const engine = this.engine!;
    if (engine.state === "handshaking") return this.#collect();
    if (engine.state === "connected") {
      this.#collect();
      this.connected();
    } else if (engine.state === "closed" || engine.authentic) {
      this.#collect();
      this.end(engine.state, engine.failure);
    } else this.engineFailed(now);
    return false;
  }

  /** Whether a flight with this certificate may be judged now, which costs a signature's time. */
  protected mayProve(now: number, certificate: Uint8Array): boolean {
    const named = holdsNamed(this.expected, certificate);
    const may = (named ? this.#proofs : this.#foreignProofs).take(now, 1);
    if (!may) this.counts.dtlsDropped += 1;
    return may;
  }

  /** Passes on a flight that was judged; false when it cannot be the peer's. */
  protected accept(proof: Proof, flight: readonly Uint8Array[], now: number): boolean {
    if (proof === "forged") {
      this.counts.dtlsDropped += 1;
      this.complaint = "bad signature";
      return false;
    }
    if (proof === "foreign") {
      const other = this.expected === ANY_NODE ? "a node's" : "the one of a=fingerprint";
      this.end("failed", `the certificate is not ${other}`);
      return false;
    }
    for (const message of flight) {
      if (this.engine?.state === "handshaking") this.feed(message);
    }
    this.passed = true;
    this.complaint = "";
    this.follow(now);
    return true;
  }

  protected connected(): void {
    this.state = "connected";
    this.timer.stop();
    this.outbox.forget();
    this.#held = [];
  }

  protected end(state: "closed" | "failed", failure: string): void {
    this.state = state;
    this.failure = failure;
    this.timer.stop();
  }

  #readHandshake(now: number, bytes: Uint8Array): void {
    while (records.next()) {
      if (records.sealed) this.#hold(bytes);
      else if (records.epoch === 0 && records.type === RecordType.handshake) {
        this.#readFragments(bytes);
        // Of the keys' change the library is told when the flight before is proven.
      } else if (records.type !== RecordType.changeCipherSpec) this.counts.dtlsDropped += 1;
    }
    this.settle(now);
    if (this.passed && this.state === "handshaking") this.#passHeld(now);
  }

  #readFragments(bytes: Uint8Array): void {
    fragments.reset(bytes, records.offset, records.length);
    while (fragments.next()) {
      const slot = this.slot(fragments.type, fragments.sequence);
      if (slot === null) this.counts.dtlsDropped += this.passed ? 0 : 1;
      else if (slot.add(fragments)) this.whole(slot);
    }
    if (fragments.malformed) this.counts.dtlsDropped += 1;
  }

  #hold(bytes: Uint8Array): void {
    if (this.#held.length === HELD_MAX) this.#held.shift();
    this.#held.push(bytes.slice(records.offset, records.offset + records.length));
  }

  #passHeld(now: number): void {
    const held = this.#held;
    if (held.length === 0) return;
    this.#held = [];
    if (!this.#switched) {
      this.#switched = true;
      this.engine!.feed(clearRecord(RecordType.changeCipherSpec, this.#fed++, CHANGE_CIPHER_SPEC));
    }
    for (const record of held) this.engine!.feed(record);
    this.follow(now);
  }

  /** Records behind the handshake, and the repeats of a peer that has not seen our last flight. */
  #readSealed(bytes: Uint8Array): void {
    const engine = this.engine!;
    let fed = false;
    while (records.next()) {
      if (!records.sealed) {
        this.counts.dtlsDropped += 1;
        continue;
      }
      engine.feed(bytes.subarray(records.offset, records.offset + records.length));
      fed = true;
    }
    if (!fed) return;
    this.#collect();
    if (engine.state === "closed" || engine.state === "failed") {
      this.end(engine.state, engine.failure);
    }
  }

  /** Takes what the library wrote; true when that is something. */
  #collect(): boolean {
    const written = this.engine!.take();
    if (written.length === 0) return false;
    this.outbox.begin(splitRecords(written));
    return true;
  }
}
