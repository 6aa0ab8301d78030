/** What etcd's JSON gateway answers, read without trust: null for what is no answer to the call. */
import { z } from "zod";
import { STREAM_NAME_LENGTH_MAX } from "../../limits.ts";
import type { Answer, Call, Claimed, Holding } from "./calls.ts";
import type { Keys } from "./requests.ts";

/** 64-bit numbers come as text. Revisions are counted with: those of 2^53 and more are none. */
const count = z
  .string()
  .regex(/^\d{1,16}$/)
  .transform(Number)
  .refine(Number.isSafeInteger);
/** Never counted with. */
const leaseId = z.string().regex(/^\d{1,19}$/);
const seconds = z
  .string()
  .regex(/^-?\d{1,10}$/)
  .default("0")
  .transform(Number);
const bytes = z.string().regex(/^[A-Za-z0-9+/]*={0,2}$/);
const header = z.object({ revision: count.default(0) });

const granted = z.object({ ID: leaseId, TTL: seconds });
const renewed = z.object({ result: granted });
const living = z.object({ TTL: seconds, keys: z.array(bytes).default([]) });
const pair = z.object({ mod_revision: count, value: bytes.default("") });
const range = z.object({ header, kvs: z.array(pair).default([]) });
const put = z.object({ header });
const txn = z.object({
  header,
  succeeded: z.boolean().default(false),
  responses: z.array(z.object({ response_range: range.optional() })).default([]),
});
const claimed = z.object({
  node: z.string().regex(/^[0-9a-f]{32}$/),
  boot: z.int().nonnegative(),
  serial: z.int().nonnegative(),
});
const question = z.object({ name: z.string().min(1).max(STREAM_NAME_LENGTH_MAX) });
const watched = z.object({
  result: z.object({
    header,
    canceled: z.boolean().default(false),
    events: z.array(z.object({ kv: z.object({ value: bytes.default("") }) })).default([]),
  }),
});
const failure = z.object({
  error: z.string().optional(),
  message: z.string().optional(),
  code: z.int().nonnegative().optional(),
});

export function readAnswer(call: Call, json: unknown, keys: Keys): Answer | null {
  if (call.type === "grant") {
    const { data } = granted.safeParse(json);
    return data === undefined || data.TTL <= 0 ? null : { type: "lease", lease: data.ID };
  }
  if (call.type === "renew") {
    const result = renewed.safeParse(json).data?.result;
    // Without a time it is over.
    return result === undefined
      ? null
      : { type: "lease", lease: result.TTL > 0 ? result.ID : null };
  }
  if (call.type === "list") {
    const { data } = living.safeParse(json);
    if (data === undefined) return null;
    if (data.TTL <= 0) return { type: "lease-gone" };
    const names = data.keys.map((key) => keys.nameOf(textOf(key))).filter((name) => name !== null);
    return { type: "names", names };
  }
  if (call.type === "ask") {
    const { data } = put.safeParse(json);
    return data === undefined ? null : keyAnswer(true, data.header.revision, null);
  }
  if (call.type === "read") {
    const { data } = range.safeParse(json);
    return data === undefined ? null : keyAnswer(false, data.header.revision, holdingOf(data.kvs));
  }
  const { data } = txn.safeParse(json);
  if (data === undefined) return null;
  const found = data.responses[0]?.response_range;
  // One that says neither what it did nor what is there says nothing.
  if (!data.succeeded && found === undefined) return null;
  const holding = data.succeeded ? null : holdingOf(found?.kvs ?? []);
  return keyAnswer(data.succeeded, data.header.revision, holding);
}

export interface Questions {
  readonly revision: number;
  /** The watch has ended. */
  readonly canceled: boolean;
  /** Names that this node is asked about. */
  readonly names: readonly string[];
}

/** One line of a watch. */
export function readQuestions(json: unknown): Questions | null {
  const result = watched.safeParse(json).data?.result;
  if (result === undefined) return null;
  const names = result.events.flatMap(({ kv }) => {
    const { data } = question.safeParse(parse(textOf(kv.value)));
    return data === undefined ? [] : [data.name];
  });
  return { revision: result.header.revision, canceled: result.canceled, names };
}

export interface Failure {
  /** In etcd's words; null when it says none. */
  readonly words: string | null;
  /** As gRPC counts them; null when it says none. */
  readonly code: number | null;
}

/** The body of an answer that is no 200. */
export function readFailure(json: unknown): Failure {
  const { data } = failure.safeParse(json);
  const words = data?.message ?? data?.error ?? null;
  // They go into a line of the log, and into status.
  const line = words?.replaceAll(/[^\x20-\x7e]+/g, " ").slice(0, WORDS_MAX) ?? null;
  return { words: line, code: data?.code ?? null };
}
const WORDS_MAX = 200;

/** The token that a user and password are good for; null for none. */
export function readToken(json: unknown): string | null {
  return (
    z.object({ token: z.string().regex(/^[\x21-\x7e]{1,4096}$/) }).safeParse(json).data?.token ??
    null
  );
}

/** Undefined for what is no JSON. */
export function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function keyAnswer(done: boolean, revision: number, holding: Holding | null): Answer {
  return { type: "key", done, revision, holding };
}

function holdingOf([first]: readonly z.infer<typeof pair>[]): Holding | null {
  if (first === undefined) return null;
  const by: Claimed | undefined = claimed.safeParse(parse(textOf(first.value))).data;
  return { by: by ?? null, modRevision: first.mod_revision };
}

function textOf(base64: string): string {
  return Buffer.from(base64, "base64").toString();
}
