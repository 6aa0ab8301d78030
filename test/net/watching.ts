/**
 * One publisher and one viewer, both Chromium, with the emulated path in front of the viewer: through
 * Spillway, or directly from the one to the other as the measure of what an encoder that follows
 * the rate itself can do.
 */
import type { Report } from "../support/browser.ts";
import { until } from "../support/until.ts";
import { type Frame, NetworkBrowser, type PublishPlan } from "./chromium.ts";
import { LinkEmulator } from "./emulator.ts";
import type { Figures, RateSteps } from "./emulator-messages.ts";
import { type NearServer, startNearServer } from "./near-server.ts";
import { type PhaseFigures, phaseFigures } from "./phase.ts";

const STREAM = "net";
const POLL_MS = 250;
const PUBLISHED_MS = 30_000;
/** A publisher whose estimate has grown so far sends all that it is to send. */
const FULL_SHARE = 0.9;
/** At 25 frames a second the estimate has grown for six seconds. */
const SVC_FRAMES = 150;
const LIFETIME_SECONDS = 600;

export interface WatchingOptions {
  readonly seed: number;
  readonly publish: PublishPlan;
  /** Bits a second before the first phase. */
  readonly bps: number;
  /** Both ways together. */
  readonly rttMs: number;
  /** At the first rate. */
  readonly queueMs: number;
  /** Random loss from the server to the viewer, 0 to 1. */
  readonly loss?: number;
  readonly direct?: boolean;
}

/** What the server believed, some times a second. */
export interface Belief {
  readonly seconds: number;
  readonly kbps: number;
  readonly layer: string;
}

export interface Phase extends PhaseFigures {
  readonly freezes: number;
  readonly freezeMs: number;
  readonly audioPackets: number;
  readonly audioLost: number;
  readonly videoLost: number;
  readonly plis: number;
  readonly network: Figures;
  readonly beliefs: readonly Belief[];
}

export class Watching {
  #last: Frame | null = null;

  private constructor(
    readonly path: LinkEmulator,
    private readonly server: NearServer | null,
    private readonly publisher: NetworkBrowser,
    private readonly viewer: NetworkBrowser,
  ) {}

  /** The viewer has joined when this resolves. Call `close` whatever happens then. */
  static async open(options: WatchingOptions): Promise<Watching> {
    const delayUs = (options.rttMs * 1000) / 2;
    const queueBytes = (options.bps * options.queueMs) / 8000;
    const path = await LinkEmulator.open({
      seed: options.seed,
      down: { delayUs, queueBytes, ...(options.loss === undefined ? {} : { loss: options.loss }) },
      up: { delayUs },
      seconds: LIFETIME_SECONDS,
    });
    const opened: { close(): Promise<void> }[] = [];
    try {
      const server = options.direct ? null : await startNearServer(path);
      if (server !== null) opened.push({ close: server.stop });
      const open = async (side: "near" | "far", url: string): Promise<NetworkBrowser> => {
        const browser = await NetworkBrowser.open((command) => path.inside(side, command), url);
        opened.push(browser);
        return browser;
      };
      const near = server === null ? "about:blank" : `${server.nearBase}/readyz`;
      const far = server === null ? "about:blank" : `${server.farBase}/readyz`;
      const publisher = await open("near", near);
      const viewer = await open("far", far);
      const watching = new Watching(path, server, publisher, viewer);
      path.setRate("down", [[0, options.bps]]);
      if (server === null) await watching.#connect(options.publish);
      else await watching.#join(server, options.publish);
      return watching;
    } catch (error) {
      for (const one of opened.reverse()) await one.close();
      await path.close();
      throw error;
    }
  }

  /** Sets the rate (or steps of it) for so long, and tells what the viewer saw. */
  async phase(seconds: number, rate: RateSteps | null): Promise<Phase> {
    const { viewer, path } = this;
    const before = totals(await viewer.stats());
    await path.figures();
    const begun = await viewer.frames();
    this.#last = begun.frames.at(-1) ?? this.#last;
    if (rate !== null) path.setRate("down", rate);
    const beliefs = await this.#observe(seconds);
    const { now, frames } = await viewer.frames();
    const seen = phaseFigures(frames, begun.now, now, this.#last);
    this.#last = frames.at(-1) ?? this.#last;
    const network = await path.figures();
    const after = totals(await viewer.stats());
    return {
      ...seen,
      freezes: after.freezes - before.freezes,
      freezeMs: after.freezeMs - before.freezeMs,
      audioPackets: after.audioPackets - before.audioPackets,
      audioLost: after.audioLost - before.audioLost,
      videoLost: after.videoLost - before.videoLost,
      plis: after.plis - before.plis,
      network,
      beliefs,
    };
  }

  async close(): Promise<void> {
    await this.viewer.close();
    await this.publisher.close();
    await this.server?.stop();
    await this.path.close();
  }

  async #join(server: NearServer, plan: PublishPlan): Promise<void> {
    const { publisher, viewer } = this;
    await publisher.publish(`${server.nearBase}/whip/${STREAM}`, plan);
    await until(
      "all layers are sent in full",
      PUBLISHED_MS,
      async () => isFull(await publisher.stats(), plan),
      async () => sent(await publisher.stats()),
    );
    await viewer.watch(`${server.farBase}/whep/${STREAM}`);
  }

  async #connect(plan: PublishPlan): Promise<void> {
    const { publisher, viewer, path } = this;
    // Without a server in between both know each other's address: no mDNS.
    const named = (sdp: string, address: string) => sdp.replace(/[\w-]+\.local/g, address);
    const offer = named(await publisher.offer(plan), path.nearAddress);
    await publisher.accept(named(await viewer.answer(offer), path.farAddress));
  }

  async #observe(seconds: number): Promise<Belief[]> {
    const start = performance.now();
    const beliefs: Belief[] = [];
    for (;;) {
      const left = seconds * 1000 - (performance.now() - start);
      if (left <= 0) return beliefs;
      await Bun.sleep(Math.min(POLL_MS, left));
      if (this.server === null) continue;
      const stream = (await this.publisher.fetch(`/api/v1/streams/${STREAM}`)) as StreamAnswer;
      const viewer = stream.sessions.find(({ kind }) => kind === "viewer");
      const track = viewer?.tracks.find(({ kind }) => kind === "video");
      if (viewer === undefined || track === undefined) continue;
      beliefs.push({
        seconds: Math.round((performance.now() - start) / 10) / 100,
        kbps: Math.round((viewer.estimateBps ?? 0) / 1000),
        layer: `${track.rid ?? ""} S${track.spatialLayerId ?? 0}T${track.temporalLayerId ?? 0}`,
      });
    }
  }
}

/** As far as it is read here. */
interface StreamAnswer {
  readonly sessions: readonly {
    readonly kind: string;
    readonly estimateBps: number | null;
    readonly tracks: readonly {
      readonly kind: string;
      readonly rid: string | null;
      readonly spatialLayerId: number | null;
      readonly temporalLayerId: number | null;
    }[];
  }[];
}

function totals(reports: readonly Report[]) {
  const inbound = (kind: string): Report | undefined =>
    reports.find((report) => report.type === "inbound-rtp" && report.kind === kind);
  const [video, audio] = [inbound("video"), inbound("audio")];
  return {
    freezes: number(video?.freezeCount),
    freezeMs: number(video?.totalFreezesDuration) * 1000,
    videoLost: number(video?.packetsLost),
    plis: number(video?.pliCount),
    audioPackets: number(audio?.packetsReceived),
    audioLost: number(audio?.packetsLost),
  };
}

/** Bits a second that each encoding is told to make. */
function sent(reports: readonly Report[]): number[] {
  return reports
    .filter((report) => report.type === "outbound-rtp" && report.kind === "video")
    .map((report) => number(report.targetBitrate));
}

function isFull(reports: readonly Report[], { encodings, width }: PublishPlan): boolean {
  if (encodings.length === 1) {
    // The target of an SVC encoding does not tell all of its layers.
    const one = reports.find((each) => each.type === "outbound-rtp" && each.kind === "video");
    return one?.frameWidth === width && number(one.framesEncoded) >= SVC_FRAMES;
  }
  const targets = sent(reports);
  const wanted = encodings.reduce((sum, { maxBitrate }) => sum + maxBitrate, 0);
  return (
    targets.length === encodings.length &&
    targets.every((bps) => bps > 0) &&
    targets.reduce((sum, bps) => sum + bps, 0) >= FULL_SHARE * wanted
  );
}

function number(value: unknown): number {
  return typeof value === "number" ? value : 0;
}
