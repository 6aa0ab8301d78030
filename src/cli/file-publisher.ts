/** Sends a file over one WHIP session after the other, until it ends or is told to stop. */
import { conversion } from "../client/conversion.ts";
import type { FileDescription } from "../client/reader-messages.ts";
import { WhipEndpoint, type WhipOptions } from "../client/whip.ts";
import { messageOf } from "../errors.ts";
import { monotonicUs, realtimeUs } from "../io/clock.ts";
import { chooseOpenSsl } from "../io/embedded-openssl.ts";
import { type OpenSsl, openOpenSsl } from "../io/openssl.ts";
import { randomUnit } from "../io/random.ts";
import { UdpReceiver } from "../io/udp-receiver.ts";
import { Links } from "./links.ts";
import type { MediaReader } from "./media-reader.ts";
import { Refusals } from "./refusals.ts";
import { retryDelayMs } from "./retry.ts";
import { Transmission } from "./transmission.ts";
import type { UploadStatus } from "./upload-status.ts";
import { connect, release, type WhipConnection } from "./whip-connection.ts";

export interface FilePublisherOptions extends WhipOptions {
  readonly reader: MediaReader;
  readonly file: FileDescription;
  /** The file as the user named it. */
  readonly name: string;
  readonly endpoint: string;
  /** Ends the session in good order. */
  readonly stop: AbortSignal;
  readonly loop: boolean;
  readonly status: UploadStatus;
}

/** A session that lasted this long was fine: trouble after it begins a new count. */
const SOUND_US = 30_000_000;

/**
 * Publishes the file until its end (or `stop`). A lost session is taken up again, at the keyframe
 * before the place where the server was last heard. Throws a WhipError when the server refuses, a
 * SessionError when the session is lost for good, a MediaFileError when frames had to be left out.
 */
export async function publishFile(options: FilePublisherOptions): Promise<void> {
  const publisher = new FilePublisher(options, openOpenSsl((await chooseOpenSsl()).where));
  try {
    await publisher.run();
  } finally {
    await publisher.close();
  }
}

class FilePublisher {
  readonly #links = new Links();
  readonly #receiver = new UdpReceiver();
  readonly #refusals: Refusals;
  readonly #endpoint: WhipEndpoint;
  #positionUs = 0;
  /** Where the file stood when the server was last heard. */
  #heardUs = 0;
  /** Sent by sessions that are over. */
  #octets = 0;
  #wasLive = false;
  #attempt = 0;
  #failingSinceUs: number | null = null;
  #connectedUs = Number.NaN;
  #gapTold = false;

  constructor(
    private readonly options: FilePublisherOptions,
    private readonly openSsl: OpenSsl,
  ) {
    const { name, status, endpoint, stop } = options;
    const help = conversion(name, { video: true, audio: true });
    this.#endpoint = new WhipEndpoint(endpoint, options, stop);
    this.#refusals = new Refusals(name, (line) => status.log(line), help);
  }

  async run(): Promise<void> {
    const { stop } = this.options;
    while (!stop.aborted) {
      try {
        await this.#runSession();
        break;
      } catch (error) {
        if (stop.aborted) return;
        await this.#waitAfter(error);
      }
    }
    if (!stop.aborted) this.#refusals.conclude();
  }

  async close(): Promise<void> {
    await this.#endpoint.delete();
    this.#links.close();
  }

  async #runSession(): Promise<void> {
    const { options } = this;
    // A server that was not reached when the session ended may hold the name.
    await this.#endpoint.delete();
    if (this.#wasLive) await options.reader.seek(this.#heardUs);
    const connection = await connect(this.openSsl, this.#endpoint, options.file, this.#links);
    try {
      await this.#transmit(connection);
    } finally {
      this.#octets += connection.media.octets;
      release(connection);
      await this.#endpoint.delete();
    }
  }

  async #transmit(connection: WhipConnection): Promise<void> {
    const { reader, status } = this.options;
    const transmission = new Transmission(connection, this.#receiver, {
      poll: () => reader.poll(),
      connected: (path, profile) => {
        this.#wasLive = true;
        this.#connectedUs = monotonicUs();
        status.log(`connected to ${path} with ${profile}`);
      },
      sent: (frame) => {
        this.#positionUs = frame.timeUs;
      },
      heard: () => {
        this.#heardUs = this.#positionUs;
      },
      refused: (frame) => this.#refusals.note(frame),
      turn: (now) => this.#show(now, connection),
    });
    await transmission.run(this.options.stop);
  }

  #show(now: number, { media, session }: WhipConnection): void {
    const { reader, status } = this.options;
    if (reader.gapsClosed > 0 && !this.#gapTold) {
      this.#gapTold = true;
      status.log("the file's clock jumps by more than a minute: the gap is left out");
    }
    if (Number.isNaN(this.#connectedUs)) return;
    if (now - this.#connectedUs > SOUND_US) {
      this.#attempt = 0;
      this.#failingSinceUs = null;
    }
    status.update(now, {
      positionUs: this.#positionUs,
      octets: this.#octets + media.octets,
      fractionLost: media.fractionLost,
      roundTripUs: session.peer.ice.roundTripUs,
    });
  }

  /** Waits for the next attempt; throws `error` when there is none. */
  async #waitAfter(error: unknown): Promise<void> {
    const { stop, loop, status } = this.options;
    const now = monotonicUs();
    this.#failingSinceUs ??= now;
    this.#connectedUs = Number.NaN;
    const state = {
      wasLive: this.#wasLive,
      attempt: this.#attempt,
      failingMs: (now - this.#failingSinceUs) / 1000,
      endless: loop,
    };
    const delay = retryDelayMs(error, state, randomUnit(), realtimeUs() / 1000);
    if (delay === null) throw error;
    this.#attempt += 1;
    const why = messageOf(error);
    status.log(`${why}; tries again in ${(delay / 1000).toFixed(1)} s`);
    await pause(delay, stop);
  }
}

/** Resolves after `ms`, or at once when stopped. */
async function pause(ms: number, stop: AbortSignal): Promise<void> {
  if (stop.aborted) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  stop.addEventListener("abort", () => resolve(), { once: true });
  await promise;
  clearTimeout(timer);
}
