/** Lists and kicks act on the whole cluster, whichever node is asked. */
import { expect, test } from "bun:test";
import type { Harness } from "../../support/control-harness.ts";
import { Joined } from "../../support/joined.ts";

const [A, B, C] = ["a", "b", "c"].map((digit) => digit.repeat(32)) as [string, string, string];

async function three(): Promise<{ cluster: Joined; a: Harness; b: Harness; c: Harness }> {
  const cluster = new Joined();
  const [a, b, c] = [await cluster.add(), await cluster.add(), await cluster.add()];
  await a.publish("cam");
  await a.view("cam");
  for (const node of [b, c]) {
    const tracks = [{ kind: "video", rid: null, codec: "vp8", fmtp: "", channels: 0 } as const];
    const stream = { name: "cam", epoch: 1, owner: A, tracks };
    node.plane.events.cluster({ type: "heard", name: "cam", stream });
  }
  await b.view("cam");
  await b.view("cam");
  return { cluster, a, b, c };
}

async function get(node: Harness, path: string, options = {}): Promise<Record<string, unknown[]>> {
  return (await (await node.request("GET", `/api/v1${path}`, options)).json()) as never;
}

const ids = (list: readonly unknown[]) => (list as { id: string }[]).map(({ id }) => id);
const answered = (node: string, is = true) => ({ node, answered: is, left: 0 });

test("sessions of all nodes are listed at any, and known by the node that they are at", async () => {
  const { a, b, c } = await three();
  const atC = await get(c, "/sessions");
  expect(ids(atC.sessions!)).toEqual([`p1@${A}`, `v2@${A}`, `v1@${B}`, `v2@${B}`]);
  expect(atC.nodes).toEqual([answered(A), answered(B)]);
  const atB = await get(b, "/sessions");
  expect(ids(atB.sessions!)).toEqual(["v1", "v2", `p1@${A}`, `v2@${A}`]);
  expect(atB.sessions![0]).toMatchObject({ node: B });
  expect(ids((await get(a, "/sessions?scope=node")).sessions!)).toEqual(["p1", "v2"]);
  expect(await get(c, `/sessions/p1@${A.slice(0, 8)}`)).toMatchObject({ id: "p1", stream: "cam" });
  expect((await c.request("GET", `/api/v1/sessions/p9@${A}`)).status).toBe(404);
});

test("a stream is listed once, with the viewers of all nodes, also where nobody watches it", async () => {
  const { a, b, c } = await three();
  for (const node of [a, b, c]) {
    const { streams } = await get(node, "/streams");
    expect(streams).toHaveLength(1);
    expect(streams![0]).toMatchObject({
      ...{ name: "cam", live: true, origin: "session", viewers: 3, publishers: 1 },
    });
  }
  expect((await get(c, "/streams?scope=node")).streams).toEqual([]);
});

test("a session is ended by the node that it is at, whichever is asked for it", async () => {
  const { a, b, c } = await three();
  const kick = async (node: Harness, id: string) =>
    (await node.request("DELETE", `/api/v1/sessions/${id}`)).status;
  expect(await kick(c, `v2@${B}`)).toBe(204);
  expect(b.plane.closes).toEqual([{ session: 2, reason: "kicked" }]);
  expect(b.lines.join("\n")).toContain(`"by":"${C}"`);
  expect(await kick(c, `v2@${B}`)).toBe(404);
  expect(await kick(b, `p1@${A.slice(0, 8)}`)).toBe(204);
  expect(a.control.registry.count("publisher")).toBe(0);
  expect(await kick(a, `v2@${A}`)).toBe(204);
  expect(a.control.registry.count("viewer")).toBe(0);
  // Nobody of that id answers.
  expect(await kick(c, `v1@${"e".repeat(32)}`)).toBe(504);
  for (const wrong of ["v1@", "v1@bb", "v1@BBBBBBBB", "@", "v77"]) {
    expect([wrong, await kick(c, wrong)]).toEqual([wrong, 404]);
  }
  expect(b.control.registry.count("viewer")).toBe(1);
});

test("a stream's publisher and viewers are ended at all nodes", async () => {
  const { a, b, c } = await three();
  const response = await c.request("DELETE", "/api/v1/streams/cam");
  expect(await response.json()).toEqual({
    ended: { publishers: 1, viewers: 3 },
    nodes: [answered(A), answered(B)],
  });
  for (const node of [a, b]) expect(node.control.registry.sessions.count).toBe(0);
  expect((await c.request("DELETE", "/api/v1/streams/cam")).status).toBe(404);
});

test("only here, if that is what is asked for", async () => {
  const { a, b } = await three();
  const response = await b.request("DELETE", "/api/v1/streams/cam?scope=node");
  expect(await response.json()).toEqual({ ended: { publishers: 0, viewers: 2 }, nodes: [] });
  expect(a.control.registry.sessions.count).toBe(2);
});

test("a node that does not answer is named, and delays the others by a second", async () => {
  const { cluster, b, c } = await three();
  cluster.mute.add(b);
  const started = performance.now();
  const { sessions, nodes } = await get(c, "/sessions");
  expect(performance.now() - started).toBeLessThan(1_500);
  expect(ids(sessions!)).toEqual([`p1@${A}`, `v2@${A}`]);
  expect(nodes).toEqual([answered(A), answered(B, false)]);
  const kick = await c.request("DELETE", `/api/v1/sessions/v1@${B}`);
  expect([kick.status, await kick.json()]).toMatchObject([504, { title: "No answer" }]);
  // It was told, and did it.
  expect(b.plane.closes).toHaveLength(1);
}, 10_000);

test("the node that is asked asks for the token, the others take its word", async () => {
  const config = `[[auth.tokens]]
token = "adminadminadmin1"
rights = ["admin"]
[[auth.tokens]]
token = "viewviewviewview"
rights = ["view"]
streams = ["cam"]`;
  const cluster = new Joined();
  const [a, b] = [await cluster.add(), await cluster.add({ config })];
  await a.publish("cam");
  const as = (token: string) => ({ headers: { Authorization: `Bearer ${token}` } });
  expect((await b.request("DELETE", `/api/v1/sessions/p1@${A}`)).status).toBe(401);
  const viewer = as("viewviewviewview");
  expect((await b.request("DELETE", "/api/v1/streams/cam", viewer)).status).toBe(403);
  // Who may only watch makes nobody ask around.
  expect(await get(b, "/streams", viewer)).toEqual({ streams: [], nodes: [] });
  expect(a.control.registry.sessions.count).toBe(1);
  const admin = as("adminadminadmin1");
  expect((await b.request("DELETE", `/api/v1/sessions/p1@${A}`, admin)).status).toBe(204);
  expect(a.control.registry.sessions.count).toBe(0);
});

test("more than one answer takes is left out, and counted", async () => {
  const cluster = new Joined();
  const [a, b] = [await cluster.add(), await cluster.add()];
  const long = "n".repeat(200);
  await a.publish(long);
  for (let i = 0; i < 900; i += 1) await a.view(long, false);
  const { sessions, nodes } = await get(b, "/sessions");
  const [{ left }] = nodes as [{ left: number }];
  expect(left).toBeGreaterThan(0);
  expect(sessions!.length + left).toBe(901);
  expect(JSON.stringify(sessions).length).toBeGreaterThan(380_000);
});
