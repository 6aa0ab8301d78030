import type { Feed } from "../feed/feed.ts";
import type { Following } from "../feed/following.ts";
import type { Staging } from "../feed/staging.ts";
import { CODEC_NAMES, Codec } from "../wire/codecs.ts";
import { whyNoFiles } from "../wire/file-codecs.ts";
import type { Frame } from "./frames/frame.ts";
import { OPUS_SILENCE } from "./frames/opus.ts";
import { Onset } from "./onset.ts";
import { PictureTrack } from "./picture-track.ts";
import { VIDEO_RATE } from "./pictures.ts";
import { SoundTrack } from "./sound-track.ts";
import { Timeline } from "./timeline.ts";
import type { Source } from "./tracks.ts";

/** A ring from which nothing has come for so long is silent: it may be a while before it sends again. */
const SILENT_US = 2_000_000;
/** A source is known to have no pictures when only sound has come of it for so long ... */
const SOUND_ALONE_US = 2_000_000;
/** ... and no sound when only pictures have. */
const PICTURES_ALONE_US = 500_000;
/** Opus decoders give two channels, whatever a packet has (RFC 7587 4.4). */
export const CHANNELS = 2;

/** Who makes a rendition of what is read. */
interface Taker {
  attach(source: Source): void;
  picture(frame: Frame): void;
  sound(frame: Frame): void;
}

/** Who makes renditions of what is read. */
export interface Audience {
  /** What comes first decides how long segments may be, for good. */
  readonly isUndecided: boolean;
  /** `groupUs`: the longest group of pictures that its encoder makes by itself; 0: on request; for ever while that is not known. */
  renditionOf(layer: number, groupUs: number): Taker;
  newEpoch(idle: Source, wallUs: number): void;
}

/** A layer that has sent: its pictures, its time map of the sound, and what is made of both. */
interface Layer {
  /** Null where there is only sound. */
  readonly pictures: PictureTrack | null;
  readonly sound: Timeline | null;
  readonly rendition: Taker;
}

/** What is read of one source: each layer's pictures once, and the sound once for all of them. */
export class SourceReading {
  readonly following: Following;
  readonly #staging: Staging;
  readonly #zeroUs: number;
  readonly #since: number;
  /** By ring; sound alone is the first of none. */
  #layers: (Layer | null)[] = [];
  #sound: SoundTrack | null = null;
  readonly #onset: Onset;
  /** Sound that came before anything began: rings keep less of it than of pictures. */
  #early: Frame[] = [];

  /** `zeroUs`: wall clock of the tail's zero; `now`: when it began to be read, us. */
  constructor(following: Following, staging: Staging, zeroUs: number, now: number) {
    this.following = following;
    this.#staging = staging;
    this.#zeroUs = zeroUs;
    this.#since = now;
    this.#onset = new Onset((feed) => new PictureTrack(feed, staging, zeroUs));
  }

  /** Why there can be no tail of it, as the end of a sentence; null where there can, or it is not known. */
  get unavailable(): string | null {
    const { audio, video } = this.following;
    const codecs = video.map(({ reader }) => CODEC_NAMES[reader.codec]);
    const why = whyNoFiles(new Set(codecs.filter((codec) => codec !== "none")));
    if (why !== null) return why;
    for (const layer of this.#layers) {
      const pictures = layer?.pictures ?? null;
      if (pictures !== null && pictures.unfit !== null && !pictures.isPast) return pictures.unfit;
    }
    const sound = audio?.reader.codec ?? Codec.none;
    return sound === Codec.none || sound === Codec.opus ? null : "its audio is not Opus";
  }

  /** Frames that were malformed. */
  get dropped(): number {
    return this.#layers.reduce(
      (sum, layer) => sum + (layer?.pictures?.dropped ?? 0),
      this.#sound?.dropped ?? 0,
    );
  }

  /** Gives the renditions what has come. `now` is monotonic, `wallUs` the server's clock then; us. */
  read(audience: Audience, now: number, wallUs: number): void {
    // Rings that nobody wants may stay empty.
    for (const { reader } of this.following.feeds) reader.wantUnwoken();
    this.#open(audience, now, wallUs);
    const layers = this.#layers.filter((layer) => layer !== null);
    if (layers.length === 0) return;
    const tracks = [this.#sound, ...layers.map(({ pictures }) => pictures)];
    for (const track of tracks) track?.feed.clock.update(track.feed.reader, track.feed.source);
    for (const frame of this.#early) for (const { rendition } of layers) rendition.sound(frame);
    this.#early = [];
    // Sound first: a picture that cuts takes with it what belongs before it.
    this.#sound?.read(now, (frame) => {
      for (const { rendition } of layers) rendition.sound(frame);
    });
    for (const { pictures, rendition } of layers) {
      pictures?.read(now, (frame) => rendition.picture(frame));
    }
    for (const layer of layers) this.#noteTimes(layer, now, wallUs);
  }

  /** What comes of a layer is of no use before its next keyframe. `lacks`: so says its rendition. */
  waits(layer: number, lacks: boolean, now: number): boolean {
    const pictures = this.#layers[layer]?.pictures;
    if (!pictures || !sends(pictures.feed, now)) return false;
    return lacks || pictures.waitsForKeyframe;
  }

  /** Asks the publisher for a keyframe: to begin with, behind a hole, or for the next segment. */
  askForKeyframe(layer: number): void {
    this.#layers[layer]?.pictures?.feed.reader.requestKeyframe("segment");
  }

  /** The rings are read no more. */
  release(): void {
    for (const feed of this.following.feeds) feed.release();
  }

  /** Opens the layers that send and are not open. */
  #open(audience: Audience, now: number, wallUs: number): void {
    const { audio, video } = this.following;
    const getsSound = this.#sound === null && hasCome(audio);
    const isChanged = this.#forgetChanged();
    const found = video.flatMap((feed, at) =>
      this.#layers[at]?.pictures ? [] : sends(feed, now) ? [at] : [],
    );
    const hasPictures = this.#layers.some((layer) => layer?.pictures);
    const isFirst = this.#layers.length === 0;
    const feeds = found.map((at) => video[at]!);
    const isHeld = isFirst && audience.isUndecided && this.#onset.holds(feeds, now);
    if (isHeld) this.#hearEarly(now);
    if (isHeld || (isFirst && this.#waits(found.length > 0, now))) return;
    // Another codec, sound that comes to pictures, or pictures to sound: the tail has to break for it.
    const isOther = isFirst || isChanged || getsSound || (!hasPictures && found.length > 0);
    if (getsSound) this.#sound = new SoundTrack(audio!, this.#staging, this.#zeroUs);
    if (isOther) {
      const tracks = this.#layers.map((layer) => layer?.pictures ?? null);
      audience.newEpoch({ pictures: new Timeline(VIDEO_RATE, this.#zeroUs), sound: null }, wallUs);
      this.#layers = [];
      for (const [at, track] of tracks.entries()) {
        if (track !== null) this.#begin(at, track, audience);
      }
      if (!hasPictures && found.length === 0) this.#begin(0, null, audience);
    }
    for (const at of found) this.#begin(at, this.#onset.take(video[at]!), audience);
  }

  #hearEarly(now: number): void {
    const { audio } = this.following;
    if (!hasCome(audio)) return;
    this.#sound ??= new SoundTrack(audio!, this.#staging, this.#zeroUs);
    const { feed } = this.#sound;
    feed.clock.update(feed.reader, feed.source);
    this.#sound.read(now, (frame) => this.#early.push(frame));
  }

  /** Forgets layers whose rings hold another codec now; true when there were some. */
  #forgetChanged(): boolean {
    const changed = this.#layers.map((layer) => layer?.pictures?.isPast === true);
    this.#layers = this.#layers.map((layer, at) => (changed[at] ? null : layer));
    return changed.includes(true);
  }

  #begin(at: number, pictures: PictureTrack | null, audience: Audience): void {
    const sound = this.#sound?.newTimeline() ?? null;
    const rendition = audience.renditionOf(at, groupOf(this.following));
    rendition.attach({
      pictures: pictures?.timeline ?? null,
      sound:
        sound === null
          ? null
          : {
              format: { codec: "opus", channels: CHANNELS },
              timeline: sound,
              silence: OPUS_SILENCE(CHANNELS),
            },
    });
    while (this.#layers.length <= at) this.#layers.push(null);
    this.#layers[at] = { pictures, sound, rendition };
  }

  /** What it consists of is not known yet. */
  #waits(hasPictures: boolean, now: number): boolean {
    const { audio, video } = this.following;
    if (!hasPictures) {
      return !hasCome(audio) || (video.length > 0 && now - this.#since <= SOUND_ALONE_US);
    }
    // A tail that gets sound later has to break for it.
    return audio !== null && !hasCome(audio) && now - this.#since < PICTURES_ALONE_US;
  }

  /** Which RTP time is now, on each ring: as sender reports tell it. */
  #noteTimes({ pictures, sound }: Layer, now: number, wallUs: number): void {
    const maps = [
      { feed: pictures?.feed, map: pictures?.timeline },
      { feed: this.#sound?.feed, map: sound },
    ];
    // One clock for both, or their errors would move one against the other.
    const byReport = maps.every(({ feed }) => feed?.clock.hasReport !== false);
    for (const { feed, map } of maps) {
      if (!feed || !map) continue;
      const timestamp = feed.clock.timestampAt(now, feed.reader.clockRate, feed.source, byReport);
      if (timestamp !== null) map.note(timestamp, wallUs);
    }
  }
}

/** The longest that an encoder makes by itself, of all layers that have sent. */
function groupOf({ video }: Following): number {
  const groups = video
    .filter((feed) => hasCome(feed))
    .map(({ reader }) => reader.keyframeIntervalUs);
  return Math.max(0, ...groups);
}

/** Something has come of a ring, at any time. */
function hasCome(feed: Feed | null): boolean {
  return feed !== null && !feed.reader.empty && feed.reader.codec !== Codec.none;
}

/** Something has come of it of late. */
export function sends(feed: Feed, now: number): boolean {
  return hasCome(feed) && now - feed.reader.lastReceiptUs < SILENT_US;
}
