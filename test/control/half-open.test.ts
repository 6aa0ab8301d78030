/** Publishers that post an offer and never connect: what they cost others. */
import { expect, test } from "bun:test";
import { PENDING_PUBLISHERS_MAX } from "../../src/limits.ts";
import { Harness, PUBLISHER_OFFER, SIMULCAST_OFFER, settle } from "../support/control-harness.ts";

const TOKENS = `
[[auth.tokens]]
token = "one-publisher-token"
rights = ["publish", "admin"]

[[auth.tokens]]
token = "another-publisher-token"
rights = ["publish"]
`;

const bearer = (token: string) => ({ headers: { Authorization: `Bearer ${token}` } });

test("S6: half-open publishers take no ring memory: another one still publishes", async () => {
  const h = await Harness.start();
  h.plane.ringsMax = 4;
  for (let i = 0; i < 160; i += 1) await h.publish(`ghost-${i}`, false);
  expect(h.plane.ringsOut.size).toBe(0);
  await h.publish("real");
  expect(h.plane.ringsOut.size).toBe(2);
  expect(h.plane.grants.map(({ rings }) => rings.length)).toEqual([2]);
});

test("S6: half-open simulcast offers of many layers take none either", async () => {
  const h = await Harness.start();
  h.plane.ringsMax = 3;
  for (let i = 0; i < 20; i += 1) await h.publish(`ghost-${i}`, false, SIMULCAST_OFFER);
  const real = await h.publish("real", true, SIMULCAST_OFFER);
  expect((await h.request("GET", real.location)).status).toBe(204);
  expect(h.plane.ringsOut.size).toBe(3);
});

test("S6: memory that runs out before the connect ends that session alone and says why", async () => {
  const h = await Harness.start();
  h.plane.ringsMax = 2;
  const first = await h.publish("a", false);
  const second = await h.publish("b", false);
  for (const { number } of [first, second]) h.plane.events.connected(number, "x", "GCM", "udp");
  await settle();
  expect(h.plane.closes).toEqual([{ session: second.number, reason: "ring-memory" }]);
  expect((await h.request("GET", first.location)).status).toBe(204);
  const told = await h.request("GET", second.location);
  expect(told.status).toBe(503);
  expect(told.headers.get("Retry-After")).toBe("5");
  expect(await told.text()).toContain("ring-memory");
  expect(h.lines.join("")).toContain("--ring-memory");
  expect(await (await h.request("GET", "/metrics")).text()).toContain('reason="ring-memory"');
  // Its name is free, and once there is memory again so is the way.
  await h.request("DELETE", first.location);
  h.pass(31);
  await settle();
  await h.publish("b");
});

test("S6: a session that ended before its connect was told gets no rings", async () => {
  const h = await Harness.start();
  const { number, location } = await h.publish("a", false);
  await h.request("DELETE", location);
  h.plane.events.connected(number, "x", "GCM", "udp");
  expect(h.plane.ringsOut.size).toBe(0);
  expect(h.plane.grants).toHaveLength(0);
});

test("S6: pending publishers are bounded by token, wherever they come from", async () => {
  const h = await Harness.start({ config: TOKENS });
  const post = (name: string, token: string, address: string) =>
    h.post(`/whip/${name}`, PUBLISHER_OFFER, { ...bearer(token), address });
  for (let i = 0; i < PENDING_PUBLISHERS_MAX; i += 1) {
    expect((await post(`g${i}`, "one-publisher-token", `192.0.2.${i}`)).status).toBe(201);
  }
  const refused = await post("more", "one-publisher-token", "127.0.0.1");
  expect(refused.status).toBe(429);
  expect(refused.headers.get("Retry-After")).toMatch(/^\d+$/);
  expect(await refused.text()).toContain("of this token");
  expect((await post("more", "another-publisher-token", "192.0.2.1")).status).toBe(201);
  // One that connects makes room, and so does one that is given up.
  h.plane.events.connected(h.plane.publishers[0]!.session, "x", "GCM", "udp");
  expect((await post("more2", "one-publisher-token", "192.0.2.1")).status).toBe(201);
  expect((await post("more3", "one-publisher-token", "192.0.2.1")).status).toBe(429);
  h.plane.events.closed(h.plane.publishers[1]!.session, "connect-timeout");
  expect((await post("more3", "one-publisher-token", "192.0.2.1")).status).toBe(201);
});

test("S6: pending publishers are bounded by address, an IPv6 /64 being one; loopback is exempt", async () => {
  const h = await Harness.start({ config: "insecure = true" });
  let n = 0;
  const post = (address: string) => {
    n += 1;
    return h.post(`/whip/s${n}`, PUBLISHER_OFFER, { address });
  };
  for (let i = 0; i < PENDING_PUBLISHERS_MAX; i += 1) {
    expect((await post(`2001:db8::${i + 1}`)).status).toBe(201);
  }
  expect((await post("2001:db8::ffff")).status).toBe(429);
  expect((await post("2001:db8:0:1::1")).status).toBe(201);
  for (let i = 0; i <= PENDING_PUBLISHERS_MAX; i += 1) {
    expect((await post("127.0.0.1")).status).toBe(201);
  }
});
