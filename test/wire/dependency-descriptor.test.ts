import { expect, test } from "bun:test";
import { DependencyDescriptorReader } from "../../src/wire/dependency-descriptor.ts";
import { DESCRIPTOR_GROWTH_MAX, rewriteDescriptor } from "../../src/wire/dependency-rewrite.ts";
import {
  type Descriptor,
  type Structure,
  type Template,
  writeDescriptor,
} from "../support/descriptor-writer.ts";
import { fuzz } from "../support/fuzz.ts";
import { LAYER_VECTORS, layerVector } from "../support/layer-vectors.ts";
import { seeded } from "../support/random.ts";

/** Differences that a mask of references names. */
function diffs(references: number): number[] {
  return Array.from({ length: 32 }, (_, i) => i + 1).filter((d) => (references >>> (d - 1)) & 1);
}

for (const name of LAYER_VECTORS) {
  test(`reads what Chromium sends with ${name} as its encoder tells it`, () => {
    const { packets, frames } = layerVector(name);
    const reader = new DependencyDescriptorReader();
    let compared = 0;
    for (const packet of packets) {
      expect(reader.read(packet.descriptor, 0, packet.descriptor.length)).toBe(true);
      const frame = frames.get(reader.frameNumber);
      if (frame === undefined) continue;
      compared += 1;
      expect(packet.timestamp).toBe(frame.rtpTimestamp);
      expect(reader.spatialId).toBe(frame.spatialIndex);
      expect(reader.temporalId).toBe(frame.temporalIndex);
      expect(reader.keyframe && reader.startOfFrame).toBe(frame.key && reader.startOfFrame);
      const wanted = frame.dependencies.map((id) => frame.frameId - id).sort((a, b) => a - b);
      expect(diffs(reader.references)).toEqual(wanted);
      if (frame.key) expect(reader.structure.spatialLayers).toBe(name.includes("l3") ? 3 : 1);
    }
    expect(compared).toBeGreaterThan(50);
  });
}

test("keeps the set of active targets that Chromium names at the start", () => {
  const { packets } = layerVector("av1-l3t3-key");
  const reader = new DependencyDescriptorReader();
  for (const { descriptor } of packets) reader.read(descriptor, 0, descriptor.length);
  // Two of three spatial layers at this bitrate, three temporal ones each.
  expect(reader.activeTargets).toBe(0b000_111_111);
});

function randomStructure(random: () => number): Structure {
  const pick = (limit: number) => Math.floor(random() * limit);
  const targets = 1 + pick(32);
  const chains = pick(Math.min(targets, 6) + 1);
  const dtis = () => Array.from({ length: targets }, () => "-DSR"[pick(4)]!).join("");
  const templates: Template[] = [];
  let [spatialId, temporalId] = [0, 0];
  for (let i = 1 + pick(12); i > 0; i -= 1) {
    templates.push({
      ...{ spatialId, temporalId, dtis: dtis() },
      fdiffs: Array.from({ length: pick(4) }, () => 1 + pick(16)),
      chains: Array.from({ length: chains }, () => pick(16)),
    });
    const step = pick(3);
    if (step === 1 && temporalId < 7) temporalId += 1;
    if (step === 2 && spatialId < 3) [spatialId, temporalId] = [spatialId + 1, 0];
  }
  const top = templates.at(-1)!.spatialId;
  const sized = pick(2) === 0;
  return {
    ...{ offset: pick(64), targets, chains, templates },
    protectedBy: Array.from({ length: targets }, () => (chains === 0 ? 0 : pick(chains))),
    resolutions: sized
      ? Array.from({ length: top + 1 }, () => [1 + pick(65536), 1 + pick(65536)] as const)
      : [],
  };
}

function randomDescriptor(random: () => number, structure: Structure, key: boolean): Descriptor {
  const pick = (limit: number) => Math.floor(random() * limit);
  const some = <T>(make: () => T): T | undefined => (pick(3) === 0 ? make() : undefined);
  const active = some(() => Math.floor(random() * 2 ** structure.targets));
  const dtis = some(() =>
    Array.from({ length: structure.targets }, () => "-DSR"[pick(4)]).join(""),
  );
  const fdiffs = some(() =>
    Array.from({ length: pick(5) }, () => 1 + pick([16, 32, 256, 4096][pick(4)]!)),
  );
  const chains = some(() => Array.from({ length: structure.chains }, () => pick(256)));
  return {
    ...{ start: key || pick(2) === 0, end: pick(2) === 0, frame: pick(65536) },
    template: pick(structure.templates.length),
    ...(key ? { structure } : {}),
    ...(active === undefined ? {} : { active }),
    ...(dtis === undefined ? {} : { dtis }),
    ...(fdiffs === undefined ? {} : { fdiffs }),
    ...(chains === undefined ? {} : { chains }),
  };
}

function expectRead(reader: DependencyDescriptorReader, s: Structure, d: Descriptor): void {
  const template = s.templates[d.template]!;
  const dtis = d.dtis ?? template.dtis;
  const mask = (of: string) =>
    [...dtis].reduce((sum, dti, i) => sum + (of.includes(dti) ? 2 ** i : 0), 0);
  expect(reader.startOfFrame).toBe(d.start);
  expect(reader.endOfFrame).toBe(d.end);
  expect(reader.frameNumber).toBe(d.frame);
  expect(reader.spatialId).toBe(template.spatialId);
  expect(reader.temporalId).toBe(template.temporalId);
  expect([reader.present, reader.switching]).toEqual([mask("DSR"), mask("S")]);
  const fdiffs = d.fdiffs ?? template.fdiffs;
  const near = [...new Set(fdiffs.filter((diff) => diff <= 32))].sort((a, b) => a - b);
  expect(diffs(reader.references)).toEqual(near);
  expect(reader.farReference).toBe(fdiffs.some((diff) => diff > 32));
  const chains = d.chains ?? template.chains;
  expect([...reader.chainDiffs.subarray(0, s.chains)]).toEqual([...chains]);
  const size = s.resolutions[template.spatialId] ?? [0, 0];
  expect([reader.width, reader.height]).toEqual([...size]);
}

test("reads what an independent writer makes of random structures and frames", () => {
  const seed = 41;
  const random = seeded(seed);
  for (let round = 0; round < 300; round += 1) {
    const structure = randomStructure(random);
    const reader = new DependencyDescriptorReader();
    const key = randomDescriptor(random, structure, true);
    const frames = [key];
    for (let i = 0; i < 8; i += 1) frames.push(randomDescriptor(random, structure, false));
    for (const descriptor of frames) {
      const bytes = writeDescriptor(structure, descriptor);
      const ok = reader.read(bytes, 0, bytes.length);
      expect(ok, `seed ${seed} round ${round}`).toBe(true);
      expectRead(reader, structure, descriptor);
    }
    const all = 2 ** structure.targets - 1;
    const first = new DependencyDescriptorReader();
    const bytes = writeDescriptor(structure, key);
    first.read(bytes, 0, bytes.length);
    expect(first.activeTargets).toBe(key.active ?? all);
  }
});

test("a rewritten descriptor says the same with another frame number and other targets", () => {
  const seed = 42;
  const random = seeded(seed);
  for (let round = 0; round < 300; round += 1) {
    const structure = randomStructure(random);
    const reader = new DependencyDescriptorReader();
    const rewritten = new DependencyDescriptorReader();
    for (let i = 0; i < 6; i += 1) {
      const descriptor = randomDescriptor(random, structure, i === 0);
      const bytes = writeDescriptor(structure, descriptor);
      expect(reader.read(bytes, 0, bytes.length)).toBe(true);
      const activeTargets = Math.floor(random() * 2 ** structure.targets);
      const frameNumberOffset = Math.floor(random() * 65536);
      const out = new Uint8Array(300).fill(0xa5);
      const change = {
        ...{ frameNumberOffset, activeTargets },
        maskBit: reader.maskBit,
        targets: structure.targets,
      };
      const length = rewriteDescriptor(bytes, 0, bytes.length, change, out, 3);
      expect(length).toBeGreaterThanOrEqual(bytes.length);
      expect(length - bytes.length).toBeLessThanOrEqual(DESCRIPTOR_GROWTH_MAX);
      expect(out[3 + length]).toBe(0xa5);
      const frame = (descriptor.frame + frameNumberOffset) & 0xffff;
      expect(rewritten.read(out, 3, length), `seed ${seed} round ${round}`).toBe(true);
      expectRead(rewritten, structure, { ...descriptor, frame });
      // The independent writer makes the same bits.
      const expected = writeDescriptor(structure, { ...descriptor, frame, active: activeTargets });
      const bits = expected.length;
      expect([...out.subarray(3, 3 + bits)]).toEqual([...expected]);
      for (let at = 3 + bits; at < 3 + length; at += 1) expect(out[at]).toBe(0);
    }
  }
});

test("a frame number alone is changed in place of any length", () => {
  const out = new Uint8Array(8);
  const change = { frameNumberOffset: 2, maskBit: 29, targets: 0, activeTargets: 0 };
  expect(rewriteDescriptor(Uint8Array.of(0xc1, 0xff, 0xff), 0, 3, change, out, 0)).toBe(3);
  expect([...out.subarray(0, 3)]).toEqual([0xc1, 0x00, 0x01]);
});

test("a place of the mask that is not a descriptor's makes none longer than it may grow", () => {
  const out = new Uint8Array(256);
  const plain = Uint8Array.of(0xc1, 0, 1);
  for (const maskBit of [0, 28, 30, 1008, 65_535]) {
    const change = { frameNumberOffset: 0, maskBit, targets: 3, activeTargets: 1 };
    expect(rewriteDescriptor(plain, 0, 3, change, out, 0)).toBe(-1);
  }
  const change = { frameNumberOffset: 0, maskBit: 29, targets: 3, activeTargets: 1 };
  expect(rewriteDescriptor(plain, 0, 3, change, out, 0)).toBe(4);
});

test("needs the structure first, and does not fall back to an old one", () => {
  const random = seeded(7);
  const old = { ...randomStructure(random), offset: 0 };
  const next = { ...randomStructure(random), offset: 32 };
  const reader = new DependencyDescriptorReader();
  const delta = writeDescriptor(old, { start: true, end: true, template: 0, frame: 11 });
  expect(reader.read(delta, 0, delta.length)).toBe(false);
  const key = (structure: Structure, frame: number) =>
    writeDescriptor(structure, { start: true, end: false, template: 0, frame, structure });
  for (const bytes of [key(old, 10), key(next, 20), key(old, 10)]) {
    expect(reader.read(bytes, 0, bytes.length)).toBe(true);
  }
  expect(reader.version).toBe(2);
  const frame = writeDescriptor(next, { start: true, end: true, template: 0, frame: 21 });
  expect(reader.read(frame, 0, frame.length)).toBe(true);
  // Of the old structure: its templates are unknown now.
  expect(reader.read(delta, 0, delta.length)).toBe(false);
  // An encoder that counts anew is no late packet.
  const again = key(old, 20 - 5000 + 65536);
  expect(reader.read(again, 0, again.length)).toBe(true);
  expect(reader.version).toBe(3);
});

test("survives anything", () => {
  const random = seeded(9);
  const samples = LAYER_VECTORS.flatMap((name) =>
    layerVector(name).packets.map((packet) => packet.descriptor),
  ).filter((bytes) => bytes.length > 0);
  for (let i = 0; i < 20; i += 1) {
    const structure = randomStructure(random);
    samples.push(writeDescriptor(structure, randomDescriptor(random, structure, true)));
  }
  const reader = new DependencyDescriptorReader();
  const out = new Uint8Array(4096);
  let read = 0;
  fuzz(5, samples, (bytes, offset, length) => {
    if (!reader.read(bytes, offset, length)) return;
    read += 1;
    const change = {
      ...{ frameNumberOffset: 1, activeTargets: 1 },
      ...{ maskBit: reader.maskBit, targets: reader.structure.targets },
    };
    const written = rewriteDescriptor(bytes, offset, length, change, out, 0);
    expect(written).toBeLessThanOrEqual(length + DESCRIPTOR_GROWTH_MAX);
  });
  expect(read).toBeGreaterThan(100);
});
