import type { Region } from "../srtp/cipher.ts";
import type { DescriptorChange } from "../wire/dependency-rewrite.ts";
import type { Staging } from "./staging.ts";

/** Everything that makes one outgoing packet's bytes. One of them a thread, filled anew each time. */
export class Outgoing {
  payloadType = 0;
  /** 48-bit SRTP index; its low 16 bits are the sequence number. */
  index = 0;
  timestamp = 0;
  marker = false;
  /** Bytes of RTP padding that stand behind the payload. */
  padding = 0;
  payloadOffset = 0;
  payloadLength = 0;
  /** The packet's own elements: [internal id][length][data] ... */
  extensionOffset = 0;
  extensionLength = 0;
  /** transport-cc number, or -1. */
  transportSequence = -1;
  /** Adds playout-delay (10 ms units) when >= 0. */
  playoutMin = -1;
  playoutMax = -1;
  /** Adds abs-capture-time (us since 1900) when > 0. */
  captureNtpUs = 0;
  /** How its dependency descriptor changes; null leaves it as it came. */
  descriptor: Readonly<DescriptorChange> | null = null;

  constructor(
    /** Where payload and elements stand. */
    public region: Region,
  ) {}

  /** Payload and elements of a staged packet; nothing of ours. */
  take(batch: Staging, i: number): void {
    this.region = batch.region;
    this.payloadOffset = batch.payloadOffset(i);
    this.payloadLength = batch.payloadLengths[i]!;
    this.extensionOffset = batch.extensionOffset(i);
    this.extensionLength = batch.extensionLengths[i]!;
    this.marker = batch.marker(i);
    this.clearOwn();
  }

  /** A payload without elements. */
  takePayload(region: Region, offset: number, length: number): void {
    this.region = region;
    this.payloadOffset = offset;
    this.payloadLength = length;
    this.extensionOffset = 0;
    this.extensionLength = 0;
    this.marker = false;
    this.clearOwn();
  }

  private clearOwn(): void {
    this.padding = 0;
    this.transportSequence = -1;
    this.playoutMin = -1;
    this.playoutMax = -1;
    this.captureNtpUs = 0;
    this.descriptor = null;
  }
}
