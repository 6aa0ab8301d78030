/** The clip that `spillway demo` plays, as frames that went through packets. */
import { resolve } from "node:path";
import { EncodedPacketSink, FilePathSource, Input, MP4 } from "mediabunny";
import { readH264Record } from "../../src/client/decoder-record.ts";
import type { Frame } from "../../src/packager/frames/frame.ts";
import { OpusFrames } from "../../src/packager/frames/opus.ts";
import { frameOf, h264Frames, packet, packetsOf, pushAll } from "./h264-packets.ts";

export interface Clip {
  /** At 30 frames a second, RTP times from 0 on. */
  readonly video: readonly Frame[];
  /** Of 20 ms each. */
  readonly audio: readonly Frame[];
}

const PATH = resolve(import.meta.dir, "../../src/cli/demo.mp4");

export async function readClip(): Promise<Clip> {
  const input = new Input({ source: new FilePathSource(PATH), formats: [MP4] });
  const [pictures, sound] = [
    await input.getPrimaryVideoTrack(),
    await input.getPrimaryAudioTrack(),
  ];
  const record = await pictures!.getDecoderConfig();
  const sets = readH264Record(new Uint8Array(record!.description as ArrayBuffer))!.sets;
  const frames = h264Frames();
  const video: Frame[] = [];
  for await (const { data, type } of new EncodedPacketSink(pictures!).packets()) {
    const front = type === "key" ? frameOf(...sets) : new Uint8Array(0);
    const unit = new Uint8Array([...front, ...data]);
    video.push(...pushAll(frames, packetsOf(unit, video.length * 3000)));
  }
  const opus = new OpusFrames();
  const audio: Frame[] = [];
  for await (const { data } of new EncodedPacketSink(sound!).packets()) {
    opus.push(packet(data, audio.length * 960), (frame) => audio.push(frame));
  }
  return { video, audio };
}
