import type { MediaFormat, MediaSection } from "../contract/session.ts";
import { Codec, type CodecId } from "../wire/codecs.ts";

/** What a payload type of one m-section means. */
export interface PayloadFormat {
  readonly format: MediaFormat;
  readonly codec: CodecId;
  readonly use: "media" | "rtx" | "red";
}

/** Payload types of one m-section, by number. */
export class Formats {
  /** The preferred one: what the section is until its first packet comes. */
  readonly first: PayloadFormat;
  readonly #byType: (PayloadFormat | null)[] = new Array(128).fill(null);

  constructor(section: MediaSection) {
    for (const format of section.formats) {
      const codec = Codec[format.codec];
      this.#byType[format.payloadType] = { format, codec, use: "media" };
      if (format.rtxPayloadType !== null) {
        this.#byType[format.rtxPayloadType] = { format, codec, use: "rtx" };
      }
      if (format.redPayloadType !== null) {
        this.#byType[format.redPayloadType] = { format, codec, use: "red" };
      }
    }
    const preferred = section.formats[0]!;
    this.first = { format: preferred, codec: Codec[preferred.codec], use: "media" };
  }

  of(payloadType: number): PayloadFormat | null {
    return this.#byType[payloadType] ?? null;
  }
}
