/** The whole control thread over a fake media plane, with clocks and a seed that the test holds. */
import type { Config } from "../../src/config.ts";
import { loadConfig } from "../../src/config.ts";
import type { Control } from "../../src/control/control.ts";
import { createControl } from "../../src/control/control.ts";
import type { Page } from "../../src/control/http/page-routes.ts";
import type { ArchiveGround } from "../../src/control/streams/start-tails.ts";
import { createLogger } from "../../src/log.ts";
import { FakePlane } from "./fake-plane.ts";
import { seeded } from "./random.ts";

export interface HarnessOptions {
  /** TOML text. */
  readonly config?: string;
  readonly args?: readonly string[];
  readonly files?: Readonly<Record<string, string>>;
  readonly fetch?: (url: string, init: RequestInit) => Promise<Response>;
  readonly readyWhen?: () => boolean;
  /** Where streams are recorded. */
  readonly archive?: ArchiveGround;
  /** The server is a node of a cluster. */
  readonly cluster?: boolean;
  /** Its id there. */
  readonly node?: string;
}

export interface RequestOptions {
  readonly headers?: Record<string, string>;
  readonly body?: string | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>;
  /** The socket's remote address; loopback when missing. */
  readonly address?: string;
}

export interface Opened {
  readonly response: Response;
  readonly location: string;
  readonly etag: string;
  readonly answer: string;
  /** Number by which the media plane knows it. */
  readonly number: number;
}

const resolved = async (): Promise<readonly string[]> => ["192.0.2.20:8300"];

export class Harness {
  nowUs = 1_000_000_000;
  wallMs = Date.UTC(2026, 10, 22);
  readonly lines: string[] = [];
  /** What `readFile` finds; a test may change it and call `reload`. */
  files: Record<string, string> = {};
  config!: Config;
  control!: Control;
  plane!: FakePlane;
  tick: () => void = () => {};

  static async start(options: HarnessOptions = {}): Promise<Harness> {
    const harness = new Harness();
    const files: Record<string, string> = { ...options.files, "c.toml": options.config ?? "" };
    if (options.cluster === true) files["cluster.secret"] = "ab".repeat(32);
    harness.files = files;
    const readFile = (path: string): string => {
      const text = files[path];
      if (text === undefined) throw new Error(`${path} is missing`);
      return text;
    };
    const clusterArgs = options.cluster === true ? ["--cluster-secret-file", "cluster.secret"] : [];
    const args = ["--config", "c.toml", ...clusterArgs, ...(options.args ?? [])];
    const parsed = loadConfig({ args, env: {}, readFile, cores: 2, memoryBytes: 8e9 });
    if (!parsed.ok) throw new Error(parsed.error);
    harness.config = parsed.config;
    const random = seeded(7);
    harness.control = await createControl({
      config: parsed.config,
      plane: (events) => {
        harness.plane = new FakePlane(events);
        return options.cluster === true ? harness.plane.withRelay() : harness.plane;
      },
      clock: { now: () => harness.nowUs, wall: () => harness.wallMs },
      random: (length) => Uint8Array.from({ length }, () => Math.floor(random() * 256)),
      pages: { get: (key) => PAGES[key] },
      log: createLogger({
        level: "debug",
        format: "json",
        sink: (line) => harness.lines.push(line),
        wall: () => harness.wallMs,
      }),
      version: "1.2.3",
      readFile,
      usage: () => ({ rssBytes: 50_000_000, cpuUs: harness.nowUs / 10, machine: null }),
      cluster: { node: options.node ?? "aa".repeat(16), boot: 1, resolve: resolved },
      fetch: options.fetch,
      archive: options.archive ?? null,
      readyWhen: options.readyWhen,
      every: (_ms, work) => {
        const before = harness.tick;
        harness.tick = () => {
          before();
          work();
        };
        return () => {};
      },
    });
    return harness;
  }

  /** Moves both clocks and runs all regular work once. */
  pass(seconds: number): void {
    this.nowUs += seconds * 1e6;
    this.wallMs += seconds * 1000;
    this.tick();
  }

  async request(method: string, path: string, options: RequestOptions = {}): Promise<Response> {
    const init: RequestInit = { method, headers: options.headers, body: options.body };
    const env = { address: options.address ?? "127.0.0.1", secure: false };
    return await this.control.app.request(`http://localhost${path}`, init, env);
  }

  post(path: string, body: string, options: RequestOptions = {}): Promise<Response> {
    const headers = { "Content-Type": "application/sdp", ...options.headers };
    return this.request("POST", path, { ...options, headers, body });
  }

  patch(location: string, body: string, ifMatch: string | null): Promise<Response> {
    const headers: Record<string, string> = { "Content-Type": "application/trickle-ice-sdpfrag" };
    if (ifMatch !== null) headers["If-Match"] = ifMatch;
    return this.request("PATCH", location, { headers, body });
  }

  /** A publisher with its 201; `connect` also completes its media path. */
  async publish(name: string, connect = true, body = PUBLISHER_OFFER): Promise<Opened> {
    const response = await this.post(`/whip/${name}`, body);
    const opened = await open(response, () => this.plane.publishers.at(-1)!.session);
    if (connect) this.plane.events.connected(opened.number, "198.51.100.1:5000", "GCM", "udp");
    await settle();
    return opened;
  }

  async view(name: string, connect = true, body = VIEWER_OFFER): Promise<Opened> {
    const response = await this.post(`/whep/${name}`, body);
    const opened = await open(response, () => this.plane.viewers.at(-1)!.session);
    if (connect) this.plane.events.connected(opened.number, "198.51.100.2:6000", "GCM", "udp");
    return opened;
  }
}

/** Lets promises that are resolved run their continuations. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 5; i += 1) await Promise.resolve();
}

async function open(response: Response, number: () => number): Promise<Opened> {
  if (response.status !== 201) throw new Error(`${response.status}: ${await response.text()}`);
  return {
    response,
    location: response.headers.get("Location") ?? "",
    etag: response.headers.get("ETag") ?? "",
    answer: await response.text(),
    number: number(),
  };
}

export const REMOTE = { ufrag: "oldU", pwd: "oldpwdoldpwdoldpwdoldpwd" };

function offer(direction: string, video: readonly string[], extra: readonly string[] = []): string {
  const transport = [
    "c=IN IP4 0.0.0.0",
    "a=rtcp-mux",
    `a=ice-ufrag:${REMOTE.ufrag}`,
    `a=ice-pwd:${REMOTE.pwd}`,
    `a=fingerprint:sha-256 ${Array.from({ length: 32 }, () => "0F").join(":")}`,
    "a=setup:actpass",
  ];
  const msid = direction === "recvonly" ? [] : ["a=msid:stream track"];
  return [
    "v=0",
    "o=- 4611731400430051336 2 IN IP4 127.0.0.1",
    "s=-",
    "t=0 0",
    "a=group:BUNDLE 0 1",
    "m=audio 9 UDP/TLS/RTP/SAVPF 111",
    ...transport,
    "a=mid:0",
    `a=${direction}`,
    ...msid,
    "a=rtpmap:111 opus/48000/2",
    "a=fmtp:111 minptime=10;useinbandfec=1",
    "m=video 9 UDP/TLS/RTP/SAVPF 96",
    ...transport,
    "a=mid:1",
    `a=${direction}`,
    ...msid,
    ...video,
    "a=rtcp-fb:96 nack",
    "a=rtcp-fb:96 nack pli",
    ...extra,
    "",
  ].join("\r\n");
}

const VP8 = ["a=rtpmap:96 VP8/90000"];

export const PUBLISHER_OFFER = offer("sendonly", VP8);
export const VIEWER_OFFER = offer("recvonly", VP8);
/** Plays VP9 only, whatever is sent. */
export const VP9_VIEWER_OFFER = offer("recvonly", ["a=rtpmap:96 VP9/90000"]);
export const SIMULCAST_OFFER = offer("sendonly", VP8, [
  "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid",
  "a=extmap:10 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id",
  "a=rid:h send",
  "a=rid:l send",
  "a=simulcast:send h;l",
]);

/** A trickle fragment with these credentials. */
export function fragment(ufrag: string, pwd: string): string {
  return [
    `a=ice-ufrag:${ufrag}`,
    `a=ice-pwd:${pwd}`,
    "m=audio 9 UDP/TLS/RTP/SAVPF 0",
    "a=mid:0",
    "a=candidate:1 1 UDP 2130706431 198.51.100.1 39132 typ host",
    "a=end-of-candidates",
    "",
  ].join("\r\n");
}

export const TRICKLE = fragment(REMOTE.ufrag, REMOTE.pwd);
export const RESTART = fragment("newU", "newpwdnewpwdnewpwdnewpwd");

/** Reads an event stream until `count` events have come. */
export async function readEvents(response: Response, count: number): Promise<string[]> {
  const reader = response.body!.getReader();
  const decoder = new TextDecoder();
  let text = "";
  const events = () => text.split("\n\n").filter((block) => block.startsWith("event:"));
  while (events().length < count) {
    const part = await reader.read();
    if (part.done) break;
    text += decoder.decode(part.value);
  }
  reader.releaseLock();
  return events();
}

const PAGES: Record<string, Page> = Object.fromEntries(
  ["home", "publish", "watch", "dashboard"].map((key) => [
    key,
    {
      body: new TextEncoder().encode(`<title>${key}</title>`),
      gzip: () => Bun.gzipSync(`<title>${key}</title>`),
      contentType: "text/html; charset=utf-8",
      etag: `"${key}"`,
      contentSecurityPolicy: "default-src 'self'",
      isImmutable: false,
    },
  ]),
);
