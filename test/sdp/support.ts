import { expect } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { answerPublisher, answerViewer, type LiveTracks } from "../../src/sdp/answer.ts";
import type { LocalDescription } from "../../src/sdp/local.ts";
import { type Offer, readOffer } from "../../src/sdp/offer.ts";
import { type ParsedMedia, type ParsedSdp, parseSdp } from "../../src/sdp/parse.ts";
import { isProblem, type SdpProblem } from "../../src/sdp/problem.ts";

const FOLDER = new URL("./offers/", import.meta.url).pathname;

export const OFFER_NAMES = readdirSync(FOLDER)
  .map((name) => name.replace(/\.sdp$/, ""))
  .sort();

export function offerText(name: string): string {
  return readFileSync(`${FOLDER}${name}.sdp`, "utf8");
}

/** Players, by the name of their fixture. */
export function isViewer(name: string): boolean {
  return /watch|reader|player|whep/.test(name);
}

export const LOCAL: LocalDescription = {
  ufrag: "srvU",
  pwd: "serverPassword0123456789",
  fingerprint: `sha-256 ${Array.from({ length: 32 }, () => "5A").join(":")}`,
  candidates: [
    { address: "2001:db8::7", port: 8443, family: 6 },
    { address: "192.0.2.1", port: 8443, family: 4 },
  ],
  sessionId: "4611686018427387905",
  cname: "spillway",
  streamId: "live",
  ssrcs: { audio: 11, video: 22, videoRtx: 33 },
};

export const H264_LIVE: LiveTracks = {
  audio: { codec: "opus", fmtp: "minptime=10;useinbandfec=1" },
  video: { codec: "h264", fmtp: "packetization-mode=1;profile-level-id=42e01f" },
};

export function succeed<T extends object>(result: T | SdpProblem): T {
  if (isProblem(result)) throw new Error(`${result.status}: ${result.detail}`);
  return result;
}

export function fail(result: object, status: 400 | 413 | 422): SdpProblem {
  if (!isProblem(result)) throw new Error(`expected ${status}, got no problem`);
  expect(result.status).toBe(status);
  expect(result.detail).toMatch(/^[A-Za-z].{10,}\.$/);
  return result;
}

export function publish(text: string, simulcast = false, files = false) {
  const offer = readOffer(text, { role: "publisher" });
  return isProblem(offer) ? offer : answerPublisher(offer, LOCAL, { simulcast, files });
}

export function watch(text: string, stream: LiveTracks | null = null) {
  const offer = readOffer(text, { role: "viewer" });
  return isProblem(offer) ? offer : answerViewer(offer, LOCAL, stream);
}

export function parsed(text: string): ParsedSdp {
  return succeed(parseSdp(text));
}

export function attribute(media: ParsedMedia | ParsedSdp | undefined, key: string): string[] {
  return (media?.attributes ?? []).filter((a) => a.key === key).map((a) => a.value);
}

/** Every rule of RFC 9429 5.3.1 and RFC 9725 4.4 that holds between any offer and its answer. */
export function expectStructure(offerSdp: string, answerSdp: string, role: Offer["role"]): void {
  const offer = parsed(offerSdp);
  const answer = parsed(answerSdp);
  expect(answerSdp.startsWith("v=0\r\n")).toBe(true);
  expect(answerSdp.replaceAll("\r\n", "")).not.toMatch(/[\r\n]/);
  expect(answerSdp.length).toBeLessThan(8192);
  expect(answer.media.map((m) => m.kind)).toEqual(offer.media.map((m) => m.kind));
  expect(answer.media.map((m) => attribute(m, "mid"))).toEqual(
    offer.media.map((m) => attribute(m, "mid")),
  );
  expect(attribute(answer, "ice-lite")).toEqual([""]);
  const live = answer.media.filter((m) => m.port !== 0);
  expect(live.length).toBeGreaterThan(0);
  if (attribute(offer, "group").length > 0) {
    const mids = live.flatMap((m) => attribute(m, "mid")).sort();
    const groups = attribute(answer, "group");
    expect(groups.length).toBe(1);
    expect(groups[0]?.split(" ").slice(1).sort()).toEqual(mids);
  }
  for (const [index, section] of answer.media.entries()) {
    if (section.port === 0) continue;
    expectSection(offer, offer.media[index], section, role);
  }
  expect(live.flatMap((m) => attribute(m, "candidate")).length).toBe(2);
  expect(live.flatMap((m) => attribute(m, "candidate"))[0]).toContain(" 192.0.2.1 8443 typ host");
  expect(live.flatMap((m) => attribute(m, "end-of-candidates")).length).toBe(1);
}

function expectSection(
  offer: ParsedSdp,
  offered: ParsedMedia | undefined,
  section: ParsedMedia,
  role: Offer["role"],
): void {
  const payloadTypes = new Set(offered?.formats);
  for (const payloadType of section.formats) expect(payloadTypes.has(payloadType)).toBe(true);
  const direction = role === "publisher" ? "recvonly" : "sendonly";
  for (const other of ["recvonly", "sendonly", "sendrecv", "inactive"]) {
    expect(attribute(section, other).length).toBe(other === direction ? 1 : 0);
  }
  expect(attribute(section, "ice-ufrag")).toEqual([LOCAL.ufrag]);
  expect(attribute(section, "ice-pwd")).toEqual([LOCAL.pwd]);
  expect(attribute(section, "fingerprint")).toEqual([LOCAL.fingerprint]);
  expect(attribute(section, "rtcp-mux")).toEqual([""]);
  expect(attribute(section, "rtcp-mux-only")).toEqual([""]);
  expect(attribute(section, "bundle-only")).toEqual([]);
  expect(attribute(section, "rtcp-rsize")).toEqual(attribute(offered, "rtcp-rsize"));
  expect(attribute(section, "extmap-allow-mixed")).toEqual(
    attribute(offered, "extmap-allow-mixed"),
  );
  const extmaps = new Map(
    [...attribute(offered, "extmap"), ...attribute(offer, "extmap")].map((value) => {
      const [id, uri] = value.split(" ");
      return [uri, id] as const;
    }),
  );
  for (const value of attribute(section, "extmap")) {
    const [id, uri] = value.split(" ");
    expect(extmaps.get(uri)).toBe(id?.replace(/recvonly|sendonly/, swap));
  }
  const feedback = new Set(attribute(offered, "rtcp-fb"));
  for (const value of attribute(section, "rtcp-fb")) expect(feedback.has(value)).toBe(true);
  const ssrcs = attribute(section, "ssrc").map((value) => value.split(" ")[0]);
  if (role === "publisher") {
    expect(ssrcs).toEqual([]);
    expect(attribute(section, "msid")).toEqual([]);
  } else {
    expect(attribute(section, "msid").length).toBe(1);
    for (const group of attribute(section, "ssrc-group")) {
      for (const ssrc of group.split(" ").slice(1)) expect(ssrcs).toContain(ssrc);
    }
  }
}

function swap(direction: string): string {
  return direction === "recvonly" ? "sendonly" : "recvonly";
}
