/** Two cores and two edges, which have no link with each other: names come and go by the cores. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { Client, viewerOffer } from "../support/client.ts";
import { type ClusterNode, linked, TestCluster } from "../support/cluster.ts";
import { SETUP_MS } from "../support/server.ts";
import { goesOn } from "../support/test-clients.ts";
import { until } from "../support/until.ts";

/** A look-up takes a round trip; nobody is waited for longer than 300 ms. */
const ANSWER_MS = 600;

let cluster: TestCluster;
const cores: ClusterNode[] = [];
const edges: ClusterNode[] = [];

beforeAll(async () => {
  cluster = new TestCluster();
  cores.push(await cluster.start("A"), await cluster.start("B", { join: ["A"] }));
  await linked(cores);
  for (const name of ["C", "D"]) {
    edges.push(await cluster.start(name, { join: ["A"], args: ["--role", "edge"] }));
  }
  // Each finds the other core by the one that it knows.
  await linked(edges, 2);
}, SETUP_MS);
afterAll(() => cluster?.stop());

async function post(node: ClusterNode, path: string): Promise<number> {
  const offer = viewerOffer();
  const body = path.startsWith("/whip") ? offer.replaceAll("a=recvonly", "a=sendonly") : offer;
  const headers = { "Content-Type": "application/sdp" };
  const response = await fetch(node.base + path, { method: "POST", headers, body });
  await response.text();
  return response.status;
}

test("what is published at an edge is watched at another one, and is taken there; silence frees it", async () => {
  const [first, second] = edges as [ClusterNode, ClusterNode];
  const before = performance.now();
  expect(await post(second, "/whep/cam")).toBe(409);
  expect(performance.now() - before).toBeLessThan(ANSWER_MS);
  const publisher = await Client.connect(first.base, "publisher", "cam");
  await until("it is known there", 3_000, async () => (await post(second, "/whep/cam")) === 201);
  const viewer = await Client.connect(second.base, "viewer", "cam");
  await goesOn(viewer);
  expect(await post(second, "/whip/cam")).toBe(409);
  publisher.work = null;
  const next = await Client.connect(second.base, "publisher", "cam");
  await goesOn(viewer);
  expect(await second.stream("cam")).toMatchObject({ live: true, origin: "session" });
  for (const client of [publisher, viewer, next]) client.hangUp();
}, 60_000);

test("edges have links with the cores alone, and say what they are", async () => {
  for (const edge of edges) {
    const response = await fetch(`${edge.base}/api/v1/status`);
    const { node, members } = (await response.json()) as {
      node: { role: string };
      members: { role: string; roundTripMs: number | null }[];
    };
    expect(node.role).toBe("edge");
    const links = members.filter(({ roundTripMs }) => roundTripMs !== null);
    expect(links.map(({ role }) => role)).toEqual(["core", "core"]);
  }
});
