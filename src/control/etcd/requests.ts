/** Calls as the JSON gateway of etcd 3.4 takes them: keys and values in base64, 64-bit numbers as text. */
import type { Call, Claimed, NameCall } from "./calls.ts";

/** Seconds that a claim outlives the last word of its node. */
const LEASE_TTL_S = 10;

export interface Request {
  readonly path: string;
  readonly body: unknown;
}

/** Where in etcd the names of a cluster stand. */
export class Keys {
  readonly #prefix: string;

  constructor(cluster: string) {
    this.#prefix = `/spillway/${cluster}/`;
  }

  /** Of the claim of a name. */
  name(name: string): string {
    return `${this.#prefix}names/${name}`;
  }

  /** The name that a key is of; null for another key. */
  nameOf(key: string): string | null {
    const start = this.name("");
    return key.startsWith(start) && key.length > start.length ? key.slice(start.length) : null;
  }

  /** Where one node asks another about a name. */
  question(asked: string, by: string): string {
    return `${this.#prefix}asks/${asked}/${by}`;
  }
}

export function requestOf(call: Call, keys: Keys): Request {
  if (call.type === "grant") return { path: "/v3/lease/grant", body: { TTL: String(LEASE_TTL_S) } };
  if (call.type === "renew") return { path: "/v3/lease/keepalive", body: { ID: call.lease } };
  if (call.type === "list") {
    return { path: "/v3/lease/timetolive", body: { ID: call.lease, keys: true } };
  }
  const key = base64(keys.name(call.name));
  if (call.type === "read") return { path: "/v3/kv/range", body: { key } };
  if (call.type === "ask") {
    const value = base64(JSON.stringify({ name: call.name }));
    const question = base64(keys.question(call.node, call.by));
    return { path: "/v3/kv/put", body: { key: question, value, lease: call.lease } };
  }
  return { path: "/v3/kv/txn", body: transaction(call, key) };
}

/** The questions to a node, from a revision on; from now on where none is said. */
export function watchOf(node: string, keys: Keys, from: number | null): Request {
  const start = keys.question(node, "");
  const body = {
    create_request: {
      key: base64(start),
      // All that begin with it: its last sign is "/".
      range_end: base64(`${start.slice(0, -1)}0`),
      filters: ["NODELETE"],
      ...(from === null ? {} : { start_revision: String(from) }),
    },
  };
  return { path: "/v3/watch", body };
}

/** Takes away the lease and all that hangs on it. */
export function revocation(lease: string): Request {
  return { path: "/v3/lease/revoke", body: { ID: lease } };
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}

/** One comparison; where it fails, what is there is the answer. */
function transaction(
  call: Extract<NameCall, { readonly type: "create" | "replace" | "confirm" | "drop" }>,
  key: string,
): unknown {
  const change =
    call.type === "drop"
      ? { request_delete_range: { key } }
      : { request_put: { key, value: textOf(call.claim), lease: call.lease } };
  return {
    compare: [{ key, result: "EQUAL", ...comparison(call) }],
    success: [change],
    failure: [{ request_range: { key } }],
  };
}

function comparison(
  call: Extract<NameCall, { readonly type: "create" | "replace" | "confirm" | "drop" }>,
): Readonly<Record<string, string>> {
  if (call.type === "create") return { target: "CREATE", create_revision: "0" };
  if (call.type === "confirm") return { target: "VALUE", value: textOf(call.claim) };
  return { target: "MOD", mod_revision: String(call.over) };
}

function textOf({ node, boot, serial }: Claimed): string {
  return base64(JSON.stringify({ node, boot, serial }));
}
