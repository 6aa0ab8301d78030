import { sameBytes } from "../wire/bytes.ts";
import type { DtlsCounts, DtlsEngineFactory } from "./dtls.ts";
import { DtlsGuard } from "./dtls-guard.ts";
import { cookieOf, helloVerifyRequest, withoutCookie } from "./dtls-hello.ts";
import { HandshakeType, MessageSlot, messagesIn } from "./dtls-messages.ts";
import { splitRecords } from "./dtls-outbox.ts";
import { clientProof } from "./dtls-proof.ts";
import { serverRepeatUs } from "./dtls-repeat.ts";
import { ANY_NODE, type Expected } from "./fingerprint.ts";

/** RFC 6347 4.2.1 allows 255; who cannot see our datagrams cannot guess 16. */
const COOKIE_BYTES = 16;
/** Handshakes that a client may begin in one session; each takes 0.3 ms. */
const BEGINNINGS_MAX = 8;

/** The client's flight behind its hello (RFC 5246 7.3). */
interface ClientFlight {
  readonly certificate: MessageSlot;
  readonly keyExchange: MessageSlot;
  readonly certificateVerify: MessageSlot;
}

/**
 * The server's side. The first hello is believed at once, so that a client waits no round trip; any
 * other must bring the cookie back that we sent to the client's address (RFC 6347 4.2.1). So a
 * stranger's hello costs the client a round trip at most, and ours no work. Where any node may call,
 * the check that named the address may be a repeated one: there the first hello is asked, too.
 */
export class DtlsServerGuard extends DtlsGuard {
  readonly #hellos = [0, 1].map((sequence) => {
    return new MessageSlot(HandshakeType.clientHello, sequence);
  });
  /** Made whole by the datagram that is read. */
  #greeting: Uint8Array | null = null;
  /** The hello that the library answers, and the messages up to our last. */
  #hello: Uint8Array | null = null;
  #transcript: readonly Uint8Array[] = [];
  #flight: ClientFlight | null = null;
  #flightChanged = false;
  /** The client's key signed all that came before its Finished. */
  #proven = false;
  #cookie: Uint8Array | null = null;
  #beginnings = 0;
  /** The time from our first answer to a check to the first hello: a round trip, and a little. */
  #roundTripUs: number | null = null;
  readonly #createdAt: number;
  readonly #doubtsFirst: boolean;

  constructor(factory: DtlsEngineFactory, expected: Expected, now: number, counts: DtlsCounts) {
    super(factory, expected, counts);
    this.#createdAt = now;
    this.#doubtsFirst = expected === ANY_NODE;
  }

  noteMedia(): void {
    // A client is connected only by a flight that we send once we are.
  }

  protected slot(type: number, sequence: number): MessageSlot | null {
    if (type === HandshakeType.clientHello) return this.#hellos[sequence] ?? null;
    if (this.#flight === null || this.passed) return null;
    const { certificate, keyExchange, certificateVerify } = this.#flight;
    return (
      [certificate, keyExchange, certificateVerify].find((slot) => {
        return slot.type === type && slot.sequence === sequence;
      }) ?? null
    );
  }

  protected whole(slot: MessageSlot): void {
    if (slot.type === HandshakeType.clientHello) this.#greeting = slot.message;
    else this.#flightChanged = true;
  }

  protected settle(now: number): void {
    if (this.#greeting !== null) this.#greet(now, this.#greeting);
    this.#greeting = null;
    if (this.#flightChanged && !this.passed) this.#judge(now);
    this.#flightChanged = false;
  }

  protected repeatDue(): void {
    this.outbox.repeat(() => null);
  }

  /** By a hello that it cannot answer, or a flight that could not be judged. */
  protected engineFailed(): void {
    this.complaint = this.engine!.failure;
    if (this.#proven) this.end("failed", this.complaint);
    else this.#giveUp();
  }

  #greet(now: number, hello: Uint8Array): void {
    const cookie = cookieOf(hello);
    if (cookie === null) {
      this.counts.dtlsDropped += 1;
      return;
    }
    this.#roundTripUs ??= now - this.#createdAt;
    if (sameBytes(hello, this.#hello)) {
      if (!this.passed && this.timer.asked(now)) this.repeatDue();
      return;
    }
    const returned = sameBytes(cookie, this.#cookie);
    if (!returned && (this.#beginnings > 0 || this.#doubtsFirst)) this.#askForCookie();
    else if (this.#beginnings < BEGINNINGS_MAX) this.#answer(now, hello, returned);
    else this.counts.dtlsDropped += 1;
  }

  #askForCookie(): void {
    this.counts.dtlsDropped += this.#beginnings > 0 ? 1 : 0;
    this.#cookie ??= this.random(COOKIE_BYTES);
    this.outbox.single(helloVerifyRequest(this.#cookie));
  }

  #answer(now: number, hello: Uint8Array, returned: boolean): void {
    this.#beginnings += 1;
    if (this.#beginnings > 1) this.counts.dtlsRestarts += 1;
    const engine = this.begin("server", returned);
    if (returned) {
      // What the library would have asked for has long been sent and answered.
      this.feed(withoutCookie(hello));
      engine.take();
    }
    this.feed(hello);
    if (engine.state === "failed") {
      this.complaint = engine.failure;
      // Its sender gets our datagrams, so it is the client that has nothing in common with us.
      if (returned) this.end("failed", engine.failure);
      else this.#giveUp();
      return;
    }
    this.#proven = false;
    this.#hello = hello;
    const written = splitRecords(engine.take());
    this.#transcript = [hello, ...messagesIn(written)];
    this.#expectFlight(hello === this.#hellos[1]!.message ? 2 : 1);
    this.outbox.begin(written);
    this.timer.start(now, serverRepeatUs(this.#roundTripUs));
  }

  #giveUp(): void {
    this.engine?.free();
    this.engine = null;
    this.passed = false;
    this.#hello = null;
    this.#flight = null;
    this.timer.stop();
    // Whoever comes now proves that it is there.
    this.#askForCookie();
  }

  #expectFlight(first: number): void {
    this.#flight = {
      certificate: new MessageSlot(HandshakeType.certificate, first),
      keyExchange: new MessageSlot(HandshakeType.clientKeyExchange, first + 1),
      certificateVerify: new MessageSlot(HandshakeType.certificateVerify, first + 2),
    };
  }

  #judge(now: number): void {
    const certificate = this.#flight?.certificate.message ?? null;
    const keyExchange = this.#flight?.keyExchange.message ?? null;
    const verify = this.#flight?.certificateVerify.message ?? null;
    if (certificate === null || keyExchange === null || verify === null) return;
    if (!this.mayProve(now, certificate)) return;
    const transcript = this.#transcript;
    const proof = clientProof(this.expected, transcript, certificate, keyExchange, verify);
    this.#proven = proof === "proven";
    this.accept(proof, [certificate, keyExchange, verify], now);
  }
}
