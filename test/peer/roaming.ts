/** A connected session whose client is played by hand, at as many addresses as it likes. */
import { PeerEvent, type PeerEventCode } from "../../src/peer/events.ts";
import { createTransmit } from "../../src/peer/transmit.ts";
import { formatPath } from "../../src/wire/path.ts";
import {
  parseStun,
  StunClass,
  StunMessage,
  stunFingerprint,
  stunIntegrity,
} from "../../src/wire/stun.ts";
import {
  type StunErrorCode,
  writeBindingError,
  writeBindingRequest,
  writeBindingSuccess,
} from "../../src/wire/stun-writer.ts";
import { Pair, type PairOptions, region, rethrow, sockaddr } from "./pair.ts";

export const CLIENT_PWD = "client-password-0123456789";
const text = new TextEncoder();
const message = new StunMessage();
const transmit = createTransmit();

/** What an address does with a check of the server's: nothing, the usual, or an error. */
export type Manner = "silent" | "answers" | "answers by name" | StunErrorCode;

export interface Sent {
  readonly at: number;
  readonly to: string;
  readonly kind: "check" | "answer" | "other";
  readonly bytes: Uint8Array;
}

export interface CheckOptions {
  readonly nominate?: boolean;
  readonly pwd?: string;
  readonly username?: string;
  /** The bytes of an earlier check, sent once more. */
  readonly replay?: Uint8Array;
}

export class Roaming {
  readonly pair: Pair;
  /** All that the server sent since the session was connected. */
  readonly sent: Sent[] = [];
  readonly events: PeerEventCode[] = [];
  /** By `10.0.0.2:4000`; others are silent. */
  readonly manners = new Map<string, Manner>();
  roundTripUs = 20_000;
  #sequence = 0;
  #checks = 0;
  readonly #answers: { at: number; bytes: Uint8Array; from: Uint8Array }[] = [];
  readonly #home: Uint8Array;

  constructor(options: PairOptions = {}) {
    this.pair = new Pair(options);
    if (!this.pair.run(() => this.pair.connected)) throw new Error("not connected");
    this.pair.drainClient();
    this.drain();
    this.sent.length = 0;
    this.#home = this.pair.clientAddress;
  }

  get home(): Uint8Array {
    return this.#home;
  }

  get server() {
    return this.pair.server;
  }

  /** Where media goes. */
  get path(): string {
    return this.server.path === null ? "" : formatPath(this.server.path);
  }

  /** An authenticated check of the client's. */
  check(from: Uint8Array, options: CheckOptions = {}): Uint8Array {
    const bytes = options.replay ?? this.#request(options);
    this.inject(bytes, from);
    return bytes;
  }

  /** Authentic SRTP. */
  media(from: Uint8Array): PeerEventCode {
    this.#sequence += 1;
    const n = this.#sequence;
    region.bytes.fill(0, 0, 100);
    region.bytes.set([0x80, 96, n >> 8, n & 0xff, 0, 0, 0, 1, 0, 0, 0, 42]);
    const sender = this.pair.client.sender!;
    const length = sender.sealRtp(sender.stream(42), region, 0, 12, region, 12, 50, n);
    return this.inject(region.bytes.slice(0, length), from);
  }

  /** An authentic, empty receiver report. */
  report(from: Uint8Array): PeerEventCode {
    region.bytes.set([0x80, 201, 0, 1, 0, 0, 0, 42]);
    const length = this.pair.client.sender!.sealRtcp(region, 0, 8);
    return this.inject(region.bytes.slice(0, length), from);
  }

  inject(bytes: Uint8Array, from: Uint8Array): PeerEventCode {
    const event = this.pair.inject(bytes, from);
    if (event === PeerEvent.moved || event === PeerEvent.closed) this.events.push(event);
    this.drain();
    return event;
  }

  /** Lets time pass; `each` is called every `everyUs`. */
  pass(us: number, everyUs = Number.POSITIVE_INFINITY, each: () => void = () => {}): void {
    const { pair } = this;
    const end = pair.now + us;
    let turn = pair.now + everyUs;
    for (;;) {
      const answer = this.#answers[0]?.at ?? Number.POSITIVE_INFINITY;
      const next = Math.max(pair.now, Math.min(end, turn, answer, pair.table.nextTimeout()));
      pair.now = next;
      if (answer <= next) {
        const { bytes, from } = this.#answers.shift()!;
        this.inject(bytes, from);
      } else if (turn <= next) {
        turn += everyUs;
        each();
      } else if (pair.table.nextTimeout() <= next) {
        pair.table.handleTimeout(next, (_peer, event) => this.events.push(event), rethrow);
        this.drain();
      } else return;
    }
  }

  /** Checks of the server's to this address since `from`. */
  checksTo(address: Uint8Array | null, from = 0): Sent[] {
    const to = address === null ? null : keyOf(address);
    return this.sent.filter(
      (each) => each.kind === "check" && (to === null || each.to === to) && each.at >= from,
    );
  }

  /** An answer of `manner` to one of the server's checks; `pwd` null leaves it without integrity. */
  answer(check: Uint8Array, manner: Manner, from: Uint8Array, pwd = CLIENT_PWD): Uint8Array {
    parseStun(check, 0, check.length, message);
    const out = new Uint8Array(128);
    const at = message.transactionIdOffset;
    const key = text.encode(pwd);
    if (manner === "answers by name") return namedAnswer(check, key);
    const length =
      typeof manner === "number"
        ? writeBindingError(out, 0, check, at, manner, key)
        : writeBindingSuccess(out, 0, check, at, from, key);
    return out.slice(0, length);
  }

  free(): void {
    this.pair.free();
  }

  drain(): void {
    while (this.pair.table.pollTransmit(transmit)) {
      const bytes = transmit.bytes.slice(0, transmit.length);
      const to = formatPath(transmit.path);
      const kind = kindOf(bytes);
      this.sent.push({ at: this.pair.now, to, kind, bytes });
      const manner = this.manners.get(to) ?? "silent";
      if (kind !== "check" || manner === "silent") continue;
      const from = transmit.path.sockaddr;
      const at = this.pair.now + this.roundTripUs;
      this.#answers.push({ at, bytes: this.answer(bytes, manner, from), from });
    }
  }

  #request(options: CheckOptions): Uint8Array {
    this.#checks += 1;
    return checkOf(this.pair, this.#checks, options);
  }
}

/** A check of the pair's client, with a transaction id made of `number`. */
export function checkOf(pair: Pair, number: number, options: CheckOptions): Uint8Array {
  const bytes = new Uint8Array(700);
  const { localUfrag, remoteUfrag, localPwd } = pair.setup;
  const fields = {
    transactionId: Uint8Array.from({ length: 12 }, (_, i) => (number >> (8 * (i & 3))) & 255),
    username: text.encode(options.username ?? `${localUfrag}:${remoteUfrag}`),
    priority: 1,
    controlling: new Uint8Array(8),
    useCandidate: options.nominate ?? false,
  };
  const length = writeBindingRequest(bytes, 0, fields, text.encode(options.pwd ?? localPwd));
  return bytes.slice(0, length);
}

/** libnice's answers carry the USERNAME of the check that they answer. */
function namedAnswer(check: Uint8Array, key: Uint8Array): Uint8Array {
  const { transactionIdOffset: id, usernameOffset: at, usernameLength } = message;
  const fields = {
    transactionId: check.slice(id, id + 12),
    username: check.slice(at, at + usernameLength),
    priority: null,
    controlling: null,
    useCandidate: false,
  };
  const bytes = new Uint8Array(700);
  const length = writeBindingRequest(bytes, 0, fields, key);
  // A success instead of a request; MESSAGE-INTEGRITY and FINGERPRINT are the last 32 bytes.
  bytes.set([1, 1]);
  bytes.set(stunIntegrity(bytes, 0, length - 32, key), length - 28);
  new DataView(bytes.buffer).setUint32(length - 4, stunFingerprint(bytes, 0, length - 8));
  return bytes.slice(0, length);
}

export function keyOf(address: Uint8Array): string {
  return formatPath({ sockaddr: address });
}

/** The most datagrams within any one second. */
export function mostInASecond(sent: readonly Sent[]): number {
  let most = 0;
  for (let i = 0, from = 0; i < sent.length; i += 1) {
    while (sent[i]!.at - sent[from]!.at >= 1_000_000) from += 1;
    most = Math.max(most, i - from + 1);
  }
  return most;
}

export { sockaddr };

function kindOf(bytes: Uint8Array): Sent["kind"] {
  if (!parseStun(bytes, 0, bytes.length, message)) return "other";
  return message.class === StunClass.request ? "check" : "answer";
}
