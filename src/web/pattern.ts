/** A test picture: colour bars, a moving bar, and a clock with milliseconds to read delay from. */
import { twoDigits } from "./format.ts";

/** What Chromium has beyond the common lib: a track made of frames that a page writes. */
interface TrackGenerator extends MediaStreamTrack {
  readonly writable: WritableStream<VideoFrame>;
}
type TrackGeneratorMaker = new (init: { kind: "video" }) => TrackGenerator;

const COLOURS = ["#f2f2f2", "#e8c832", "#35c4cf", "#3dbb5c", "#c84bc0", "#d8433b", "#3556c9"];

export function startPattern(width: number, height: number, framesPerSecond: number) {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d", { alpha: false });
  if (context === null) throw new Error("This browser cannot draw the test picture.");
  draw(context, 0);
  const output = openOutput(canvas, framesPerSecond);
  const ticker = new Worker("/assets/ticker.js", { type: "module" });
  let frames = 0;
  ticker.addEventListener("message", () => {
    draw(context, frames++);
    output.push();
  });
  ticker.postMessage(1000 / framesPerSecond);
  const stop = () => {
    ticker.terminate();
    output.track.stop();
  };
  return { track: output.track, stop };
}

/** Canvas capture stops while a tab is hidden; frames written by hand go on, where they exist. */
function openOutput(canvas: HTMLCanvasElement, framesPerSecond: number) {
  const maker = (window as { MediaStreamTrackGenerator?: TrackGeneratorMaker })
    .MediaStreamTrackGenerator;
  if (maker === undefined || typeof VideoFrame === "undefined") {
    const track = canvas.captureStream(framesPerSecond).getVideoTracks()[0]!;
    return { track: track as MediaStreamTrack, push: () => undefined };
  }
  const track: MediaStreamTrack & { writable: WritableStream<VideoFrame> } = new maker({
    kind: "video",
  });
  const writer = track.writable.getWriter();
  const push = () => {
    // A slow encoder loses frames here; they must not queue up.
    if ((writer.desiredSize ?? 0) <= 0) return;
    const frame = new VideoFrame(canvas, { timestamp: Math.round(performance.now() * 1000) });
    writer.write(frame).catch(() => frame.close());
  };
  return { track, push };
}

function draw(context: CanvasRenderingContext2D, frame: number): void {
  const { width, height } = context.canvas;
  COLOURS.forEach((colour, index) => {
    context.fillStyle = colour;
    const left = Math.floor((index * width) / COLOURS.length);
    context.fillRect(left, 0, Math.ceil(width / COLOURS.length), height);
  });
  const now = new Date();
  context.fillStyle = "#ffffff";
  const travel = (now.getTime() % 4000) / 4000;
  context.fillRect(Math.floor(travel * width), 0, Math.max(4, width / 80), height * 0.72);
  context.fillStyle = "#0a1416";
  context.fillRect(0, height * 0.72, width, height * 0.28);
  context.fillStyle = "#f2f7f7";
  context.textBaseline = "middle";
  const size = Math.round(height * 0.13);
  context.font = `600 ${size}px ui-monospace, "DejaVu Sans Mono", Menlo, monospace`;
  context.textAlign = "left";
  context.fillText(clockText(now), width * 0.03, height * 0.86);
  context.textAlign = "right";
  context.font = `${Math.round(size * 0.5)}px ui-monospace, "DejaVu Sans Mono", Menlo, monospace`;
  context.fillText(`${width}×${height}  ${frame}`, width * 0.97, height * 0.86);
}

function clockText(now: Date): string {
  const ms = String(now.getMilliseconds()).padStart(3, "0");
  return `${twoDigits(now.getHours())}:${twoDigits(now.getMinutes())}:${twoDigits(now.getSeconds())}.${ms}`;
}
