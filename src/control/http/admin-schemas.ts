import { z } from "@hono/zod-openapi";
import { STORE_STATES } from "../../archive/store.ts";
import { TAIL_STATES } from "../streams/tail.ts";

/** The shapes of /api/v1; the pages and `spillway status` read them. */
export const streamSchema = z
  .object({
    name: z.string(),
    live: z.boolean(),
    origin: z
      .enum(["session", "link"])
      .nullable()
      .describe("Who brings the media: a publisher's session here, a link from elsewhere, nobody."),
    viewers: z.number().int().describe("WHEP sessions."),
    publishers: z.number().int(),
    video: z
      .object({
        codec: z.string(),
        width: z.number().int(),
        height: z.number().int(),
        bitrate: z.number(),
        framesPerSecond: z.number().nullable().describe("Null where a link brings the media."),
      })
      .nullable(),
    audio: z
      .object({ codec: z.string(), bitrate: z.number(), channels: z.number().int() })
      .nullable(),
    hls: z
      .object({
        state: z.enum(TAIL_STATES),
        reason: z.string().nullable().describe("Why it is unavailable or failed."),
        viewers: z
          .number()
          .int()
          .default(0)
          .describe("Players that ask this server for it, of late; those behind a cache are one."),
      })
      .nullable()
      // Nodes of older versions do not tell it.
      .default(null)
      .describe("Its tail at this node; null while nobody asks for one that there can be."),
    recording: z
      .object({
        dvrSeconds: z.number().describe("Viewers may go back so far; 0: they may not."),
        stays: z.boolean().describe("All of it; else it goes once nobody may go back to it."),
        state: z.enum(STORE_STATES).describe("Of its folder: written to, no room, not writable."),
        reason: z.string().nullable().describe("Why nothing is written."),
        bytes: z.number().describe("Written since it began."),
        segmentsLost: z.number().int(),
      })
      .nullable()
      .default(null)
      .describe("What this node keeps of it on a disk; null for nothing."),
    uptimeSeconds: z.number(),
  })
  .openapi("Stream");

const trackSchema = z
  .object({
    kind: z.enum(["audio", "video"]),
    codec: z.string().nullable(),
    ssrc: z.number().int(),
    rid: z.string().nullable(),
    spatialLayerId: z
      .number()
      .int()
      .nullable()
      .describe("Viewer: of what flows, if it has layers."),
    temporalLayerId: z.number().int().nullable(),
    packets: z.number(),
    bytes: z.number(),
    packetsLost: z.number(),
    retransmissions: z.number(),
    nacks: z.number(),
    plis: z.number(),
    keyframes: z.number(),
    jitterMs: z.number().nullable(),
    width: z.number().nullable(),
    height: z.number().nullable(),
    bitrate: z.number(),
    framesPerSecond: z.number().nullable(),
  })
  .openapi("Track");

export const sessionSchema = z
  .object({
    id: z.string().describe("Public id; not the secret of the session URL."),
    kind: z.enum(["publisher", "viewer"]),
    stream: z.string(),
    state: z.enum(["connecting", "connected"]),
    address: z.string().describe("Address of the HTTP client."),
    path: z.string().nullable().describe("Remote media address, once connected."),
    transport: z
      .enum(["udp", "tcp"])
      .nullable()
      .default(null)
      .describe("What carries its media, once connected; tcp is slower to repair a loss."),
    userAgent: z.string(),
    worker: z.string(),
    srtpProfile: z.string().nullable(),
    ageSeconds: z.number(),
    connectedSeconds: z.number(),
    firstMediaMs: z.number().nullable(),
    roundTripMs: z.number().nullable(),
    estimateBps: z
      .number()
      .nullable()
      .describe("Viewer: bits a second that its path is believed to carry."),
    bitrateExcess: z
      .enum(["within", "asked", "dropped", "ended"])
      .nullable()
      .describe("Publisher: what is done about a bit rate beyond its limit; dropped: a layer is."),
    bitrate: z.number(),
    tracks: z.array(trackSchema),
  })
  .openapi("Session");

export const statsSchema = z
  .object({
    version: z.string(),
    uptimeSeconds: z.number(),
    streams: z.number().int(),
    publishers: z.number().int(),
    viewers: z.number().int().describe("WHEP sessions."),
    hls: z
      .object({ tails: z.number().int(), viewers: z.number().int(), bytes: z.number() })
      .describe("Streams that are cut for HLS, players of them, memory of their files."),
    workers: z.array(
      z.object({
        name: z.string(),
        load: z.number().describe("Share of the time that it is busy, 0 to 1."),
        loopLagMs: z.number(),
        sessions: z.number(),
        packetsIn: z.number(),
        packetsOut: z.number(),
        bytesIn: z.number(),
        bytesOut: z.number(),
        nacks: z.number(),
        plis: z.number(),
        restarts: z.number(),
      }),
    ),
    process: z.object({ rssBytes: z.number(), cpu: z.number().describe("Cores in use.") }),
    bitsPerSecondIn: z.number(),
    bitsPerSecondOut: z.number(),
  })
  .openapi("Stats");

export const problemSchema = z
  .object({
    type: z.string(),
    status: z.number().int(),
    title: z.string(),
    detail: z.string(),
    error: z.string(),
  })
  .openapi("Problem");

/** `request` makes the request itself throw; the kinds with a session are of src/host/drills.ts. */
export const drillSchema = z
  .discriminatedUnion("kind", [
    z.object({
      kind: z.enum(["throw", "hang", "block", "segfault"]),
      worker: z.number().int().min(0),
    }),
    z.object({
      kind: z.enum(["datagram", "timer", "transmit", "rtp", "rtcp", "media", "close"]),
      session: z.string(),
    }),
    z.object({ kind: z.enum(["request", "rejection"]) }),
  ])
  .openapi("Drill");
