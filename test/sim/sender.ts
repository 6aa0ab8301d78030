import { BandwidthEstimator } from "../../src/media/estimator.ts";
import { Pacer } from "../../src/media/pacer.ts";
import { PacketKind } from "../../src/media/sent-packets.ts";
import { LayerPolicy } from "./layer-policy.ts";
import {
  AUDIO_BYTES,
  AUDIO_INTERVAL_US,
  type FrameInfo,
  OVERHEAD_BYTES,
  PAYLOAD_BYTES,
  type SimPacket,
  wireRate,
} from "./packet.ts";
import type { Frame, Source } from "./source.ts";

const POLICY_INTERVAL_US = 20_000;
/** A downgrade with such a queue on the path does not add to it while the keyframe comes. */
const PAUSE_QUEUE_US = 200_000;
const PLI_INTERVAL_US = 200_000;
const HISTORY = 2048;

interface Queued {
  readonly frame: FrameInfo;
  readonly bytes: number;
}

const KINDS = {
  video: PacketKind.media,
  audio: PacketKind.media,
  rtx: PacketKind.rtx,
  probe: PacketKind.probe,
} as const;

/** A model of what egress does for one viewer: layer, pacing, repair, probes. */
export class Sender {
  readonly estimator: BandwidthEstimator;
  readonly pacer = new Pacer();
  readonly policy: LayerPolicy;
  /** The layer that flows; -1 before the first keyframe. */
  layer = -1;
  switches: { at: number; to: number }[] = [];
  audioSent = 0;
  probeBytes = 0;
  sentBytes = 0;
  private readonly queue: Queued[] = [];
  private queuedBytes = 0;
  private readonly repairs: SimPacket[] = [];
  private readonly history = new Map<number, SimPacket>();
  private readonly repairedAt = new Map<number, number>();
  private transport = 0;
  private sequence = 0;
  private frameId = 0;
  private audioAt = 0;
  private policyAt = 0;
  private pliAt = 0;

  constructor(
    private readonly source: Source,
    private readonly emit: (now: number, packet: SimPacket) => void,
    now: number,
    startBitrate?: number,
  ) {
    this.estimator = new BandwidthEstimator(
      startBitrate === undefined ? { now } : { now, startBitrate },
    );
    this.policy = new LayerPolicy(source.layers, this.estimator.targetBitrate);
  }

  handleFrame(now: number, frame: Frame): void {
    const { wanted } = this.policy;
    if (frame.layer === wanted && wanted !== this.layer && frame.key) this.switchTo(now, wanted);
    if (frame.layer !== this.layer) return;
    const paused = wanted < this.layer && this.estimator.queueUs > PAUSE_QUEUE_US;
    if (paused && !frame.key) return;
    this.enqueue(frame);
  }

  handleNack(now: number, sequence: number): void {
    const packet = this.history.get(sequence);
    const last = this.repairedAt.get(sequence) ?? Number.NEGATIVE_INFINITY;
    if (packet === undefined || now - last < this.estimator.rttUs * 0.8) return;
    this.repairedAt.set(sequence, now);
    this.repairs.push(packet);
  }

  handlePli(now: number): void {
    this.source.requestKeyframe(now, this.layer < 0 ? this.policy.wanted : this.layer);
  }

  tick(now: number): void {
    const { estimator } = this;
    if (now >= estimator.nextTimeout()) estimator.handleTimeout(now);
    if (now >= this.policyAt) this.runPolicy(now);
    if (now >= this.audioAt) this.sendAudio(now);
    this.sendRepairs(now);
    this.sendVideo(now);
    for (let bytes = estimator.probe(now); bytes > 0; bytes = estimator.probe(now)) {
      this.probeBytes += bytes;
      this.pacer.charge(now, bytes);
      this.send(now, "probe", -1, bytes, null);
    }
  }

  private runPolicy(now: number): void {
    this.policyAt = now + POLICY_INTERVAL_US;
    this.policy.update(now, this.estimator);
    const { wanted } = this.policy;
    if (wanted !== this.layer && now >= this.pliAt) {
      this.pliAt = now + PLI_INTERVAL_US;
      this.source.requestKeyframe(now, wanted);
    }
  }

  private switchTo(now: number, layer: number): void {
    this.layer = layer;
    this.switches.push({ at: now, to: layer });
    // Packets of the old layer are not sent after the switch.
    this.queue.length = 0;
    this.queuedBytes = 0;
  }

  private enqueue(frame: Frame): void {
    const packets = Math.ceil(frame.bytes / PAYLOAD_BYTES);
    const each = Math.ceil(frame.bytes / packets) + OVERHEAD_BYTES;
    const info = { id: this.frameId, key: frame.key, packets, layer: frame.layer, at: frame.at };
    this.frameId += 1;
    for (let i = 0; i < packets; i += 1) this.queue.push({ frame: info, bytes: each });
    this.queuedBytes += packets * each;
  }

  private sendAudio(now: number): void {
    this.audioAt += AUDIO_INTERVAL_US;
    this.pacer.charge(now, AUDIO_BYTES);
    this.send(now, "audio", this.audioSent, AUDIO_BYTES, null);
    this.audioSent += 1;
  }

  private sendRepairs(now: number): void {
    while (this.repairs.length > 0 && this.pacer.allow(now, this.repairs[0]!.bytes)) {
      const original = this.repairs.shift()!;
      this.send(now, "rtx", original.sequence, original.bytes + 2, original.frame);
    }
  }

  private sendVideo(now: number): void {
    const layer = wireRate(this.source.layers[Math.max(0, this.layer)]!);
    this.pacer.setRates(now, layer, this.estimator.estimate, this.queuedBytes);
    while (this.queue.length > 0 && this.pacer.allow(now, this.queue[0]!.bytes)) {
      const next = this.queue.shift()!;
      this.queuedBytes -= next.bytes;
      const packet = this.send(now, "video", this.sequence, next.bytes, next.frame);
      this.history.set(this.sequence, packet);
      this.history.delete(this.sequence - HISTORY);
      this.repairedAt.delete(this.sequence - HISTORY);
      this.sequence += 1;
    }
  }

  private send(
    now: number,
    kind: SimPacket["kind"],
    sequence: number,
    bytes: number,
    frame: FrameInfo | null,
  ): SimPacket {
    const packet = { kind, transport: this.transport, sequence, bytes, frame };
    this.transport = (this.transport + 1) & 0xffff;
    this.estimator.notePacketSent(packet.transport, now, bytes, KINDS[kind]);
    this.sentBytes += bytes;
    this.emit(now, packet);
    return packet;
  }
}
