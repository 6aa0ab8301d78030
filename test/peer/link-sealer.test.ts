import { expect, test } from "bun:test";
import { pinnedRegion } from "../../src/io/pinned.ts";
import { LinkSealer } from "../../src/peer/link-sealer.ts";
import { SrtpReceiver } from "../../src/srtp/receiver.ts";
import { SrtpSender } from "../../src/srtp/sender.ts";
import { LINK_SSRC, readLinkIndex } from "../../src/wire/link-header.ts";
import { FACTORIES, material, PROFILES } from "../srtp/ciphers.ts";

const gcm = PROFILES[1];
const cipher = () =>
  FACTORIES[0].factory.create(gcm.profile, material(gcm.key, 1), material(gcm.salt, 1));

test("each datagram has the next index, and opens to what was put in, from its place or elsewhere", () => {
  const sealer = new LinkSealer(new SrtpSender(cipher()));
  const receiver = new SrtpReceiver(cipher(), 1);
  const [out, input] = [pinnedRegion(256), pinnedRegion(64)];
  expect(sealer.overhead).toBe(28);
  for (let index = 0; index < 20; index += 1) {
    const inPlace = index % 2 === 0;
    const from = inPlace ? out : input;
    const at = inPlace ? 5 + 12 : 3;
    from.bytes.fill(index, at, at + 40);
    const length = sealer.seal(out, 5, from, at, 40);
    expect(length).toBe(40 + sealer.overhead);
    expect(readLinkIndex(out.bytes, 5, length)).toBe(index);
    const opened = receiver.openRtpAt(out, 5, length, 12, LINK_SSRC, index, index);
    expect(opened).toBe(52);
    expect(out.bytes.subarray(17, 57)).toEqual(new Uint8Array(40).fill(index));
  }
  expect(sealer.sealed).toBe(20);
});

test("what does not fit is not sealed, and its index is not used again", () => {
  const sealer = new LinkSealer(new SrtpSender(cipher()));
  const out = pinnedRegion(64);
  expect(() => sealer.seal(out, 0, out, 12, 40)).toThrow();
  sealer.seal(out, 0, out, 12, 30);
  expect(readLinkIndex(out.bytes, 0, 58)).toBe(1);
});
