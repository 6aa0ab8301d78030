/** Pictures of streams in a list: still.mp4 of those on screen, decoded once and painted. */
import { fetchWithToken } from "./access.ts";
import { make } from "./dom.ts";
import { nextTurns } from "./stillturns.ts";
import { pathOfName } from "./streamname.ts";

const LOOK_MS = 1_000;
/** A picture stays for so long: the server makes others no faster. */
const FRESH_MS = 20_000;
/** Where there can be none now, it may be otherwise with another publisher. */
const PLAIN_MS = 60_000;
const AGAIN_MS = 5_000;
const DECODE_MS = 5_000;
/** As wide as a card is shown, on fine screens. */
const WIDTH_MAX = 640;

interface Place {
  readonly stream: string;
  readonly canvas: HTMLCanvasElement;
  dueMs: number;
  loading: boolean;
}

export class StillPictures {
  readonly #places = new Map<Element, Place>();
  readonly #onScreen = new Set<Element>();
  readonly #observer = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting) this.#onScreen.add(target);
      else this.#onScreen.delete(target);
    }
    this.#look();
  });

  constructor() {
    setInterval(() => this.#look(), LOOK_MS);
  }

  /** A place for the picture of a stream: plain until there is one. */
  place(stream: string): HTMLElement {
    const canvas = make("canvas");
    canvas.hidden = true;
    const place = make("div", "still", canvas);
    place.ariaHidden = "true";
    this.#places.set(place, { stream, canvas, dueMs: 0, loading: false });
    this.#observer.observe(place);
    return place;
  }

  forget(place: Element): void {
    this.#observer.unobserve(place);
    this.#places.delete(place);
    this.#onScreen.delete(place);
  }

  #look(): void {
    if (document.hidden) return;
    const onScreen = [...this.#onScreen].sort(byPlace).flatMap((each) => {
      return this.#places.get(each) ?? [];
    });
    for (const place of nextTurns(onScreen, performance.now())) void this.#load(place);
  }

  async #load(place: Place): Promise<void> {
    place.loading = true;
    const again = await show(place).catch(() => AGAIN_MS);
    place.loading = false;
    place.dueMs = performance.now() + again;
  }
}

/** As they follow each other on the page, which the server's list changes. */
function byPlace(one: Element, other: Element): number {
  return one.compareDocumentPosition(other) & Node.DOCUMENT_POSITION_FOLLOWING ? -1 : 1;
}

/** Loads the picture and paints it; returns after how many ms it is to be loaded again. */
async function show({ stream, canvas }: Place): Promise<number> {
  const response = await fetchWithToken(`${pathOfName("hls", stream)}/still.mp4`);
  if (!response.ok) {
    const isForGood = response.status !== 503;
    if (isForGood) canvas.hidden = true;
    return isForGood ? PLAIN_MS : AGAIN_MS;
  }
  const address = URL.createObjectURL(await response.blob());
  const video = make("video");
  try {
    await decode(video, address);
    paint(video, canvas);
    return FRESH_MS;
  } catch {
    // In a codec that this browser does not play.
    canvas.hidden = true;
    return PLAIN_MS;
  } finally {
    // Lets go of the decoder, of which browsers have few.
    video.removeAttribute("src");
    video.load();
    URL.revokeObjectURL(address);
  }
}

async function decode(video: HTMLVideoElement, address: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  video.muted = true;
  video.playsInline = true;
  video.preload = "auto";
  video.addEventListener("loadeddata", () => resolve());
  video.addEventListener("error", () => reject(new Error("not decoded")));
  const timer = setTimeout(() => reject(new Error("not decoded in time")), DECODE_MS);
  video.src = address;
  await promise.finally(() => clearTimeout(timer));
}

function paint(video: HTMLVideoElement, canvas: HTMLCanvasElement): void {
  const scale = Math.min(1, WIDTH_MAX / video.videoWidth);
  canvas.width = Math.round(video.videoWidth * scale);
  canvas.height = Math.round(video.videoHeight * scale);
  canvas.getContext("2d")?.drawImage(video, 0, 0, canvas.width, canvas.height);
  canvas.hidden = false;
}
