import { sameBytes } from "../wire/bytes.ts";
import type { DtlsCounts, DtlsEngineFactory } from "./dtls.ts";
import { DtlsGuard } from "./dtls-guard.ts";
import { isHelloVerify } from "./dtls-hello.ts";
import { HandshakeType, MESSAGE_HEADER_BYTES, MessageSlot, messagesIn } from "./dtls-messages.ts";
import { splitRecords } from "./dtls-outbox.ts";
import { serverProof } from "./dtls-proof.ts";
import { HELLO_REPEAT_US } from "./dtls-repeat.ts";
import { ANY_NODE, type Expected } from "./fingerprint.ts";

/** A cookie that brought no answer by then was a stranger's: 0.9 s. */
const COOKIE_REPEATS_MAX = 4;
const RESTARTS_MAX = 4;
/** Media that has come for so long did not just overtake the server's last flight: that is lost. */
const OVERTAKEN_US = 250_000;

/** The server's flight (RFC 5246 7.3), with a CertificateRequest or without. */
interface ServerFlight {
  readonly hello: MessageSlot;
  readonly certificate: MessageSlot;
  readonly keyExchange: MessageSlot;
  readonly request: MessageSlot;
  readonly doneAfterRequest: MessageSlot;
  readonly doneAtOnce: MessageSlot;
}

/**
 * The client's side. A HelloVerifyRequest is obeyed only when the hello would be repeated anyway:
 * anybody can send one, and a server that has answered the first hello would not know the second. That
 * of a node, which never answers the first, is obeyed at once.
 */
export class DtlsClientGuard extends DtlsGuard {
  /** The last hello that we sent. */
  #hello: Uint8Array = new Uint8Array(0);
  /** The HelloVerifyRequest to obey; further ones are not. */
  #pending: Uint8Array | null = null;
  #verifyRequest = new MessageSlot(HandshakeType.helloVerifyRequest, 0);
  #cookieReturned = false;
  #flight: ServerFlight = expectFlight(0);
  #flightChanged = false;
  /** The server's hello as it was passed on; it comes again when our flight was lost. */
  #answered: Uint8Array | null = null;
  #askedAgain = false;
  #resealed = 0;
  #restarts = 0;
  /** When media first came that we have no keys for yet, or since our last repeat for it. */
  #mediaSince = Number.POSITIVE_INFINITY;
  readonly #repeatUs: number;
  readonly #obeysAtOnce: boolean;

  constructor(
    factory: DtlsEngineFactory,
    expected: Expected,
    now: number,
    counts: DtlsCounts,
    repeatUs: number,
  ) {
    super(factory, expected, counts);
    this.#repeatUs = repeatUs;
    this.#obeysAtOnce = expected === ANY_NODE;
    this.#start(now);
  }

  noteMedia(now: number): void {
    if (!this.passed || this.state !== "handshaking") return;
    this.#mediaSince = Math.min(this.#mediaSince, now);
    if (now - this.#mediaSince < OVERTAKEN_US || !this.timer.asked(now)) return;
    this.#mediaSince = now;
    this.#repeat();
  }

  protected slot(type: number, sequence: number): MessageSlot | null {
    if (type === HandshakeType.helloVerifyRequest) {
      const expected = sequence === 0 && !this.#cookieReturned && !this.passed;
      return expected ? this.#verifyRequest : null;
    }
    if (this.passed && type !== HandshakeType.serverHello) return null;
    return (
      Object.values(this.#flight).find((slot: MessageSlot) => {
        return slot.type === type && slot.sequence === sequence;
      }) ?? null
    );
  }

  protected whole(slot: MessageSlot): void {
    if (slot.type !== HandshakeType.helloVerifyRequest) {
      this.#flightChanged = true;
      this.#askedAgain ||= this.passed && sameBytes(slot.message, this.#answered);
    } else if (this.#pending !== null || !isHelloVerify(slot.message!))
      this.counts.dtlsDropped += 1;
    else this.#pending = slot.message;
  }

  protected settle(now: number): void {
    // No node answers a first hello (src/peer/dtls-server-guard.ts).
    if (this.#pending !== null && this.#obeysAtOnce && !this.#cookieReturned) {
      this.#returnCookie(now);
    } else if (this.#flightChanged && !this.passed) this.#judge(now);
    else if (this.#askedAgain && this.timer.asked(now)) this.#repeat();
    this.#flightChanged = false;
    this.#askedAgain = false;
  }

  protected repeatDue(now: number): void {
    if (this.passed) this.#repeat();
    else if (!this.#cookieReturned && this.#pending !== null) this.#returnCookie(now);
    else if (this.#cookieReturned && this.timer.repeats > COOKIE_REPEATS_MAX) this.#restart(now);
    else this.#repeat();
  }

  protected engineFailed(now: number): void {
    this.#restart(now);
  }

  protected override connected(): void {
    this.engine!.skipRecords(this.#resealed);
    super.connected();
  }

  #start(now: number): void {
    const engine = this.begin("client", false);
    this.#verifyRequest = new MessageSlot(HandshakeType.helloVerifyRequest, 0);
    this.#pending = null;
    this.#cookieReturned = false;
    this.#flight = expectFlight(0);
    this.#answered = null;
    this.#resealed = 0;
    this.#mediaSince = Number.POSITIVE_INFINITY;
    this.#sendHello(now, engine.take());
  }

  #sendHello(now: number, written: Uint8Array): void {
    const records = splitRecords(written);
    this.#hello = messagesIn(records)[0] ?? this.#hello;
    this.outbox.begin(records);
    this.timer.start(now, HELLO_REPEAT_US);
  }

  #restart(now: number): void {
    const failure = this.engine?.failure || this.complaint;
    this.complaint = failure;
    if (this.#restarts === RESTARTS_MAX) {
      this.end("failed", failure || "no answer to repeated flights");
      return;
    }
    this.#restarts += 1;
    this.counts.dtlsRestarts += 1;
    this.#start(now);
  }

  #returnCookie(now: number): void {
    this.feed(this.#pending!);
    if (this.engine!.state === "failed") {
      this.#restart(now);
      return;
    }
    this.#cookieReturned = true;
    this.#flight = expectFlight(1);
    this.#sendHello(now, this.engine!.take());
  }

  #judge(now: number): void {
    const { hello, certificate, keyExchange, request, doneAfterRequest, doneAtOnce } = this.#flight;
    const asked = request.message !== null && doneAfterRequest.message !== null;
    const done = asked ? doneAfterRequest : doneAtOnce;
    if (done.message?.length !== MESSAGE_HEADER_BYTES) return;
    const tail = asked ? [request, done] : [done];
    const flight = [hello, certificate, keyExchange, ...tail].map(({ message }) => message);
    if (!flight.every((message) => message !== null)) return;
    if (!this.mayProve(now, flight[1]!)) return;
    const proof = serverProof(this.expected, this.#hello, flight[0]!, flight[1]!, flight[2]!);
    if (!this.accept(proof, flight, now) || !this.passed) return;
    this.#answered = flight[0]!;
    this.timer.start(now, this.#repeatUs);
  }

  #repeat(): void {
    this.outbox.repeat((record) => {
      this.#resealed += 1;
      return this.engine!.reseal(record, this.#resealed);
    });
  }
}

function expectFlight(first: number): ServerFlight {
  const { serverHello, certificate, serverKeyExchange } = HandshakeType;
  const { certificateRequest, serverHelloDone } = HandshakeType;
  return {
    hello: new MessageSlot(serverHello, first),
    certificate: new MessageSlot(certificate, first + 1),
    keyExchange: new MessageSlot(serverKeyExchange, first + 2),
    request: new MessageSlot(certificateRequest, first + 3),
    doneAfterRequest: new MessageSlot(serverHelloDone, first + 4),
    doneAtOnce: new MessageSlot(serverHelloDone, first + 3),
  };
}
