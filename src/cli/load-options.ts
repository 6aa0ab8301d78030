/** The command line of `spillway load`, read and checked. */
import { TOKEN_VARIABLE } from "../client/whip.ts";
import type { SourcePlan } from "../load/options.ts";
import type { LoadPlan } from "../load/plan.ts";
import { VIDEO_BYTES_MIN } from "../load/synthetic-source.ts";
import { PICTURES, SYNTHETIC_PAYLOAD_MAX } from "../load/synthetic-track.ts";
import { UsageError } from "./command.ts";
import { type Given, option, readOptions } from "./given.ts";

export interface LoadArguments {
  readonly plan: LoadPlan;
  readonly json: boolean;
  readonly decodeCheck: boolean;
}

/** About this many viewers are opened when --sample does not say. */
const SAMPLED_VIEWERS = 50;

/** OpenSSL's names of the SRTP profiles. */
const PROFILES: Readonly<Record<string, string>> = {
  gcm: "SRTP_AEAD_AES_128_GCM",
  gcm256: "SRTP_AEAD_AES_256_GCM",
  cm: "SRTP_AES128_CM_SHA1_80",
};

export const OPTIONS = [
  option("viewers", "N", "Viewers in all.", "100, or 0 without a WHEP-URL"),
  option("rate", "N", "Joins a second.", "50"),
  option("rehearse", "N", "Viewers that come and go before, uncounted: this tool warms up.", "0"),
  option("duration", "S", "Seconds that are measured, once all viewers are in.", "10"),
  option("hold", "S", "Each viewer leaves after so many seconds; 0 stays.", "0"),
  option("publish", "WHIP-URL", "Also send a synthetic stream, or several, to this address."),
  option("streams", "N", "Number of streams; URLs then contain {n}.", "1"),
  option("bitrate", "BITS/S", "Of the synthetic picture (800k, 2.5M).", "2.5M"),
  option("fps", "N", "Frames a second of the synthetic picture.", "30"),
  option("burst", "", "All packets of a frame leave at once (the default)."),
  option("spread", "MS", "The packets of a frame leave evenly over so many milliseconds."),
  option("packet-bytes", "N", "Largest RTP payload of the synthetic picture.", "1100"),
  option("gop", "S", "Seconds between its keyframes.", "2"),
  option("keyframe-ratio", "N", "Size of a keyframe in other frames.", "4"),
  option(
    "layers",
    "N",
    "Simulcast layers that share the bit rate, each half of the one above.",
    "1",
  ),
  option("no-audio", "", "No sound: neither published nor watched."),
  option("no-video", "", "No picture: neither published nor watched."),
  option("loss", "PERCENT", "Drop so many of the received packets.", "0"),
  option("no-nack", "", "Do not ask for lost packets again."),
  option("twcc-interval", "MS", "Pause between transport-cc feedback; 0 sends none.", "100"),
  option("sample", "N", "Open and check the packets of every n-th viewer.", "so that 50 are"),
  option("record", "DIR", "Write the checked viewers' H.264 or VP8 picture to files."),
  option("decode-check", "", "Fail unless all frames of the checked viewers were whole."),
  option("capture-time", "", "Negotiate abs-capture-time and tell the delay from it."),
  option("srtp", "PROFILE", "Offer one SRTP profile only: gcm, gcm256 or cm.", "all"),
  option("no-gro", "", "Receive packet by packet, as over a card without offloads."),
  option("threads", "N", "Threads for the viewers; one carries about 2 Gb/s.", "1"),
  option("server-pid", "PID", "Measure CPU and memory of this process and its children."),
  option("token", "TOKEN", `Bearer token; also from the environment: ${TOKEN_VARIABLE}.`),
  option("any-certificate", "", "Accept any TLS certificate of the server."),
  option("json", "", "Print the report as JSON."),
];

/** Throws a UsageError for everything that makes no sense. */
export function parseLoadArguments(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): LoadArguments {
  const given = readOptions("load", OPTIONS, args);
  given.argumentsAtMost(1);
  const [watch] = given.positionals;
  if (watch === undefined && given.text("publish") === undefined) {
    throw new UsageError("load: needs a WHEP-URL or --publish (see spillway load --help)");
  }
  if (given.on("no-audio") && given.on("no-video")) {
    throw new UsageError("load: nothing is left to send");
  }
  return {
    json: given.on("json"),
    decodeCheck: given.on("decode-check"),
    plan: planOf(given, watch, env),
  };
}

function planOf(
  given: Given,
  watch: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): LoadPlan {
  if (watch === undefined && given.text("viewers") !== undefined) {
    throw new UsageError("load: --viewers needs a WHEP-URL to watch");
  }
  const viewers = watch === undefined ? 0 : given.whole("viewers", 100, 1, 100_000);
  const publish = given.text("publish");
  const streams = given.whole("streams", 1, 1, 10_000);
  const sample = Math.max(1, Math.ceil(viewers / SAMPLED_VIEWERS));
  const ofServer = given.text("server-pid") !== undefined;
  return {
    watch: watch === undefined ? [] : expand(watch, streams),
    publish: publish === undefined ? [] : expand(publish, streams),
    source: sourceOf(given),
    viewers,
    rate: given.number("rate", 50, 0.1, 10_000),
    rehearse: given.whole("rehearse", 0, 0, 10_000),
    durationSeconds: given.number("duration", 10, 0.1, 86_400),
    holdSeconds: given.number("hold", 0, 0, 86_400),
    threads: given.whole("threads", 1, 1, 64),
    sample: given.whole("sample", sample, 1, 1_000_000),
    record: given.text("record") ?? null,
    loss: given.number("loss", 0, 0, 100) / 100,
    feedback: {
      nack: !given.on("no-nack"),
      transportIntervalUs: given.number("twcc-interval", 100, 0, 10_000) * 1000,
    },
    gro: !given.on("no-gro"),
    captureTime: given.on("capture-time"),
    audio: !given.on("no-audio"),
    video: !given.on("no-video"),
    srtpProfiles: profileOf(given.text("srtp")),
    serverPid: ofServer ? given.whole("server-pid", 0, 1, 2 ** 22) : null,
    token: given.text("token") ?? env[TOKEN_VARIABLE] ?? null,
    anyCertificate: given.on("any-certificate"),
  };
}

function sourceOf(given: Given): SourcePlan {
  const fps = given.number("fps", 30, 1, 240);
  return {
    audio: !given.on("no-audio"),
    video: !given.on("no-video"),
    bitrate: given.bitsPerSecond("bitrate", "2.5M"),
    fps,
    spreadUs: given.spreadMs(fps) * 1000,
    packetBytes: given.whole("packet-bytes", 1100, VIDEO_BYTES_MIN, SYNTHETIC_PAYLOAD_MAX),
    gopSeconds: given.number("gop", 2, 0.1, 60),
    keyframeRatio: given.number("keyframe-ratio", 4, 1, 50),
    layers: given.whole("layers", 1, 1, PICTURES),
  };
}

function profileOf(name: string | undefined): string | null {
  if (name === undefined || name === "all") return null;
  const profile = PROFILES[name];
  if (profile === undefined)
    throw new UsageError(`load: --srtp is gcm, gcm256 or cm, not "${name}"`);
  return profile;
}

/** One URL a stream, with {n} counted from 1. */
function expand(url: string, streams: number): readonly string[] {
  if (streams > 1 && !url.includes("{n}")) {
    throw new UsageError(`load: with --streams "${url}" needs {n} where the number belongs`);
  }
  return Array.from({ length: streams }, (_, index) => {
    const expanded = url.replaceAll("{n}", String(index + 1));
    if (!URL.canParse(expanded) || !/^https?:/.test(expanded)) {
      throw new UsageError(`load: "${url}" is not an http(s) URL`);
    }
    return expanded;
  });
}
