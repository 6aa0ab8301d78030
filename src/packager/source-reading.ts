import type { Feed } from "../feed/feed.ts";
import type { Following } from "../feed/following.ts";
import type { Staging } from "../feed/staging.ts";
import { Codec } from "../wire/codecs.ts";
import { OPUS_SILENCE } from "./frames/opus.ts";
import { PictureTrack } from "./picture-track.ts";
import type { Rendition, Source } from "./rendition.ts";
import { SoundTrack } from "./sound-track.ts";

/** A ring from which nothing has come for so long is left where another sends. */
const SILENT_US = 2_000_000;
/** A source is known to have no pictures when only sound has come of it for so long ... */
const SOUND_ALONE_US = 2_000_000;
/** ... and no sound when only pictures have. */
const PICTURES_ALONE_US = 500_000;
/** Opus decoders give two channels, whatever a packet has (RFC 7587 4.4). */
const CHANNELS = 2;

/** What is read of one source, and given to a rendition. */
export class SourceReading {
  readonly following: Following;
  readonly #staging: Staging;
  readonly #zeroUs: number;
  readonly #since: number;
  #pictures: PictureTrack | null = null;
  #sound: SoundTrack | null = null;
  #began = false;

  /** `zeroUs`: wall clock of the tail's zero; `now`: when it began to be read, us. */
  constructor(following: Following, staging: Staging, zeroUs: number, now: number) {
    this.following = following;
    this.#staging = staging;
    this.#zeroUs = zeroUs;
    this.#since = now;
  }

  /** Why there can be no tail of it, as the end of a sentence; null where there can, or it is not known. */
  get unavailable(): string | null {
    const { audio, video } = this.following;
    for (const { reader } of video) {
      if (reader.codec !== Codec.none && reader.codec !== Codec.h264)
        return "its video is not H.264";
    }
    const sound = audio?.reader.codec ?? Codec.none;
    return sound === Codec.none || sound === Codec.opus ? null : "its audio is not Opus";
  }

  /** The publisher sends keyframes as it likes. */
  get ignoresPli(): boolean {
    return this.#pictures?.feed.reader.publisherIgnoresPli === true;
  }

  /** Frames and packets that were dropped for what they held. */
  get dropped(): number {
    return (this.#pictures?.dropped ?? 0) + (this.#sound?.dropped ?? 0);
  }

  /** Gives `rendition` what has come. `now` is monotonic, `wallUs` the server's clock then; us. */
  read(rendition: Rendition, now: number, wallUs: number): void {
    if (!this.#choose(rendition, now, wallUs)) return;
    const pictures = this.#pictures;
    const sound = this.#sound;
    for (const track of [pictures, sound])
      track?.feed.clock.update(track.feed.reader, track.feed.source);
    // Sound first: a picture that cuts takes with it what belongs before it.
    sound?.read(now, (frame) => rendition.sound(frame));
    pictures?.read(now, (frame) => rendition.picture(frame));
    this.#noteTimes(now, wallUs);
  }

  /** Pictures are missing, and what builds on them is of no use. */
  get waitsForKeyframe(): boolean {
    return this.#pictures?.waitsForKeyframe === true;
  }

  /** Asks the publisher for a keyframe: to begin with, behind a hole, or for the next segment. */
  askForKeyframe(): void {
    this.#pictures?.feed.reader.requestKeyframe("segment");
  }

  /** The rings are read no more. */
  release(): void {
    for (const feed of this.following.feeds) feed.release();
  }

  /** Which rings it is that are read; false while that is not known. */
  #choose(rendition: Rendition, now: number, wallUs: number): boolean {
    const feed = this.#pictureRing(now);
    this.#want(feed, now);
    const waits = feed === null ? !this.#isSoundAlone(now) : this.#waitsForSound(now);
    if (waits) return this.#began;
    const isOther = feed !== (this.#pictures?.feed ?? null);
    const getsSound = this.#sound === null && this.#hasSound;
    if (this.#began && !isOther && !getsSound) return true;
    if (isOther) {
      this.#pictures = feed === null ? null : new PictureTrack(feed, this.#staging, this.#zeroUs);
    }
    if (getsSound) {
      this.#sound = new SoundTrack(this.following.audio!, this.#staging, this.#zeroUs);
    }
    this.#began = true;
    rendition.begin(this.#source, wallUs);
    return true;
  }

  /** Rings that nobody wants may stay empty: all are wanted until one is known to send. */
  #want(feed: Feed | null, now: number): void {
    const { audio, video } = this.following;
    audio?.reader.wantUnwoken();
    for (const other of video) {
      if (other === feed || feed === null || !sends(feed, now)) other.reader.wantUnwoken();
      else other.reader.want(false);
    }
  }

  /** What the rendition is made of. */
  get #source(): Source {
    const sound = this.#sound;
    return {
      pictures: this.#pictures?.timeline ?? null,
      sound:
        sound === null
          ? null
          : {
              format: { codec: "opus", channels: CHANNELS },
              timeline: sound.timeline,
              silence: OPUS_SILENCE(CHANNELS),
            },
    };
  }

  /** The one that is read, as long as it sends; else the highest that does. */
  #pictureRing(now: number): Feed | null {
    const present = this.#pictures?.feed ?? null;
    if (present !== null && sends(present, now)) return present;
    return this.following.video.find((feed) => sends(feed, now)) ?? present;
  }

  get #hasSound(): boolean {
    return hasCome(this.following.audio);
  }

  /** Pictures have come, and sound may yet: a tail that gets it later has to break for it. */
  #waitsForSound(now: number): boolean {
    const { audio } = this.following;
    if (this.#began || audio === null || this.#hasSound) return false;
    return now - this.#since < PICTURES_ALONE_US;
  }

  /** Nothing but sound has come, and long enough. */
  #isSoundAlone(now: number): boolean {
    const { video } = this.following;
    if (!this.#hasSound) return false;
    return video.length === 0 || now - this.#since > SOUND_ALONE_US;
  }

  /** Which RTP time is now, on each ring: as sender reports tell it. */
  #noteTimes(now: number, wallUs: number): void {
    const tracks = [this.#pictures, this.#sound].filter((track) => track !== null);
    // One clock for both, or their errors would move one against the other.
    const byReport = tracks.every(({ feed }) => feed.clock.hasReport);
    for (const { feed, timeline } of tracks) {
      const timestamp = feed.clock.timestampAt(now, feed.reader.clockRate, feed.source, byReport);
      if (timestamp !== null) timeline.note(timestamp, wallUs);
    }
  }
}

/** Something has come of a ring, at any time. */
function hasCome(feed: Feed | null): boolean {
  return feed !== null && !feed.reader.empty && feed.reader.codec !== Codec.none;
}

function sends(feed: Feed, now: number): boolean {
  return hasCome(feed) && now - feed.reader.lastReceiptUs < SILENT_US;
}
