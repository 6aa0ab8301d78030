/** As much of etcd 3.4 as names need, behind its JSON gateway: one store, leases, transactions, a log of puts. */

interface Entry {
  readonly value: string;
  readonly createRevision: number;
  readonly modRevision: number;
  readonly lease: string;
}

/** Bodies of the gateway, as far as they are read here. */
interface Body {
  readonly ID?: string;
  readonly TTL?: string;
  readonly key?: string;
  readonly value?: string;
  readonly lease?: string;
  readonly compare?: readonly Record<string, string>[];
  readonly success?: readonly Record<string, Body>[];
  readonly failure?: readonly Record<string, Body>[];
}

/** What is no 200. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    readonly json: unknown,
  ) {
    super("refused");
  }
}

export interface Put {
  readonly revision: number;
  readonly key: string;
  readonly value: string;
}

export class FakeEtcd {
  /** Microseconds; leases go by it. */
  now = 0;
  revision = 1;
  /** All that was ever written, for whoever watches. */
  log: Put[] = [];
  #entries = new Map<string, Entry>();
  #leases = new Map<string, { ttl: number; until: number }>();
  #lease = 7_587_899_261_445_918_720n;

  /** Value by key, as text. */
  get values(): ReadonlyMap<string, string> {
    this.#expire();
    return new Map([...this.#entries].map(([key, { value }]) => [textOf(key), textOf(value)]));
  }

  /** One request to the gateway; throws a Refused. */
  call(path: string, body: Body): unknown {
    this.#expire();
    if (path === "/v3/lease/grant") return this.#grant(Number(body.TTL));
    if (path === "/v3/lease/keepalive") return this.#renew(body.ID!);
    if (path === "/v3/lease/timetolive") return this.#list(body.ID!);
    if (path === "/v3/lease/revoke") return this.#revoke(body.ID!);
    if (path === "/v3/kv/range") return { header: this.#header(), ...this.#range(body) };
    if (path === "/v3/kv/put") return this.#transact([{ request_put: body }]);
    if (path !== "/v3/kv/txn") throw new Refused(404, "Not Found");
    const holds = body.compare!.every((each) => this.#holds(each));
    const responses = this.#transact(holds ? body.success! : body.failure!);
    return { ...(responses as object), ...(holds ? { succeeded: true } : {}) };
  }

  /** As text, for `restore`. */
  snapshot(): () => void {
    const { revision } = this;
    const [entries, leases] = [new Map(this.#entries), [...this.#leases]];
    return () => {
      this.revision = revision;
      this.#entries = new Map(entries);
      this.log = this.log.filter((put) => put.revision <= revision);
      // A new leader gives every lease its whole time again.
      this.#leases = new Map(
        leases.map(([id, { ttl }]) => [id, { ttl, until: this.now + ttl * 1e6 }]),
      );
    };
  }

  /** Takes all leases away, as if nobody had renewed them. */
  dropLeases(): void {
    for (const id of [...this.#leases.keys()]) this.#revoke(id);
  }

  #grant(ttl: number): unknown {
    this.#lease += 1n;
    const ID = String(this.#lease);
    this.#leases.set(ID, { ttl, until: this.now + ttl * 1e6 });
    return { header: this.#header(), ID, TTL: String(ttl) };
  }

  #renew(ID: string): unknown {
    const lease = this.#leases.get(ID);
    if (lease === undefined) return { result: { header: this.#header(), ID } };
    lease.until = this.now + lease.ttl * 1e6;
    return { result: { header: this.#header(), ID, TTL: String(lease.ttl) } };
  }

  #list(ID: string): unknown {
    const lease = this.#leases.get(ID);
    if (lease === undefined) return { header: this.#header(), ID, TTL: "-1" };
    const keys = [...this.#entries].filter(([, entry]) => entry.lease === ID).map(([key]) => key);
    const TTL = String(Math.ceil((lease.until - this.now) / 1e6));
    return { header: this.#header(), ID, TTL, grantedTTL: String(lease.ttl), keys };
  }

  #revoke(ID: string): unknown {
    if (!this.#leases.delete(ID)) throw leaseNotFound();
    const hanging = [...this.#entries].filter(([, { lease }]) => lease === ID);
    for (const [key] of hanging) this.#entries.delete(key);
    if (hanging.length > 0) this.revision += 1;
    return { header: this.#header() };
  }

  #holds(compare: Record<string, string>): boolean {
    const entry = this.#entries.get(compare.key!);
    if (compare.target === "VALUE") return entry !== undefined && entry.value === compare.value;
    if (compare.target === "CREATE") {
      return String(entry?.createRevision ?? 0) === compare.create_revision;
    }
    return String(entry?.modRevision ?? 0) === compare.mod_revision;
  }

  #transact(operations: readonly Record<string, Body>[]): unknown {
    const puts = operations.map((each) => each.request_put).filter((put) => put !== undefined);
    const unknown = puts.some(({ lease }) => lease !== undefined && !this.#leases.has(lease));
    if (unknown) throw leaseNotFound();
    const responses = operations.map((operation) => {
      if (operation.request_range !== undefined) {
        return { response_range: { header: {}, ...this.#range(operation.request_range) } };
      }
      if (operation.request_put !== undefined) return this.#put(operation.request_put);
      const deleted = this.#entries.delete(operation.request_delete_range!.key!);
      if (deleted) this.revision += 1;
      return { response_delete_range: { header: {}, ...(deleted ? { deleted: "1" } : {}) } };
    });
    return { header: this.#header(), responses };
  }

  #put({ key = "", value = "", lease = "" }: Body): unknown {
    this.revision += 1;
    const createRevision = this.#entries.get(key)?.createRevision ?? this.revision;
    this.#entries.set(key, { value, lease, createRevision, modRevision: this.revision });
    this.log.push({ revision: this.revision, key: textOf(key), value });
    return { response_put: { header: { revision: String(this.revision) } } };
  }

  #range({ key = "" }: Body): object {
    const entry = this.#entries.get(key);
    if (entry === undefined) return {};
    const { value, createRevision, modRevision, lease } = entry;
    const revisions = {
      create_revision: String(createRevision),
      mod_revision: String(modRevision),
    };
    return { kvs: [{ key, ...revisions, version: "1", value, lease }], count: "1" };
  }

  #expire(): void {
    for (const [id, { until }] of [...this.#leases]) if (this.now >= until) this.#revoke(id);
  }

  #header(): unknown {
    return { cluster_id: "1", member_id: "2", revision: String(this.revision), raft_term: "2" };
  }
}

function leaseNotFound(): Refused {
  const message = "etcdserver: requested lease not found";
  return new Refused(404, { error: message, message, code: 5 });
}

function textOf(base64: string): string {
  return Buffer.from(base64, "base64").toString();
}
