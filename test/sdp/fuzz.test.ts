import { expect } from "bun:test";
import { readAnswer } from "../../src/sdp/client.ts";
import { readFragment } from "../../src/sdp/fragment.ts";
import { isProblem } from "../../src/sdp/problem.ts";
import { seeded } from "../support/random.ts";
import { inTime, Late, timed } from "../support/timed.ts";
import { H264_LIVE, OFFER_NAMES, offerText, publish, succeed, watch } from "./support.ts";

const ROUNDS = 10_000;
/** One slow input is a quadratic parser; a slow machine is not, so two runs must both be slow. */
const SLOW_MS = 5;
const OFFERS = OFFER_NAMES.map(offerText);
const ANSWERS = [publish(offerText("chrome-publish")), watch(offerText("chrome-watch"))].map(
  (answer) => succeed(answer).sdp,
);

const PARSERS = {
  publish: { parse: (text: string) => publish(text, true), seeds: OFFERS },
  watch: { parse: (text: string) => watch(text, H264_LIVE), seeds: OFFERS },
  readAnswer: { parse: (text: string) => readAnswer(text), seeds: ANSWERS },
  readFragment: { parse: (text: string) => readFragment(text), seeds: [...OFFERS, ...ANSWERS] },
};

for (const [name, { parse, seeds }] of Object.entries(PARSERS)) {
  timed(
    `${name}: 10,000 random and mutated texts end in a result, soon`,
    () => {
      const seed = 20_260 + name.length;
      const random = seeded(seed);
      let refused = 0;
      for (let round = 0; round < ROUNDS; round++) {
        const text = round % 10 === 0 ? noise(random) : mutate(pick(seeds, random), random);
        try {
          if (isProblem(parse(text))) refused += 1;
          if (elapsed(parse, text) > SLOW_MS) {
            inTime(() => expect(quickest(parse, text)).toBeLessThan(SLOW_MS));
          }
        } catch (error) {
          if (error instanceof Late) throw error;
          throw new Error(`seed ${seed}, round ${round}: ${JSON.stringify(text)}`, {
            cause: error,
          });
        }
      }
      expect(refused).toBeGreaterThan(ROUNDS / 20);
      expect(refused).toBeLessThan(ROUNDS);
    },
    120_000,
  );
}

timed("the largest texts of the worst shapes are linear", () => {
  const offer = offerText("chrome-publish");
  const fill = (line: (index: number) => string) =>
    offer + Array.from({ length: 1800 }, (_, i) => line(i)).join("");
  const shapes = [
    fill((i) => `a=ssrc:${i + 1} cname:a\r\n`),
    fill((i) => `a=rtcp-fb:* x${i}\r\n`),
    fill((i) => `a=fmtp:96 k${i}=1\r\n`),
    fill((i) => `a=extmap:${i} urn:x\r\n`),
    fill((i) => `a=rid:r${i} send\r\n`),
    `${offer}a=fmtp:96 ${";".repeat(55_000)}\r\n`,
    `${offer}a=candidate:${" ".repeat(55_000)}\r\n`,
    `${offer}a=candidate:1 1 udp 1 ${":".repeat(55_000)} 1 typ host\r\n`,
    `${offer}m=audio 9 UDP/TLS/RTP/SAVPF ${"1 ".repeat(27_000)}\r\na=mid:7\r\n`,
  ];
  for (const text of shapes) {
    const times = [1, 2, 3].map(() => elapsed((input) => publish(input, true), text));
    inTime(() => expect(Math.min(...times)).toBeLessThan(25));
  }
});

/** Of several tries: a slow text is slow each time, a busy machine is not. */
function quickest(parse: (text: string) => object, text: string): number {
  return Math.min(...Array.from({ length: 8 }, () => elapsed(parse, text)));
}

function elapsed(parse: (text: string) => object, text: string): number {
  const start = Bun.nanoseconds();
  parse(text);
  return (Bun.nanoseconds() - start) / 1e6;
}

function mutate(text: string, random: () => number): string {
  let lines = text.split("\r\n");
  const times = 1 + Math.floor(random() * 4);
  for (let i = 0; i < times; i++) {
    const at = Math.floor(random() * lines.length);
    const line = lines[at] ?? "";
    const cut = Math.floor(random() * (line.length + 1));
    const kind = Math.floor(random() * 8);
    if (kind === 0) lines.splice(at, 1);
    else if (kind === 1) lines.splice(at, 0, pick([...lines, ""], random));
    else if (kind === 2) lines[at] = line.slice(0, cut);
    else if (kind === 3)
      lines[at] = line.slice(0, cut) + noise(random).slice(0, 9) + line.slice(cut);
    else if (kind === 4)
      lines[at] = line.replace(/\d+/, String(Math.floor(random() * 2 ** 33) - 9));
    else if (kind === 5) lines = lines.slice(0, at + 1);
    else if (kind === 6) lines[at] = line.replace(/[: =;/]/, "");
    else lines[at] = `${line.slice(0, 12)}${pick([...lines, ""], random).slice(2)}`;
  }
  return lines.join("\r\n");
}

function noise(random: () => number): string {
  const alphabet = "a=m=:;/ ,\r\n\0\u00e9\ud83d0123456789afvtxcandidate-ice";
  return Array.from({ length: Math.floor(random() * 300) }, () =>
    alphabet.charAt(Math.floor(random() * alphabet.length)),
  ).join("");
}

function pick<T>(items: readonly T[], random: () => number): T {
  return items[Math.floor(random() * items.length)] as T;
}
