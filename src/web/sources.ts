/** Where a publisher's tracks come from. Every source says how to let go of it. */
import { messageOf } from "../errors.ts";
import { startPattern } from "./pattern.ts";

export interface SourceChoice {
  readonly picture: "camera" | "screen" | "pattern" | "none";
  readonly sound: "microphone" | "tone" | "none";
  readonly width: number;
  readonly height: number;
  readonly framesPerSecond: number;
  /** Ids of devices; "" for any. */
  readonly camera: string;
  readonly microphone: string;
}

export interface Sources {
  readonly video: MediaStreamTrack | null;
  readonly audio: MediaStreamTrack | null;
  readonly stop: () => void;
  /** The browser holds the test tone back until the first click on the page. */
  readonly awaitsClick: () => boolean;
}

/** Opens what was chosen. Rejects with an Error whose message a person can act on. */
export async function openSources(choice: SourceChoice): Promise<Sources> {
  const stops: (() => void)[] = [];
  const stop = () => {
    for (const action of stops.splice(0)) action();
  };
  try {
    const picture = await openPicture(choice);
    stops.push(picture.stop);
    const sound = await openSound(choice);
    stops.push(sound.stop);
    const awaitsClick = sound.awaitsClick ?? (() => false);
    return { video: picture.track, audio: sound.track, stop, awaitsClick };
  } catch (error) {
    stop();
    throw new Error(explain(error, choice));
  }
}

interface OpenTrack {
  readonly track: MediaStreamTrack | null;
  readonly stop: () => void;
  readonly awaitsClick?: () => boolean;
}

async function openPicture(choice: SourceChoice): Promise<OpenTrack> {
  const { width, height, framesPerSecond } = choice;
  switch (choice.picture) {
    case "pattern":
      return startPattern(width, height, framesPerSecond);
    case "camera": {
      const video = {
        ...deviceOf(choice.camera),
        width: { ideal: width },
        height: { ideal: height },
        frameRate: { ideal: framesPerSecond },
      };
      return firstTrack(await devices().getUserMedia({ video }), "motion");
    }
    case "screen": {
      const video = {
        width: { max: width },
        height: { max: height },
        frameRate: { max: framesPerSecond },
      };
      return firstTrack(await devices().getDisplayMedia({ video }), "detail");
    }
    case "none":
      return NOTHING;
  }
}

async function openSound(choice: SourceChoice): Promise<OpenTrack> {
  if (choice.sound === "none") return NOTHING;
  if (choice.sound === "tone") return startTone();
  const audio = { ...deviceOf(choice.microphone) };
  return firstTrack(await devices().getUserMedia({ audio }), "");
}

/** One that is not there any more is no reason to have none. */
function deviceOf(id: string): { deviceId?: { ideal: string } } {
  return id === "" ? {} : { deviceId: { ideal: id } };
}

const NOTHING: OpenTrack = { track: null, stop: () => undefined };

function firstTrack(stream: MediaStream, hint: string): OpenTrack {
  const track = stream.getTracks()[0] ?? null;
  if (track !== null && hint !== "") track.contentHint = hint;
  return { track, stop: () => stream.getTracks().forEach((each) => void each.stop()) };
}

/** A 440 Hz beep of a tenth of a second, each second, over a very quiet steady tone. */
function startTone(): OpenTrack {
  const context = new AudioContext();
  const tone = new OscillatorNode(context, { frequency: 440 });
  const volume = new GainNode(context, { gain: 0.02 });
  const target = context.createMediaStreamDestination();
  tone.connect(volume).connect(target);
  tone.start();
  // A context made before any click is suspended; it starts with the first one.
  const wake = () => {
    // Rejected when the page stops before the browser lets it sound.
    context.resume().catch(() => undefined);
  };
  wake();
  addEventListener("pointerdown", wake);
  const beep = () => {
    volume.gain.setValueAtTime(0.3, context.currentTime);
    volume.gain.setValueAtTime(0.02, context.currentTime + 0.1);
  };
  const timer = setInterval(beep, 1_000);
  const stop = () => {
    clearInterval(timer);
    removeEventListener("pointerdown", wake);
    void context.close();
  };
  const awaitsClick = () => context.state === "suspended";
  return { track: target.stream.getAudioTracks()[0] ?? null, stop, awaitsClick };
}

function devices(): MediaDevices {
  if (!navigator.mediaDevices) throw new DOMException("", "SecurityError");
  return navigator.mediaDevices;
}

function explain(error: unknown, choice: SourceChoice): string {
  const device = choice.picture === "screen" ? "screen" : "camera or microphone";
  const name = error instanceof DOMException ? error.name : "";
  switch (name) {
    case "NotAllowedError":
      return `The browser did not allow the ${device}. Allow it at the left of the address bar, then try again.`;
    case "NotFoundError":
      return `No ${device} was found. Connect one, or choose the test picture and test tone.`;
    case "NotReadableError":
      return `The ${device} is in use by another program, or the system does not allow it. Close that program and try again.`;
    case "OverconstrainedError":
      return "The camera cannot do this size or frame rate. Choose a smaller one.";
    case "SecurityError":
      return "Without https or localhost the browser gives no camera, microphone or screen. Choose the test picture and test tone.";
    default:
      return messageOf(error);
  }
}
