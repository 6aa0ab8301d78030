import { PayloadDescription } from "../../wire/payload-description.ts";
import { isPictureSize } from "../../wire/picture-size.ts";
import { describeVp9 } from "../../wire/vp9.ts";
import { Vp9Header } from "../../wire/vp9-header.ts";
import { keptFormat, type VideoFormat } from "../format.ts";
import type { Assembly } from "./assembly.ts";
import { FrameBuffer } from "./frame-buffer.ts";
import { vp9Codecs, writeVpcConfig } from "./vpc-config.ts";

/** Scratch of the one thread that runs this module: valid within one call only. */
const description = new PayloadDescription();
const header = new Vp9Header();

/** Frames of VP9 (RFC 9628): the data behind the descriptors. */
export class Vp9Assembly implements Assembly {
  unfit: string | null = null;
  hasPicture = false;
  /** The end of a layer frame has not come. */
  open = false;
  readonly #frame = new FrameBuffer();
  #format: VideoFormat | null = null;
  // Of this picture.
  #predicted = false;
  #hasLayers = false;

  get key(): boolean {
    const bytes = this.#frame.view(0);
    return this.hasPicture && !this.#predicted && header.read(bytes, 0, bytes.length);
  }

  begin(): void {
    this.#frame.cut(0);
    this.open = false;
    this.hasPicture = false;
    this.#predicted = false;
    this.#hasLayers = false;
  }

  push(payload: Uint8Array): boolean {
    description.reset();
    if (payload.length === 0 || !describeVp9(payload, 0, payload.length, description)) return false;
    const { frameStart, frameEnd, spatialId, spatialLayers, interPicture, dataOffset } =
      description;
    // A layer frame begins where none is open, and nowhere else.
    if (frameStart === this.open) return false;
    if (frameStart && this.#frame.length === 0) this.#predicted = interPicture;
    if (spatialId > 0 || spatialLayers > 1) this.#hasLayers = true;
    // Layers begin between keyframes, too: the next of those tells of them.
    if (this.#hasLayers && this.#predicted) return false;
    this.open = !frameEnd;
    this.hasPicture ||= frameEnd;
    return this.#frame.append(payload, dataOffset, payload.length - dataOffset);
  }

  take(): Uint8Array {
    this.hasPicture = false;
    return this.#frame.take();
  }

  format(): VideoFormat | null {
    this.unfit = this.#hasLayers ? "its VP9 has several spatial layers" : null;
    const bytes = this.#frame.view(0);
    if (this.#hasLayers || !header.read(bytes, 0, bytes.length)) return null;
    const { width, height } = header;
    if (!isPictureSize(width, height)) return null;
    this.#format = keptFormat(this.#format, {
      codec: "vp9",
      codecs: vp9Codecs(header),
      width,
      height,
      config: writeVpcConfig(header),
    });
    return this.#format;
  }
}
