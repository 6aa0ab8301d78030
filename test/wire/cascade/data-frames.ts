import {
  DATA_OVERHEAD,
  DataFrame,
  writeDataHead,
  writeExtensionsHead,
  writePayloadHead,
} from "../../../src/wire/cascade/data.ts";

/** What a DATA frame says, with its parts as bytes. */
export interface Data {
  readonly alias: number;
  readonly ring: number;
  readonly codec: number;
  readonly sequence: number;
  readonly ageUs: number;
  readonly flags: number;
  readonly timestamp: number;
  readonly description: Uint8Array;
  readonly extensions: Uint8Array;
  readonly payload: Uint8Array;
}

export const DATA: Data = {
  alias: 0xfffe,
  ring: 8,
  codec: 6,
  sequence: -2,
  ageUs: 0xffff_fff0,
  flags: 0x8001,
  timestamp: 0xf000_0001,
  description: new Uint8Array(0),
  extensions: new Uint8Array(0),
  payload: Uint8Array.of(1, 2, 3),
};

/** The frame as the relay writes it, in place. */
export function dataBytes(data: Partial<Data> = {}): Uint8Array {
  const all = { ...DATA, ...data };
  const { description, extensions, payload, ...fixed } = all;
  const frame = Object.assign(new DataFrame(), fixed);
  frame.descriptionLength = description.length;
  const parts = description.length + extensions.length + payload.length;
  const out = new Uint8Array(DATA_OVERHEAD + parts);
  let at = writeDataHead(out, 0, frame);
  out.set(description, at);
  at = writeExtensionsHead(out, at + description.length, extensions.length);
  out.set(extensions, at);
  at = writePayloadHead(out, at + extensions.length, payload.length);
  out.set(payload, at);
  return out;
}

/** What a frame that was read says. */
export function dataOf(frame: DataFrame, bytes: Uint8Array): Data {
  const part = (offset: number, length: number) => bytes.slice(offset, offset + length);
  return {
    alias: frame.alias,
    ring: frame.ring,
    codec: frame.codec,
    sequence: frame.sequence,
    ageUs: frame.ageUs,
    flags: frame.flags,
    timestamp: frame.timestamp,
    description: part(frame.descriptionOffset, frame.descriptionLength),
    extensions: part(frame.extensionsOffset, frame.extensionsLength),
    payload: part(frame.payloadOffset, frame.payloadLength),
  };
}
