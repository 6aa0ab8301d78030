/** The fast path and the portable path, from the ring to the wire: the same bytes must arrive. */
import { afterAll, expect, test } from "bun:test";
import { COUNTER_NAMES } from "../../src/contract/counters.ts";
import { Egress } from "../../src/egress/egress.ts";
import { openOpenSsl } from "../../src/io/openssl.ts";
import { pinnedRegion } from "../../src/io/pinned.ts";
import { OpenSslSrtpFactory } from "../../src/io/srtp-openssl.ts";
import { UdpReceiver } from "../../src/io/udp-receiver.ts";
import { UdpSender } from "../../src/io/udp-sender.ts";
import { closeUdpSocket, localPort, openUdpSocket, sockaddrOf } from "../../src/io/udp-socket.ts";
import { NO_LIMITS } from "../../src/media/layer-choice.ts";
import type { Peer } from "../../src/peer/peer.ts";
import { type SrtpCipherFactory, SrtpProfile } from "../../src/srtp/cipher.ts";
import { PortableSrtpFactory } from "../../src/srtp/cipher-portable.ts";
import { SrtpSender } from "../../src/srtp/sender.ts";
import { copyPath } from "../../src/wire/path.ts";
import { KEY, Track, videoSection } from "../egress/harness.ts";
import { seeded } from "../support/random.ts";

const open: number[] = [];
afterAll(() => open.forEach(closeUdpSocket));

/** Sends the same frames to three viewers over one path and returns what each one received. */
function deliver(ciphers: SrtpCipherFactory, fast: boolean, profile: 1 | 7 | 8): string[][] {
  const source = openUdpSocket("127.0.0.1", 4, 0);
  open.push(source);
  const sender = new UdpSender(source, fast, fast);
  const random = seeded(7);
  const counters = new Float64Array(COUNTER_NAMES.length);
  const wish = () => {};
  const environment = { wish, allocate: pinnedRegion, wallOffsetUs: 0, random, counters };
  const egress = new Egress(environment, 0, {
    firstMedia: () => {},
    faulted: () => {},
    layer: () => {},
    ended: () => {},
  });
  const track = new Track("video");
  const sinks = [0, 1, 2].map((viewer) => {
    const sink = openUdpSocket("127.0.0.1", 4, 0);
    open.push(sink);
    openViewer(egress, track, ciphers, profile, viewer, { via: sender, to: localPort(sink) });
    return sink;
  });
  sendFrames(track, egress, sender);
  const receiver = new UdpReceiver(fast);
  return sinks.map((sink) => collect(receiver, sink));
}

function openViewer(
  egress: Egress,
  track: Track,
  ciphers: SrtpCipherFactory,
  profile: 1 | 7 | 8,
  viewer: number,
  { via, to }: { readonly via: UdpSender; readonly to: number },
): void {
  const key = new Uint8Array(profile === SrtpProfile.AEAD_AES_256_GCM ? 32 : 16).fill(viewer + 1);
  const salt = new Uint8Array(profile === SrtpProfile.AES128_CM_HMAC_SHA1_80 ? 14 : 12).fill(9);
  const peer = {
    session: viewer,
    state: "connected",
    mediaAllowed: true,
    path: copyPath(via, sockaddrOf("127.0.0.1", 4, to), 0),
    sender: new SrtpSender(ciphers.create(profile, key, salt)),
    srtpProfile: "test",
  } as unknown as Peer;
  egress.open(
    {
      type: "viewer-open",
      session: viewer,
      stream: 1,
      peer: null as never,
      media: [videoSection({ ssrcs: [100 + viewer], rtxSsrcs: [200 + viewer] })],
      source: { epoch: 1, audio: null, video: [track.grant] },
      cname: "spillway-cname",
      playoutDelay: null,
      limits: NO_LIMITS,
    },
    peer,
    1_000_000,
  );
}

/** Frames whose packets differ by a byte, as Chromium's do, with tails and lone packets. */
function sendFrames(track: Track, egress: Egress, sender: UdpSender): void {
  const random = seeded(3);
  let sequence = 65_536;
  for (let frame = 0; frame < 20; frame += 1) {
    const now = 1_000_000 + frame * 33_333;
    const packets = 1 + Math.floor(random() * 12);
    for (let i = 0; i < packets; i += 1) {
      const last = i === packets - 1;
      const flags = (i === 0 ? (frame === 0 ? KEY : 4) : 0) | (last ? 16 | 8 : 0);
      const length = last ? 200 + Math.floor(random() * 900) : 1100 + Math.floor(random() * 2);
      track.put(sequence, frame * 3000, now, { flags, length });
      sequence += 1;
    }
    egress.mark(track.grant.index);
    while (egress.forward(now, now + 1e6, () => now)) sender.flush();
    sender.flush();
  }
}

function collect(receiver: UdpReceiver, sink: number): string[] {
  const datagrams: string[] = [];
  for (;;) {
    const count = receiver.receive(sink);
    if (count === 0) return datagrams;
    for (let i = 0; i < count; i += 1) {
      const offset = receiver.offset(i);
      const bytes = receiver.region.bytes.subarray(offset, offset + receiver.length(i));
      datagrams.push(Buffer.from(bytes).toString("hex"));
    }
  }
}

for (const profile of [1, 7, 8] as const) {
  test(`fast and portable path deliver the same bytes (SRTP profile ${profile})`, () => {
    const fast = deliver(new OpenSslSrtpFactory(openOpenSsl("system")), true, profile);
    const portable = deliver(new PortableSrtpFactory(), false, profile);
    expect(fast[0]!.length).toBeGreaterThan(60);
    expect(portable).toEqual(fast);
    expect(new Set(fast.flat()).size).toBe(fast.flat().length);
  });
}
