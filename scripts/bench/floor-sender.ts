/**
 * The least that any server must do, by itself: seal every packet for every viewer (by our OpenSSL
 * provider) and hand it to the kernel in UDP_SEGMENT messages. No ICE, no feedback, no ring, no
 * per-viewer state but the key. Run by floor.ts: PORTS (JSON) PLAN (JSON) SECONDS PROFILE.
 */
import { monotonicUs } from "../../src/io/clock.ts";
import { openOpenSsl } from "../../src/io/openssl.ts";
import { pinnedRegion } from "../../src/io/pinned.ts";
import { OpenSslSrtpFactory } from "../../src/io/srtp-openssl.ts";
import { UdpSender } from "../../src/io/udp-sender.ts";
import { openUdpSocket, sockaddrOf } from "../../src/io/udp-socket.ts";
import type { SourcePlan } from "../../src/load/options.ts";
import { DuePacket, SyntheticSource } from "../../src/load/synthetic-source.ts";
import { SrtpProfile } from "../../src/srtp/cipher.ts";
import { writeU32 } from "../../src/wire/bytes.ts";
import { copyPath } from "../../src/wire/path.ts";
import { writeRtpHeader } from "../../src/wire/rtp.ts";

/** Fixed header and a transport-cc element, as a server writes for a browser. */
const HEADER_BYTES = 20;
/** A server collects what came in a millisecond, too. */
const TICK_MS = 1;
/** In 13 windows of a second each only the first was dearer than the rest, by a third. */
const SETTLE_US = 2_000_000;
const BATCH_MAX = 256;
/** Further behind than this (the machine is busy elsewhere) it goes on instead of hurrying. */
const LATE_MAX_US = 20_000;

const [portsText, planText, secondsText, profileText] = process.argv.slice(2);
const ports = JSON.parse(portsText!) as number[];
const plan = JSON.parse(planText!) as SourcePlan;
const seconds = Number(secondsText);
const counterMode = profileText === "cm";

const factory = new OpenSslSrtpFactory(openOpenSsl("system"));
const sender = new UdpSender(openUdpSocket("0.0.0.0", 4, 0), true);
const viewers = ports.map((port) => ({
  path: copyPath(sender, sockaddrOf("127.0.0.1", 4, port), 0),
  cipher: factory.create(
    counterMode ? SrtpProfile.AES128_CM_HMAC_SHA1_80 : SrtpProfile.AEAD_AES_128_GCM,
    crypto.getRandomValues(new Uint8Array(16)),
    // RFC 3711 8.2 and RFC 7714 12: 112 and 96 bits of salt.
    crypto.getRandomValues(new Uint8Array(counterMode ? 14 : 12)),
  ),
}));
const payload = pinnedRegion(2048);
const source = new SyntheticSource(plan, 0);
const due = new DuePacket();
const sizes = new Uint16Array(BATCH_MAX);
const timestamps = new Uint32Array(BATCH_MAX);

let index = 0;
let packets = 0;
const start = monotonicUs();
let measured = { cpu: process.cpuUsage(), packets: 0, at: start };
let settled = false;
while (monotonicUs() < start + SETTLE_US + seconds * 1e6) {
  const now = monotonicUs();
  if (!settled && now >= start + SETTLE_US) {
    settled = true;
    measured = { cpu: process.cpuUsage(), packets, at: now };
  }
  if (now - start - source.nextDueUs > LATE_MAX_US) source.skipTo(now - start);
  let count = 0;
  while (source.nextDueUs <= now - start && count < BATCH_MAX) {
    source.take(due);
    sizes[count] = due.bytes;
    timestamps[count] = due.timeUs;
    count += 1;
  }
  if (count > 0) sendAll(count);
  else Bun.sleepSync(TICK_MS);
}
const cpu = process.cpuUsage(measured.cpu);
const sent = packets - measured.packets;
console.log(
  JSON.stringify({
    packets: sent,
    seconds: (monotonicUs() - measured.at) / 1e6,
    cpuUsPerPacket: (cpu.user + cpu.system) / sent,
    userUsPerPacket: cpu.user / sent,
    errors: sender.counters.errors,
  }),
);

function sendAll(count: number): void {
  for (const { path, cipher } of viewers) {
    for (let i = 0; i < count; i += 1) {
      const size = sizes[i]!;
      let at = sender.reserve(HEADER_BYTES + size + cipher.rtpOverhead);
      while (at < 0) at = sender.reserve(HEADER_BYTES + size + cipher.rtpOverhead);
      const out = sender.region.bytes;
      const number = index + i;
      writeRtpHeader(out, at, 96, false, number & 0xffff, timestamps[i]!, 1, true, false);
      writeU32(out, at + 12, 0xbede0001);
      writeU32(out, at + 16, (0x31000000 | ((number & 0xffff) << 8)) >>> 0);
      const length = cipher.sealRtp(sender.region, at, HEADER_BYTES, payload, 0, size, 1, number);
      sender.commit(path, length);
    }
    packets += count;
  }
  index += count;
  while (!sender.flush());
}
