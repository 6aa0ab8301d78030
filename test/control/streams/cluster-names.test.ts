/** Names by etcd as publishers meet them: who comes in, in which epoch, and what ends whom. */
import { expect, test } from "bun:test";
import type { ClusterCommand } from "../../../src/contract/cluster.ts";
import { wordsOf } from "../../../src/web/cluster-words.ts";
import type { ClusterReport } from "../../../src/web/reports.ts";
import { Harness, PUBLISHER_OFFER, settle } from "../../support/control-harness.ts";
import { until } from "../../support/until.ts";
import { FakeEtcd, Refused } from "../etcd/fake-etcd.ts";

const KEY = "/spillway/spillway/names/cam";
const OTHER = JSON.stringify({ node: "bb".repeat(16), boot: 9, serial: 1 });
/** Far more than any test here makes. */
const CALLS_MAX = 5_000;

class Ground {
  readonly etcd = new FakeEtcd();
  harness!: Harness;
  leased = false;
  away = false;
  #calls = 0;

  static async start(args: readonly string[] = []): Promise<Ground> {
    const ground = new Ground();
    const names = ["--names", "etcd://192.0.2.1"];
    ground.harness = await Harness.start({
      cluster: true,
      args: [...names, ...args],
      fetch: (url, init) => ground.#answer(url, init),
    });
    ground.harness.plane.events.relayStarted();
    await until("there is a lease", 2_000, () => ground.leased);
    return ground;
  }

  /** Somebody else has the name. */
  put(value: string): void {
    this.etcd.call("/v3/kv/put", { key: base64(KEY), value: base64(value) });
  }

  /** The other one answers who asks it: it writes its claim once more. */
  otherAnswers(): () => void {
    const timer = setInterval(() => {
      if (this.etcd.log.some(({ key }) => key.includes("/asks/"))) this.put(OTHER);
    }, 1);
    return () => clearInterval(timer);
  }

  /** The POST of a publisher; the nodes know nothing of the name. */
  async offer(): Promise<Response> {
    const { harness } = this;
    const response = harness.post("/whip/cam", PUBLISHER_OFFER);
    await settle();
    harness.plane.events.cluster({ type: "looked-up", name: "cam" });
    // Whoever is asked by way of etcd has some time, by the clock of this test.
    const timer = setInterval(() => {
      harness.nowUs += 20_000;
    }, 5);
    try {
      return await response;
    } finally {
      clearInterval(timer);
    }
  }

  async publish(): Promise<void> {
    const before = this.harness.plane.publishers.length;
    expect((await this.offer()).status).toBe(201);
    const { session } = this.harness.plane.publishers[before]!;
    this.harness.plane.events.connected(session, "198.51.100.1:5000", "GCM", "udp");
    await settle();
  }

  told<Type extends ClusterCommand["type"]>(type: Type): Extract<ClusterCommand, { type: Type }>[] {
    return this.harness.plane.told.filter(
      (command): command is Extract<ClusterCommand, { type: Type }> => command.type === type,
    );
  }

  async metric(name: string): Promise<number> {
    const text = await (await this.harness.request("GET", "/metrics")).text();
    const line = text.split("\n").find((each) => each.startsWith(`spillway_${name} `));
    return Number(line?.split(" ")[1]);
  }

  async #answer(url: string, init: RequestInit): Promise<Response> {
    const { pathname } = new URL(url);
    this.#calls += 1;
    // Whoever goes round in circles would keep all timers from running.
    if (this.away || this.#calls > CALLS_MAX)
      throw Object.assign(new Error("no"), { code: "ConnectionRefused" });
    if (pathname === "/v3/watch") return await new Promise<Response>(() => {});
    // It is asked before all else stands.
    this.etcd.now = this.harness?.nowUs ?? 0;
    try {
      const json = this.etcd.call(pathname, JSON.parse(String(init.body)));
      if (pathname === "/v3/lease/grant") this.leased = true;
      return Response.json(json);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      return Response.json(error.json, { status: error.status });
    }
  }
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}

test("etcd-epoch: nodes are told by what names go, and a publisher's epoch begins at the revision of its claim", async () => {
  const ground = await Ground.start();
  expect(ground.told("cluster")[0]!.setup.names).toBe("etcd");
  ground.etcd.revision = 41;
  await ground.publish();
  expect(ground.told("publish")).toMatchObject([{ name: "cam", epochMin: 42 }]);
  const { node } = JSON.parse(ground.etcd.values.get(KEY)!) as { node: string };
  expect(node).toBe("aa".repeat(16));
  expect(await ground.metric("cluster_names_owned")).toBe(1);
});

test("etcd-epoch: a revision that leaves epochs no room is no epoch", async () => {
  const ground = await Ground.start();
  ground.etcd.revision = 2 ** 30;
  await ground.publish();
  expect(ground.told("publish")[0]!.epochMin).toBe(0);
});

test("etcd-claim: a name that another node has in etcd is refused, though no node tells of it", async () => {
  const ground = await Ground.start();
  ground.put(OTHER);
  const stop = ground.otherAnswers();
  const response = await ground.offer();
  stop();
  expect([response.status, response.headers.get("Retry-After")]).toEqual([409, "1"]);
  expect(ground.harness.plane.publishers).toHaveLength(0);
  expect(ground.etcd.values.get(KEY)).toBe(OTHER);
});

test("etcd-claim: a name whose node does not answer is replaced; with takeover it is not even asked", async () => {
  const ground = await Ground.start();
  ground.put(OTHER);
  expect((await ground.offer()).status).toBe(201);
  expect(ground.etcd.log.filter(({ key }) => key.includes("/asks/"))).toHaveLength(1);
  const taking = await Ground.start(["--takeover"]);
  taking.put(OTHER);
  expect((await taking.offer()).status).toBe(201);
  expect(taking.etcd.log.filter(({ key }) => key.includes("/asks/"))).toHaveLength(0);
});

test("etcd-claim: a name is given back when its publisher goes, or never came", async () => {
  const ground = await Ground.start();
  await ground.publish();
  const [publisher] = ground.harness.plane.publishers;
  ground.harness.plane.events.closed(publisher!.session, "peer-closed");
  await until("it is free", 2_000, () => !ground.etcd.values.has(KEY));
  expect((await ground.offer()).status).toBe(201);
  expect(ground.etcd.values.has(KEY)).toBe(true);
  ground.harness.pass(30);
  await until("it is free again", 2_000, () => !ground.etcd.values.has(KEY));
  expect(await ground.metric("cluster_names_owned")).toBe(0);
});

test("etcd-claim: who is refused after etcd's word leaves no claim behind", async () => {
  const ground = await Ground.start();
  ground.harness.plane.placed = false;
  expect((await ground.offer()).status).toBe(503);
  await until("it is free", 2_000, () => !ground.etcd.values.has(KEY));
});

test("etcd-claim: without etcd: new names get 503, what plays goes on, health is as it was, and all is told", async () => {
  const ground = await Ground.start();
  await ground.publish();
  ground.away = true;
  ground.harness.pass(4);
  const away = async () => (await ground.metric("cluster_names_reachable")) === 0;
  await until("it is noticed", 5_000, away);
  const { harness } = ground;
  const response = harness.post("/whip/new", PUBLISHER_OFFER);
  await settle();
  harness.plane.events.cluster({ type: "looked-up", name: "new" });
  const refused = await response;
  expect([refused.status, refused.headers.get("Retry-After")]).toEqual([503, "5"]);
  expect(await ground.metric('refused_total{reason="names"}')).toBe(1);
  for (const path of ["/healthz", "/readyz"]) {
    expect((await harness.request("GET", path)).status).toBe(200);
  }
  expect(harness.control.registry.streams.get("cam")!.publisher).not.toBeNull();
  const report = async (): Promise<ClusterReport> => {
    const response = await harness.request("GET", "/api/v1/status?scope=node");
    return (await response.json()) as ClusterReport;
  };
  expect(await report()).toMatchObject({ node: { names: { by: "etcd", owned: 1 } } });
  const words = wordsOf(await report());
  expect(words).toHaveLength(1);
  expect(words[0]).toMatch(
    /^Node aaaaaaaa cannot ask etcd: http:\/\/192\.0\.2\.1:2379: cannot be reached.*, for \d+ s\.$/,
  );
  const lines = harness.lines.filter((line) => line.includes("etcd cannot be asked"));
  expect(lines).toHaveLength(1);
  ground.away = false;
  harness.pass(4);
  const back = async () => (await ground.metric("cluster_names_reachable")) === 1;
  await until("it is back", 5_000, back);
  expect(harness.lines.some((line) => line.includes("etcd can be asked again"))).toBe(true);
  expect(wordsOf(await report())).toEqual([]);
});

test("etcd-claim: another node has the name by etcd: the publisher here is ended", async () => {
  const ground = await Ground.start();
  await ground.publish();
  ground.put(OTHER);
  const stop = ground.otherAnswers();
  await until("it is ended", 10_000, () => {
    ground.harness.nowUs += 100_000;
    return ground.harness.plane.closes.some(({ reason }) => reason === "taken-over");
  });
  stop();
  expect(ground.etcd.values.get(KEY)).toBe(OTHER);
  expect(await ground.metric("cluster_names_lost_total")).toBe(1);
});

test("etcd-claim: a node tells of a higher epoch: etcd's word counts, and this node's goes above it", async () => {
  const ground = await Ground.start();
  await ground.publish();
  ground.harness.plane.events.cluster({ type: "outranked", name: "cam" });
  await until("it is told again", 2_000, () => ground.told("publish").length === 2);
  expect(ground.harness.plane.closes).toEqual([]);
  ground.put(OTHER);
  ground.harness.plane.events.cluster({ type: "outranked", name: "cam" });
  const ended = () => ground.harness.plane.closes.some(({ reason }) => reason === "taken-over");
  await until("it is ended", 2_000, ended);
});

test("etcd-claim: a node that stops gives all names back at once", async () => {
  const ground = await Ground.start();
  await ground.publish();
  const stopping = ground.harness.control.stop();
  ground.harness.plane.events.cluster({ type: "left" });
  await stopping;
  expect(ground.etcd.values.size).toBe(0);
});

const STANDBY = ["--takeover=standby"];

test("etcd-claim: a publisher that stands by comes in while another node has the name, and has it next", async () => {
  const ground = await Ground.start(STANDBY);
  ground.put(OTHER);
  const stop = ground.otherAnswers();
  await ground.publish();
  const { streams } = ground.harness.control.registry;
  expect(streams.get("cam")!.publisher).toBeNull();
  expect(streams.get("cam")!.standby).not.toBeNull();
  expect(ground.told("publish")).toHaveLength(0);
  ground.harness.pass(2);
  await Bun.sleep(50);
  expect(streams.get("cam")!.publisher).toBeNull();
  // The other one answers no more.
  stop();
  await until("it goes on", 10_000, () => {
    ground.harness.pass(0.02);
    return streams.get("cam")!.publisher !== null;
  });
  expect(ground.told("publish")).toHaveLength(1);
  expect(ground.etcd.values.get(KEY)).toContain("aa".repeat(16));
  // It is asked for again and again, but not all the time.
  const asked = ground.etcd.log.filter(({ key }) => key.includes("/asks/")).length;
  expect(asked).toBeLessThan(20);
});

test("etcd-claim: without etcd nobody stands by for a name that nobody has, and nobody is promoted", async () => {
  const ground = await Ground.start(STANDBY);
  ground.away = true;
  await until("it is noticed", 10_000, async () => {
    ground.harness.pass(0.1);
    return (await ground.metric("cluster_names_reachable")) === 0;
  });
  expect((await ground.offer()).status).toBe(503);
  const stream = {
    ...{ name: "cam", epoch: 3, owner: "bb".repeat(16) },
    tracks: [{ kind: "audio", rid: null, codec: "opus", fmtp: "", channels: 2 }] as const,
  };
  ground.harness.plane.events.cluster({ type: "heard", name: "cam", stream });
  await ground.publish();
  ground.harness.plane.events.cluster({ type: "heard", name: "cam", stream: null });
  for (let i = 0; i < 5; i += 1) ground.harness.pass(1);
  expect(ground.harness.control.registry.streams.get("cam")!.publisher).toBeNull();
  ground.away = false;
  await until("it goes on", 10_000, () => {
    ground.harness.pass(0.05);
    return ground.harness.control.registry.streams.get("cam")!.publisher !== null;
  });
});
