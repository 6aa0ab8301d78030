/** What the admin API answers, as far as the pages use it. */

export interface VideoEntry {
  readonly codec: string;
  readonly width: number | null;
  readonly height: number | null;
  readonly bitrate: number | null;
  readonly framesPerSecond: number | null;
}

/** GET /api/v1/streams */
export interface StreamEntry {
  readonly name: string;
  readonly live: boolean;
  readonly viewers: number;
  readonly publishers: number;
  readonly video: VideoEntry | null;
  readonly audio: {
    readonly codec: string;
    readonly bitrate: number | null;
    readonly channels: number;
  } | null;
  /** Null while nobody asks for its tail. */
  readonly hls: {
    readonly state: string;
    readonly reason: string | null;
    readonly viewers: number;
  } | null;
  /** What the node keeps of it on a disk. Nodes of older versions do not tell. */
  readonly recording?: { readonly state: string; readonly reason: string | null } | null;
  readonly uptimeSeconds: number | null;
}

/** GET /api/v1/stats; counters only rise. */
export interface NodeStats {
  readonly version: string;
  readonly uptimeSeconds: number;
  readonly streams: number;
  readonly publishers: number;
  /** In real time. */
  readonly viewers: number;
  readonly hls: { readonly tails: number; readonly viewers: number; readonly bytes: number };
  readonly workers: readonly WorkerEntry[];
  /** `cpu` is in cores: 1.5 is one and a half busy cores. */
  readonly process: { readonly rssBytes: number; readonly cpu: number };
  readonly bitsPerSecondIn: number;
  readonly bitsPerSecondOut: number;
}

export interface WorkerEntry {
  readonly name: string;
  readonly load: number;
  readonly loopLagMs: number;
  readonly sessions: number;
  readonly packetsIn: number;
  readonly packetsOut: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly nacks: number;
  readonly plis: number;
  readonly restarts: number;
}

/** GET /api/v1/sessions */
export interface SessionEntry {
  readonly id: string;
  readonly kind: "publisher" | "viewer";
  readonly stream: string;
  readonly path: string;
  readonly transport: "udp" | "tcp" | null;
  readonly connectedSeconds: number;
  readonly bitrate: number | null;
}

/** GET /api/v1/status */
export interface ClusterReport {
  /** Null where the server belongs to no cluster. */
  readonly node: {
    readonly id: string;
    readonly cluster: string;
    readonly role: string;
    readonly region: string;
    readonly names?: NamesEntry;
  } | null;
  readonly members: readonly MemberEntry[];
  readonly secrets: readonly SharedEntry[];
  readonly differences: readonly (SharedEntry & { readonly kind: "token" | "key" })[];
  readonly streams: readonly {
    readonly name: string;
    readonly owner: string;
    readonly nodes: readonly StreamWay[];
  }[];
  readonly failures: readonly {
    readonly at: string;
    readonly address: string;
    readonly node: string;
    readonly reason: string;
  }[];
}

export interface MemberEntry {
  readonly node: string;
  readonly linked: boolean;
  readonly answered: boolean;
  readonly role: string | null;
  readonly region: string;
  readonly version: string;
  readonly address: string;
  readonly roundTripMs: number | null;
  readonly load: number | null;
  readonly filled: number | null;
  readonly names: NamesEntry | null;
}

/** Who decides whose a name is. */
export interface NamesEntry {
  readonly by: "mesh" | "etcd";
  readonly trouble: string | null;
}

/** What some nodes have in common. */
interface SharedEntry {
  readonly id: string;
  readonly have: readonly string[];
  readonly lack: readonly string[];
}

/** How a node has a stream. */
export interface StreamWay {
  readonly node: string;
  readonly parent: string | null;
  readonly path: readonly string[] | null;
  readonly standby: readonly string[];
  readonly viewers: number;
  readonly ageMs: number | null;
  readonly filled: number;
  readonly withheld: readonly string[];
}

/** All that watch it from this server: in real time, and its tail. */
export function viewersOf({ viewers, hls }: StreamEntry): number {
  return viewers + (hls?.viewers ?? 0);
}

/** "live", "unavailable: its video is VP8", or a dash where nobody asks for it. */
export function describeTail(tail: StreamEntry["hls"]): string {
  if (tail === null) return "–";
  return tail.reason === null ? tail.state : `${tail.state}: ${tail.reason}`;
}

/** "live" or "idle", and whether it is recorded where it is to be. */
export function describeState({ live, recording }: StreamEntry): string {
  const state = live ? "live" : "idle";
  if (!recording) return state;
  const isOn = recording.state === "on";
  return `${state}, ${isOn ? "recorded" : `not recorded (${recording.state}: ${recording.reason})`}`;
}

/** "H264 1280×720 30 fps" with what is known, or "no picture". */
export function describeVideo(video: VideoEntry | null): string {
  if (video === null) return "no picture";
  const parts = [video.codec.toUpperCase()];
  if (video.width && video.height) parts.push(`${video.width}×${video.height}`);
  if (video.framesPerSecond) parts.push(`${Math.round(video.framesPerSecond)} fps`);
  return parts.join(" ");
}
