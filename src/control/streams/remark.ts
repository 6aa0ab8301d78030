/** What is said of a stream, by those who publish and watch it: what the API calls events. */
import { EVENT_BYTES_MAX, EVENT_NAME_MAX, EVENT_TEXT_MAX } from "../../limits.ts";

export const REMARK_TYPES = ["cue", "caption", "chat", "hand", "reaction"] as const;
export type RemarkType = (typeof REMARK_TYPES)[number];

/** Says that another remark, by the id in its data, is taken back. */
export const RETRACT = "retract";

/** A remark as its sender has it. */
export interface Draft {
  readonly type: RemarkType;
  /** Of the picture that it is about: capture time, ms since 1970; null: of now. */
  readonly at: number | null;
  readonly data: RemarkData;
}

export type RemarkData = Readonly<Record<string, unknown>>;

/** A remark as all get it. */
export interface Remark {
  /** Higher than of all before it, and never that of another. */
  readonly id: number;
  readonly type: RemarkType | typeof RETRACT;
  readonly at: number;
  /** What its sender's token calls him; null when that says nothing, and of reactions. */
  readonly from: string | null;
  readonly data: RemarkData;
}

const REFUSALS = ["away", "rate", "busy", "unknown", "foreign", "not-live", "no-answer"] as const;
/** What keeps a remark from being said. */
export type Refusal = (typeof REFUSALS)[number];

/** Who says something. */
export interface Speaker {
  /** The same for all that one sender says. */
  readonly key: string;
  readonly name: string | null;
  /** May take back what others said. */
  readonly moderates: boolean;
}

/** Where what is said of a stream is numbered, for nodes that ask there. */
export interface RemarkRoot {
  sayHere(name: string, draft: Draft, by: Speaker): Promise<Remark | Refusal>;
  retractHere(name: string, id: number, by: Speaker): Promise<Remark | Refusal>;
}

/** Viewers may say these where the stream has a chat. */
const OF_VIEWERS: ReadonlySet<string> = new Set<RemarkType>(["chat", "hand", "reaction"]);
/** These stand in playlists, at the time of their picture. */
const OF_PICTURES: ReadonlySet<string> = new Set<Remark["type"]>(["cue", "caption"]);
/** These are nothing without a text. */
const WORDS: ReadonlySet<string> = new Set<RemarkType>(["caption", "chat"]);
const TYPES: ReadonlySet<string> = new Set([...REMARK_TYPES, RETRACT]);
const MEMBERS: ReadonlySet<string> = new Set(["type", "at", "data"]);

export function isOfViewers(type: RemarkType): boolean {
  return OF_VIEWERS.has(type);
}

/** A cue or a caption. */
export function isOfPictures(remark: Remark): remark is Remark & { type: "cue" | "caption" } {
  return OF_PICTURES.has(remark.type);
}

/** The body of a POST, or what is wrong with it. Texts stay as they are, whatever they look like. */
export function readDraft(body: string): Draft | { readonly wrong: string } {
  const value = parse(body);
  if (!isRecord(value)) return { wrong: "The body must be a JSON object." };
  const stranger = Object.keys(value).find((key) => !MEMBERS.has(key));
  if (stranger !== undefined) return { wrong: `\`${stranger}\` is no member of an event.` };
  const { type, at, data } = value;
  if (!isType(type) || type === RETRACT) {
    return { wrong: `\`type\` must be one of: ${REMARK_TYPES.join(", ")}.` };
  }
  if (at !== undefined && !(typeof at === "number" && Number.isSafeInteger(Math.round(at)))) {
    return { wrong: "`at` must be a number of milliseconds since 1970." };
  }
  if (!isRecord(data)) return { wrong: "`data` must be a JSON object." };
  const wrong = objectionTo(type, data);
  return wrong === null ? { type, at: at === undefined ? null : Math.round(at), data } : { wrong };
}

/** A remark that another node tells of; null for what is none. */
export function readRemark(body: string): Remark | null {
  const value = parse(body);
  if (!isRecord(value)) return null;
  const { id, type, at, from, data } = value;
  if (!isTime(id) || !isType(type) || !isTime(at) || !isRecord(data)) return null;
  if (from !== null && !(typeof from === "string" && from.length <= 2 * EVENT_NAME_MAX))
    return null;
  return { id, type, at, from, data };
}

/** What another node answers. */
export function readAnswer(value: unknown): Remark | Refusal {
  const refusal = REFUSALS.find((each) => each === value);
  return refusal ?? readRemark(JSON.stringify(value ?? null)) ?? "no-answer";
}

function objectionTo(type: RemarkType, data: RemarkData): string | null {
  // A number may be longer when it is told.
  if (Buffer.byteLength(JSON.stringify(data)) > EVENT_BYTES_MAX) return "`data` is too long.";
  const { text } = data;
  if (text === undefined && !WORDS.has(type)) return null;
  if (typeof text !== "string" || text === "") return "`data.text` must be a text.";
  // Whoever counts in other units than code points has fewer of them.
  if (text.length <= EVENT_TEXT_MAX || [...text].length <= EVENT_TEXT_MAX) return null;
  return `\`data.text\` has at most ${EVENT_TEXT_MAX} characters.`;
}

function isType(value: unknown): value is Remark["type"] {
  return typeof value === "string" && TYPES.has(value);
}

function isTime(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) > 0;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Undefined for what is no JSON. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
