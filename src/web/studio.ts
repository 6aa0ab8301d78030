/** What is shown before and while it is sent: the sources that are open, and their switches. */
import { fillDevices } from "./devices.ts";
import { byId, setText } from "./dom.ts";
import { startMeter } from "./meter.ts";
import type { SourceChoice, Sources } from "./sources.ts";
import { openSources } from "./sources.ts";

const IDLE_HINT = "Choose what to send, then press Preview or Start.";

/** Dispatches "ended" when a source ended by itself: a screen that is shared no more, a camera pulled out. */
export class Studio extends EventTarget {
  readonly #preview = byId<HTMLVideoElement>("preview");
  #sources: Sources | null = null;
  /** What they were opened for. */
  #choice = "";
  #stopMeter: () => void = () => undefined;
  /** One after the other. */
  #work: Promise<Sources | null> = Promise.resolve(null);

  constructor() {
    super();
    for (const [id, kind, words] of SWITCHES) {
      byId(id).addEventListener("click", () => {
        const track = this.#sources?.[kind];
        if (!track) return;
        track.enabled = !track.enabled;
        showSwitch(id, track.enabled, words);
      });
    }
  }

  get sources(): Sources | null {
    return this.#sources;
  }

  /** The sources of this choice: those that are open, if they are. Rejects with words for a person. */
  open(choice: SourceChoice): Promise<Sources> {
    const work = this.#work.catch(() => null).then(() => this.#open(choice));
    this.#work = work;
    return work;
  }

  close(): void {
    this.#stopMeter();
    this.#stopMeter = () => undefined;
    this.#sources?.stop();
    this.#sources = null;
    this.#preview.srcObject = null;
    setText(byId("hint"), IDLE_HINT);
    byId("hint").hidden = false;
    byId("switches").hidden = true;
  }

  async #open(choice: SourceChoice): Promise<Sources> {
    const key = JSON.stringify(choice);
    if (this.#sources !== null && this.#choice === key) return this.#sources;
    this.close();
    const opened = await openSources(choice);
    this.#sources = opened;
    this.#choice = key;
    this.#show(opened);
    void fillDevices();
    return opened;
  }

  #show({ video, audio }: Sources): void {
    const tracks = [video, audio].filter((track) => track !== null);
    this.#preview.srcObject = new MediaStream(tracks);
    byId("hint").hidden = video !== null;
    if (video === null) setText(byId("hint"), "Sound only.");
    if (audio) this.#stopMeter = startMeter(audio, byId<HTMLMeterElement>("level"));
    for (const track of tracks) {
      track.addEventListener("ended", () => this.dispatchEvent(new Event("ended")));
    }
    byId("switches").hidden = false;
    for (const [id, kind, words] of SWITCHES) {
      byId(id).hidden = { video, audio }[kind] === null;
      showSwitch(id, true, words);
    }
  }
}

/** What a button does next, while its track is sent and while it is not. */
type Words = readonly [off: string, on: string];

const SWITCHES: readonly (readonly [id: string, kind: "audio" | "video", words: Words])[] = [
  ["mute", "audio", ["Mute", "Unmute"]],
  ["blank", "video", ["Hide picture", "Show picture"]],
];

function showSwitch(id: string, enabled: boolean, [off, on]: Words): void {
  const button = byId(id);
  setText(button, enabled ? off : on);
  button.classList.toggle("on", !enabled);
}
