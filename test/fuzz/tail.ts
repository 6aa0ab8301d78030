/**
 * A publisher whose rings hold anything: no tail throws, all its playlists keep the rules, its files
 * can be read, and behind it true pictures and sound are shown.
 */
import { SlotFlag } from "../../src/ring/layout.ts";
import { sameBytes } from "../../src/wire/bytes.ts";
import { Codec } from "../../src/wire/codecs.ts";
import { KEY, type Track } from "../egress/harness.ts";
import { Broadcast, READER, type RingPublisher } from "../packager/broadcast.ts";
import { filmOf } from "../packager/film.ts";
import { frameOf, IDR, PPS, packetsOf, SMALL_SPS, SPS, slice } from "../packager/h264-packets.ts";
import { NodeCopy } from "../packager/node-copy.ts";
import { Dice } from "./dice.ts";
import { demand } from "./judge.ts";

/** Looks of a case, of 20 ms to some seconds each. */
const STEPS = 150;
const FLAGS = [
  ...[0, SlotFlag.marker, SlotFlag.skip, SlotFlag.needsParameterSets, SlotFlag.red],
  ...[SlotFlag.discontinuity, SlotFlag.frameStart, KEY, KEY | SlotFlag.discontinuity],
];

const CODECS = [Codec.vp8, Codec.vp9, Codec.av1, Codec.h265, Codec.h264];

/** One case: how many parts came of it. Throws when a rule is broken. */
export function fuzzTail(seed: number): number {
  const dice = new Dice(seed);
  const show = new Broadcast({
    seed,
    fps: dice.pick([1, 15, 30, 60]),
    keyframeEveryUs: dice.pick([null, 300_000, 1_000_000, 4_000_000]),
    answerUs: dice.pick([null, 20_000, 400_000]),
    layers: dice.between(1, 3),
    frameBytes: dice.pick([40, 1500, 9000]),
  });
  if (dice.chance(0.5)) show.run(dice.random() * 5);
  const partUs = dice.pick([200_000, 500_000, 1_000_000]);
  show.open(partUs);
  const node = new NodeCopy(show, { reader: READER + 1 }).share().open();
  for (let step = 0; step < STEPS; step += 1) {
    for (let acts = dice.below(4); acts > 0; acts -= 1) act(dice, show);
    node.run(dice.chance(0.02) ? dice.random() * 4 : dice.pick([0.01, 0.02, 0.1]));
  }
  judge(show);
  judgeCopy(show, node);
  const { length } = show.news;
  show.replace(0.5, { keyframeEveryUs: 1_000_000 });
  node.share();
  const before = filmOf(show);
  node.run(6);
  const after = filmOf(show);
  demand(after.pictures > before.pictures + 100, "true pictures are shown behind it");
  demand(after.sounds > before.sounds + 200, "and true sound is heard");
  demand(show.news.length - length >= 4_500_000 / partUs, "in parts that come steadily");
  judge(show);
  judgeCopy(show, node);
  const newest = [...node.files].slice(-4);
  demand(newest.length === 4, "another node has files, too");
  for (const [name, bytes] of newest) {
    demand(sameBytes(bytes, show.files.get(name)!), `${name} is the same at another node`);
  }
  show.close();
  demand(!show.wants().includes(true), "no ring is wanted in the end");
  return show.news.length;
}

/** Another node, which cuts the same rings as it is told, has no file that the root has not. */
function judgeCopy(show: Broadcast, { failures, rules, files }: NodeCopy): void {
  if (failures.length > 0) throw failures[0];
  demand(rules.ofEach.length === 0, `at another node: ${rules.ofEach.join("; ")}`);
  for (const name of files.keys()) demand(show.files.has(name), `another node has ${name}`);
}

function judge({ failures, rules, files }: Broadcast): void {
  if (failures.length > 0) throw failures[0];
  // Layers whose clocks have nothing to do with each other, or that give no keyframes, do not break at
  // one place.
  demand(rules.ofEach.length === 0, rules.ofEach.join("; "));
  for (const [name, bytes] of files) demand(bytes.length > 0, `${name} is empty`);
}

/** Something that no true publisher does, or does seldom. */
function act(dice: Dice, show: Broadcast): void {
  const { publisher } = show;
  const layer = dice.below(publisher.video.length);
  const track = publisher.video[layer]!;
  dice.pick<() => void>([
    () => hostile(dice, show, layer),
    () => hostile(dice, show, layer),
    () => hostileSound(dice, show),
    () => void publisher.lost.add(publisher.next[0]! + dice.below(5)),
    () =>
      void publisher.late.set(publisher.next[0]! + dice.below(3), show.now + dice.below(400_000)),
    () => {
      publisher.jump = (publisher.jump + dice.below(2 ** 32)) | 0;
    },
    () => {
      publisher.discontinuity = dice.chance(0.5);
    },
    () => {
      publisher.soundIsSilent = dice.chance(0.3);
    },
    () => (dice.chance(0.3) ? publisher.silent.add(track) : publisher.silent.clear()),
    () => track.writer.setTiming(dice.below(2 ** 32), dice.random() * 4e15, show.now),
    () => void (dice.chance(0.1) && skipAhead(dice, publisher, layer)),
    () => void (dice.chance(0.3) && track.describe(dice.pick(CODECS))),
    () => track.describe(Codec.h264),
    () => track.writer.setParameterSets(dice.bytes(dice.below(200))),
    () => track.writer.setParameterSets(new Uint8Array(0)),
  ])();
}

function skipAhead(dice: Dice, publisher: RingPublisher, layer: number): void {
  publisher.next[layer]! += dice.pick([1, 3, 100, 600, 5000]);
}

/** Packets that say anything, at the next numbers of a ring of pictures. */
function hostile(dice: Dice, show: Broadcast, layer: number): void {
  const { publisher, now } = show;
  const timestamp = dice.chance(0.5) ? ((now * 9) / 100) >>> 0 : dice.below(2 ** 32);
  for (const payload of payloads(dice)) {
    put(publisher.video[layer]!, publisher.next[layer]!, timestamp, now, payload, dice);
    publisher.next[layer]! += 1;
  }
}

function hostileSound(dice: Dice, show: Broadcast): void {
  const { publisher, now } = show;
  const payload = dice.bytes(dice.below(60));
  put(publisher.audio!, publisher.nextSound, dice.below(2 ** 32), now, payload, dice);
  publisher.nextSound += 1;
}

function put(
  track: Track,
  sequence: number,
  timestamp: number,
  now: number,
  payload: Uint8Array,
  dice: Dice,
): void {
  const arrival = dice.chance(0.05) ? now - dice.below(60_000_000) : now;
  track.put(sequence, timestamp, now, { payload, flags: dice.pick(FLAGS), arrival });
}

function payloads(dice: Dice): Uint8Array[] {
  if (dice.chance(0.4)) return [dice.bytes(dice.pick([0, 1, 2, 5, 40, 1200]))];
  const key = dice.chance(0.5);
  const body = slice(key ? "idr" : "delta", dice.between(4, 3000), dice.random);
  const sets = [dice.chance(0.5) ? SPS : SMALL_SPS, PPS];
  const frame = frameOf(...(key && dice.chance(0.7) ? sets : []), dice.chance(0.2) ? IDR : body);
  return packetsOf(frame, 0, dice.pick([64, 400, 1170])).map(({ payload }) => payload);
}
