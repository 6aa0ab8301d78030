/** An independent writer of Dependency Descriptors: strings of bits, straight from A.8.2. */

export interface Template {
  readonly spatialId: number;
  readonly temporalId: number;
  /** One of "-DSR" a decode target. */
  readonly dtis: string;
  readonly fdiffs: readonly number[];
  readonly chains: readonly number[];
}

export interface Structure {
  readonly offset: number;
  readonly targets: number;
  readonly chains: number;
  readonly protectedBy: readonly number[];
  /** Ordered by layers, as next_layer_idc asks. */
  readonly templates: readonly Template[];
  readonly resolutions: readonly (readonly [number, number])[];
}

export interface Descriptor {
  readonly start: boolean;
  readonly end: boolean;
  readonly template: number;
  readonly frame: number;
  readonly structure?: Structure;
  readonly active?: number;
  readonly dtis?: string;
  readonly fdiffs?: readonly number[];
  readonly chains?: readonly number[];
}

export function writeDescriptor(structure: Structure, descriptor: Descriptor): Uint8Array {
  const { active, dtis, fdiffs, chains } = descriptor;
  const id = (structure.offset + descriptor.template) % 64;
  let bits = flag(descriptor.start) + flag(descriptor.end) + f(6, id) + f(16, descriptor.frame);
  const optional = [descriptor.structure, active, dtis, fdiffs, chains];
  if (optional.some((part) => part !== undefined)) {
    for (const part of optional) bits += flag(part !== undefined);
    if (descriptor.structure !== undefined) bits += structureBits(descriptor.structure);
    if (active !== undefined) bits += f(structure.targets, active);
    if (dtis !== undefined) bits += dtiBits(dtis);
    for (const fdiff of fdiffs ?? []) {
      const size = fdiff <= 16 ? 1 : fdiff <= 256 ? 2 : 3;
      bits += f(2, size) + f(4 * size, fdiff - 1);
    }
    if (fdiffs !== undefined) bits += f(2, 0);
    for (const chain of chains ?? []) bits += f(8, chain);
  }
  const bytes = new Uint8Array(Math.ceil(bits.length / 8));
  for (let i = 0; i < bytes.length; i += 1) {
    bytes[i] = Number.parseInt(bits.slice(i * 8, i * 8 + 8).padEnd(8, "0"), 2);
  }
  return bytes;
}

function structureBits(structure: Structure): string {
  const { templates, targets, chains } = structure;
  let bits = f(6, structure.offset) + f(5, targets - 1);
  for (let i = 0; i < templates.length; i += 1) {
    const [now, next] = [templates[i]!, templates[i + 1]];
    if (next === undefined) bits += f(2, 3);
    else if (next.spatialId > now.spatialId) bits += f(2, 2);
    else bits += f(2, next.temporalId > now.temporalId ? 1 : 0);
  }
  for (const template of templates) bits += dtiBits(template.dtis);
  for (const template of templates) {
    for (const fdiff of template.fdiffs) bits += `1${f(4, fdiff - 1)}`;
    bits += "0";
  }
  bits += ns(targets + 1, chains);
  if (chains > 0) {
    for (const chain of structure.protectedBy) bits += ns(chains, chain);
    for (const template of templates) for (const chain of template.chains) bits += f(4, chain);
  }
  bits += flag(structure.resolutions.length > 0);
  for (const [width, height] of structure.resolutions) bits += f(16, width - 1) + f(16, height - 1);
  return bits;
}

function dtiBits(dtis: string): string {
  return [...dtis].map((dti) => f(2, "-DSR".indexOf(dti))).join("");
}

function flag(value: boolean): string {
  return value ? "1" : "0";
}

function f(width: number, value: number): string {
  return width === 0 ? "" : (value >>> 0).toString(2).padStart(width, "0");
}

/** write_ns of A.8.2. */
function ns(values: number, value: number): string {
  if (values === 1) return "";
  const width = values.toString(2).length;
  const short = 2 ** width - values;
  return value < short ? f(width - 1, value) : f(width, value + short);
}
