/** Asks the browser which scalability modes its encoders really take. */
import type { Ability, Encoding } from "./layering.ts";
import { SVC_CODECS, SVC_MODES } from "./layering.ts";

/** Codec names that a mime type "video/NAME" of the list stands for, lower case. */
export function shortName(mimeType: string): string {
  return mimeType.toLowerCase().replace("video/", "");
}

/** Video codecs this browser can send and Spillway forwards, as lower-case names, best first. */
export function sendableCodecs(): string[] {
  const listed = RTCRtpSender.getCapabilities("video")?.codecs ?? [];
  const names = new Set(listed.map((codec) => shortName(codec.mimeType)));
  return ["h264", "vp8", "vp9", "av1", "h265"].filter((name) => names.has(name));
}

/** One entry for each codec that can be sent. Never rejects: what cannot be asked is not there. */
export async function probeAbilities(): Promise<Ability[]> {
  const abilities: Ability[] = [];
  for (const codec of sendableCodecs()) {
    const modes = SVC_CODECS.includes(codec) ? await modesOf(codec).catch(() => []) : [];
    abilities.push({ codec, modes });
  }
  return abilities;
}

/** The modes that the encoder of this codec has, and that a sender takes and gives back. */
async function modesOf(codec: string): Promise<string[]> {
  const pc = new RTCPeerConnection();
  try {
    const { sender } = pc.addTransceiver("video", { direction: "sendonly" });
    const modes: string[] = [];
    for (const mode of SVC_MODES) {
      if ((await encodes(codec, mode)) && (await takes(sender, mode))) modes.push(mode);
    }
    return modes;
  } finally {
    pc.close();
  }
}

/** A sender that has not negotiated yet takes what any codec can do: so the codec is asked too. */
async function encodes(codec: string, scalabilityMode: string): Promise<boolean> {
  const picture = { width: 1280, height: 720, bitrate: 2_500_000, framerate: 30 };
  const video = { contentType: `video/${codec}`, scalabilityMode, ...picture };
  const { supported } = await navigator.mediaCapabilities.encodingInfo({ type: "webrtc", video });
  return supported;
}

/** A browser without scalability modes ignores the field, which then is missing afterwards. */
async function takes(sender: RTCRtpSender, mode: string): Promise<boolean> {
  const parameters = sender.getParameters();
  const encoding: Encoding | undefined = parameters.encodings[0];
  const wanted: Encoding = { ...encoding, scalabilityMode: mode };
  parameters.encodings = [wanted as RTCRtpEncodingParameters];
  try {
    await sender.setParameters(parameters);
  } catch {
    return false;
  }
  const now: Encoding | undefined = sender.getParameters().encodings[0];
  return now?.scalabilityMode === mode;
}
