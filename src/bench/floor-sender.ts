/**
 * The least that any server must do, by itself: seal every packet for every viewer (by our OpenSSL
 * provider) and hand it to the kernel in UDP_SEGMENT messages. No ICE, no feedback, no ring, no
 * per-viewer state but the key. Runs on a thread of its own.
 */
import { stayOn } from "../io/affinity.ts";
import { monotonicUs } from "../io/clock.ts";
import { openOpenSsl } from "../io/openssl.ts";
import { pinnedRegion } from "../io/pinned.ts";
import { randomFill } from "../io/random.ts";
import { OpenSslSrtpFactory } from "../io/srtp-openssl.ts";
import { type ThreadUsage, threadUsage } from "../io/thread-usage.ts";
import { UdpSender } from "../io/udp-sender.ts";
import { closeUdpSocket, openUdpSocket, sockaddrOf } from "../io/udp-socket.ts";
import type { SourcePlan } from "../load/options.ts";
import { DuePacket, SyntheticSource } from "../load/synthetic-source.ts";
import { type SrtpCipher, SrtpProfile } from "../srtp/cipher.ts";
import { writeU32 } from "../wire/bytes.ts";
import { copyPath, type Path } from "../wire/path.ts";
import { writeRtpHeader } from "../wire/rtp.ts";

/** As `spillway load --srtp` names them. */
export type FloorProfile = "gcm" | "cm";

export interface FloorSenderOrder {
  readonly kind: "send";
  /** Null: anywhere. */
  readonly cores: readonly number[] | null;
  /** Of the receiver's sockets, a viewer each. */
  readonly ports: readonly number[];
  readonly plan: SourcePlan;
  readonly profile: FloorProfile;
  /** Where OpenSSL is: ResolvedOpenSsl.where. */
  readonly openssl: string;
  /** Sent, and not counted. */
  readonly settleSeconds: number;
  readonly seconds: number;
}

export interface Floor {
  readonly packets: number;
  readonly seconds: number;
  readonly cpuUsPerPacket: number;
  readonly userUsPerPacket: number;
  readonly errors: number;
}

/** Fixed header and a transport-cc element, as a server writes for a browser. */
const HEADER_BYTES = 20;
/** A server collects what came in a millisecond, too. */
const TICK_MS = 1;
const BATCH_MAX = 256;
/** Further behind than this (the machine is busy elsewhere) it goes on instead of hurrying. */
const LATE_MAX_US = 20_000;
const PAYLOAD_BYTES = 2048;

/** Sends for as long as ordered, and tells what that took of this thread. */
export function sendFloor(order: FloorSenderOrder): Floor {
  if (order.cores !== null) stayOn(order.cores);
  const sender = new FloorSender(order);
  try {
    sender.send(order.settleSeconds);
    return sender.send(order.seconds);
  } finally {
    sender.close();
  }
}

interface Viewer {
  readonly path: Path;
  readonly cipher: SrtpCipher;
}

class FloorSender {
  readonly #fd = openUdpSocket("127.0.0.1", 4, 0);
  readonly #sender = new UdpSender(this.#fd, true);
  readonly #viewers: readonly Viewer[];
  readonly #payload = pinnedRegion(PAYLOAD_BYTES);
  readonly #source: SyntheticSource;
  readonly #due = new DuePacket();
  readonly #sizes = new Uint16Array(BATCH_MAX);
  readonly #timestamps = new Uint32Array(BATCH_MAX);
  readonly #start = monotonicUs();
  #index = 0;
  #packets = 0;

  constructor({ ports, plan, profile, openssl }: FloorSenderOrder) {
    const factory = new OpenSslSrtpFactory(openOpenSsl(openssl));
    const counterMode = profile === "cm";
    this.#source = new SyntheticSource(plan, 0);
    this.#viewers = ports.map((port) => ({
      path: copyPath(this.#sender, sockaddrOf("127.0.0.1", 4, port), 0),
      cipher: factory.create(
        counterMode ? SrtpProfile.AES128_CM_HMAC_SHA1_80 : SrtpProfile.AEAD_AES_128_GCM,
        randomBytes(16),
        // RFC 3711 8.2 and RFC 7714 12: 112 and 96 bits of salt.
        randomBytes(counterMode ? 14 : 12),
      ),
    }));
  }

  close(): void {
    closeUdpSocket(this.#fd);
  }

  send(seconds: number): Floor {
    const before = { usage: threadUsage(), packets: this.#packets, at: monotonicUs() };
    const { errors } = this.#sender.counters;
    const end = before.at + seconds * 1e6;
    while (monotonicUs() < end) {
      const count = this.#takeDue(monotonicUs() - this.#start);
      if (count > 0) this.#sendAll(count);
      else Bun.sleepSync(TICK_MS);
    }
    const { userUs, systemUs } = since(before.usage);
    const packets = this.#packets - before.packets;
    return {
      packets,
      seconds: (monotonicUs() - before.at) / 1e6,
      cpuUsPerPacket: (userUs + systemUs) / packets,
      userUsPerPacket: userUs / packets,
      errors: this.#sender.counters.errors - errors,
    };
  }

  /** How many packets of the source are due. */
  #takeDue(now: number): number {
    const source = this.#source;
    if (now - source.nextDueUs > LATE_MAX_US) source.skipTo(now);
    let count = 0;
    while (source.nextDueUs <= now && count < BATCH_MAX) {
      source.take(this.#due);
      this.#sizes[count] = this.#due.bytes;
      this.#timestamps[count] = this.#due.timeUs;
      count += 1;
    }
    return count;
  }

  #sendAll(count: number): void {
    for (const viewer of this.#viewers) {
      for (let i = 0; i < count; i += 1) this.#sendOne(viewer, i);
      this.#packets += count;
    }
    this.#index += count;
    while (!this.#sender.flush());
  }

  #sendOne({ path, cipher }: Viewer, i: number): void {
    const sender = this.#sender;
    const size = this.#sizes[i]!;
    let at = sender.reserve(HEADER_BYTES + size + cipher.rtpOverhead);
    while (at < 0) at = sender.reserve(HEADER_BYTES + size + cipher.rtpOverhead);
    const out = sender.region.bytes;
    const number = this.#index + i;
    writeRtpHeader(out, at, 96, false, number & 0xffff, this.#timestamps[i]!, 1, true, false);
    writeU32(out, at + 12, 0xbede0001);
    writeU32(out, at + 16, (0x31000000 | ((number & 0xffff) << 8)) >>> 0);
    const payload = this.#payload;
    const length = cipher.sealRtp(sender.region, at, HEADER_BYTES, payload, 0, size, 1, number);
    sender.commit(path, length);
  }
}

function since(before: ThreadUsage): ThreadUsage {
  const { userUs, systemUs } = threadUsage();
  return { userUs: userUs - before.userUs, systemUs: systemUs - before.systemUs };
}

function randomBytes(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  randomFill(bytes);
  return bytes;
}
