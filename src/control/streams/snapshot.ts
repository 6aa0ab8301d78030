/** What the admin API says of streams and sessions, out of the registry and the workers' reports. */
import type { Recording } from "../../archive/recording.ts";
import type { SessionStats } from "../../contract/statistics.ts";
import type { MediaKind } from "../../wire/codecs.ts";
import type { MediaPlane } from "../plane/plane.ts";
import type { Clock } from "../ports.ts";
import type { Registry } from "./registry.ts";
import type { Session } from "./session.ts";
import type { SourceRates } from "./source-rates.ts";
import type { Stream } from "./stream.ts";
import type { Tail } from "./tail.ts";
import type { Tails } from "./tails.ts";

/** The workers' reports by session number, of all sessions or one; those of a late worker are missing. */
export async function collectStats(
  plane: MediaPlane,
  sessions: Iterable<Session>,
): Promise<ReadonlyMap<number, SessionStats>> {
  const list = [...sessions];
  const only = list.length === 1 ? list[0]!.number : null;
  const workers = new Set(list.map((session) => session.worker));
  const reports = await Promise.all([...workers].map((worker) => plane.stats(worker, only)));
  return new Map(reports.flat().map((stats) => [stats.session, stats]));
}

/** Where what is told of a stream comes from. */
interface StreamParts {
  readonly stats: ReadonlyMap<number, SessionStats>;
  readonly plane: MediaPlane;
  readonly rates: SourceRates;
  /** Null where streams have none. */
  readonly tails: Tails | null;
  readonly clock: Clock;
}

export function describeStream(stream: Stream, { stats, plane, rates, tails, clock }: StreamParts) {
  const tail = tails?.of(stream);
  const { source, publisher } = stream;
  const live = source?.live(plane) ?? null;
  // The largest of the layers.
  const [size = null] = (source?.of("video") ?? [])
    .map(({ ring }) => plane.describeRing(ring))
    .sort((left, right) => right.width * right.height - left.width * left.height);
  const bitrate = (kind: MediaKind) => (source === null ? 0 : rates.of(source, kind));
  return {
    name: stream.name,
    live: stream.isLive,
    origin: source?.origin.kind ?? null,
    viewers: stream.viewers.size,
    publishers: [publisher, stream.candidate, stream.standby].filter((each) => each !== null)
      .length,
    video:
      live === null || live.video === null
        ? null
        : {
            codec: live.video.codec,
            width: size?.width ?? 0,
            height: size?.height ?? 0,
            bitrate: bitrate("video"),
            framesPerSecond:
              publisher === null ? null : framesPerSecond(stats.get(publisher.number)),
          },
    audio:
      live === null || live.audio === null
        ? null
        : {
            codec: live.audio.codec,
            bitrate: bitrate("audio"),
            channels: source?.of("audio")[0]?.channels ?? 0,
          },
    hls: tail === undefined ? describeNone(stream, tails) : describeTail(tail, clock.now()),
    recording: tail?.recording ? describeRecording(tail.recording) : null,
    uptimeSeconds: source === null ? 0 : (clock.now() - source.sinceUs) / 1e6,
  };
}

function describeTail({ state, reason, viewers }: Tail, now: number) {
  return { state, reason: reason || null, viewers: viewers.count(now) };
}

function describeRecording({ keep, store, bytes, lost }: Recording) {
  return {
    dvrSeconds: keep.dvrUs / 1e6,
    stays: keep.folder !== null,
    state: store.state,
    reason: store.reason || null,
    bytes,
    segmentsLost: lost,
  };
}

/** Of a stream that nobody cuts. */
function describeNone(stream: Stream, tails: Tails | null) {
  const reason = tails?.whyNone(stream) ?? null;
  return reason === null ? null : { state: "unavailable" as const, reason, viewers: 0 };
}

/** Streams that exist, by name, of those that are to be told. */
export async function describeStreams(
  ground: Omit<StreamParts, "stats"> & { readonly registry: Registry },
  isTold: (name: string) => boolean = () => true,
) {
  const told = streamsByName(ground.registry).filter(({ name }) => isTold(name));
  const publishers = told.flatMap(({ publisher }) => publisher ?? []);
  const stats = await collectStats(ground.plane, publishers);
  return told.map((stream) => describeStream(stream, { ...ground, stats }));
}

/** One session; the secret of its URL stays out of it. */
export function describeSession(session: Session, stats: SessionStats | undefined, clock: Clock) {
  const now = clock.now();
  const { connection } = session;
  return {
    id: session.publicId,
    kind: session.kind,
    stream: session.stream,
    state: session.state === "pending" ? ("connecting" as const) : ("connected" as const),
    address: session.address,
    path: connection?.path ?? null,
    transport: connection?.transport ?? null,
    userAgent: session.userAgent,
    worker: session.workerName,
    srtpProfile: connection?.srtpProfile ?? null,
    ageSeconds: (now - session.createdUs) / 1e6,
    connectedSeconds: connection === null ? 0 : (now - connection.sinceUs) / 1e6,
    firstMediaMs: firstMediaMs(session),
    roundTripMs: stats?.roundTripMs ?? null,
    estimateBps: stats?.estimateBps ?? null,
    bitrateExcess: stats?.bitrateExcess ?? null,
    bitrate: (stats?.tracks ?? []).reduce((total, track) => total + track.bitrate, 0),
    tracks: [...(stats?.tracks ?? [])],
  };
}

/** Of a viewer that has been sent a keyframe. */
function firstMediaMs(session: Session): number | null {
  if (session.kind === "publisher" || session.firstMediaUs === null) return null;
  return session.firstMediaUs / 1000;
}

function streamsByName(registry: Registry): readonly Stream[] {
  return [...registry.streams.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Of the fastest layer. */
function framesPerSecond(stats: SessionStats | undefined): number {
  const rates = (stats?.tracks ?? []).map((track) => track.framesPerSecond ?? 0);
  return Math.max(0, ...rates);
}
