/** Sessions over real sockets against the executable: what HTTP alone cannot show (W09 .. W55). */
import {
  afterAll,
  afterEach,
  beforeAll,
  describe,
  expect,
  setDefaultTimeout,
  test,
} from "bun:test";
import { offerText } from "../sdp/support.ts";
import { SETUP_MS, startServer, type TestServer } from "../support/server.ts";
import { until } from "../support/until.ts";
import { Actor, type Arrival, type Style } from "./actor.ts";

const PUBLISHER = offerText("chrome-publish");
const VIEWER = offerText("chrome-watch");

setDefaultTimeout(20_000);

let server: TestServer;
const actors: Actor[] = [];
let streams = 0;

beforeAll(async () => {
  server = await startServer("serve");
}, SETUP_MS);
afterEach(() => {
  for (const actor of actors.splice(0)) actor.vanish();
});
afterAll(() => server?.stop());

async function post(kind: "whip" | "whep", name: string, offer: string, style: Style = {}) {
  const actor = await Actor.post(`${server.base}/${kind}/${name}`, offer, style);
  actors.push(actor);
  return actor;
}

/** A publisher and a viewer, with media between them. */
async function pair(): Promise<{ name: string; publisher: Actor; viewer: Actor }> {
  streams += 1;
  const name = `live/${streams}`;
  const publisher = await (await post("whip", name, PUBLISHER)).connected();
  const viewer = await (await post("whep", name, VIEWER)).connected();
  await viewer.receives(20);
  return { name, publisher, viewer };
}

async function status(url: string, method = "GET"): Promise<number> {
  const response = await fetch(url, { method });
  await response.text();
  return response.status;
}

function gone(actor: Actor): Promise<unknown> {
  return until("the session is gone", 1_000, async () => (await status(actor.location)) === 404);
}

/** Sequence numbers of each source without a hole, in order of arrival but for reordering. */
function expectNoHole(arrivals: readonly Arrival[]): void {
  for (const ssrc of new Set(arrivals.map((arrival) => arrival.ssrc))) {
    const indices = arrivals.filter((arrival) => arrival.ssrc === ssrc).map(({ index }) => index);
    indices.sort((a, b) => a - b);
    expect(indices.at(-1)! - indices[0]! + 1).toBe(new Set(indices).size);
  }
}

test("W31 E27 Q-O1 no candidate, never a PATCH: media flows from where the checks come", async () => {
  expect(PUBLISHER + VIEWER).not.toContain("a=candidate");
  const { publisher, viewer } = await pair();
  const arrivals = await viewer.receives(20);
  expect(new Set(arrivals.map(({ ssrc }) => ssrc)).size).toBe(2);
  expect(publisher.counts.stun).toBeGreaterThan(0);
});

test("Q-C11 candidates that lead nowhere are taken, and the real address is learnt", async () => {
  streams += 1;
  const publisher = await post("whip", `live/${streams}`, PUBLISHER);
  const wrong = "a=candidate:1 1 udp 2130706431 192.0.2.77 4444 typ host";
  const trickled = await publisher.patch(publisher.fragment([wrong]), publisher.etag);
  expect(trickled.status).toBe(204);
  await publisher.connected();
  const viewer = await (await post("whep", `live/${streams}`, VIEWER)).connected();
  await viewer.receives(20);
});

describe.each(["publisher", "viewer"] as const)("%s", (kind) => {
  test("W09 W10 E13 DELETE: close_notify at once, no more media, checks are refused", async () => {
    const session = (await pair())[kind];
    const response = await session.delete();
    expect(response.status).toBe(200);
    await until("close_notify comes", 1_000, () => session.peer.closeReason === "peer-closed");
    expect(session.peer.closeDetail).toBe("close_notify");
    const before = session.arrivals.length;
    const reports = session.counts.rtcp;
    await Bun.sleep(200);
    expect(session.arrivals.length).toBe(before);
    expect(session.counts.rtcp).toBe(reports);
    for (const method of ["DELETE", "GET", "PATCH"]) {
      expect(await status(session.location, method)).toBe(404);
    }
  });

  test("W10 E13 a client that misses close_notify hears 403", async () => {
    const session = (await pair())[kind];
    session.dropDtls = true;
    await session.delete();
    await until("consent is revoked", 1_000, () => {
      session.checkNow();
      return session.peer.state === "closed";
    });
    expect(session.peer.closeDetail).toBe("consent revoked");
  });

  test("W11 E12 the client's close_notify ends the session", async () => {
    const session = (await pair())[kind];
    session.close();
    await gone(session);
  });

  test("W44 W48 E29 E30 a restart moves to a new pair; DTLS, SRTP and SSRCs go on", async () => {
    const { publisher, viewer } = await pair();
    const session = kind === "publisher" ? publisher : viewer;
    // The publisher's sequence numbers wrap meanwhile: its roll-over counter goes on too.
    await until("the wrap is near", 5_000, () => publisher.media.index > 65_510);
    const { sender, receiver } = session.peer;
    const sources = new Set(viewer.arrivals.map(({ ssrc }) => ssrc));
    const from = viewer.arrivals.length;
    const { response, oldIsAnswered } = await session.restart();
    expect(response.headers.get("ETag")).not.toBe(session.etag);
    const handshakes = session.counts.dtls;
    await until("the new pair carries media", 3_000, () => {
      return publisher.media.index > 65_570 && viewer.arrivals.length > from + 100;
    });
    expect(session.peer.sender).toBe(sender);
    expect(session.peer.receiver).toBe(receiver);
    expect(session.counts.dtls).toBe(handshakes);
    const after = viewer.arrivals.slice(from);
    expect(new Set(after.map(({ ssrc }) => ssrc))).toEqual(sources);
    expectNoHole(viewer.arrivals);
    expect(await oldIsAnswered()).toBe(false);
  });

  test("W46 E30 a restart that cannot be leaves the session with its media", async () => {
    const { publisher, viewer } = await pair();
    const session = kind === "publisher" ? publisher : viewer;
    const body = session.fragment([], { ufrag: "abc", pwd: "newpwdnewpwdnewpwdnewpwd" });
    expect((await session.patch(body, "*")).status).toBe(400);
    expect(await session.probe()).toBe(true);
    await viewer.receives(50);
  });

  test("W55 E42 the answer is ice-lite and its host candidates are reachable", async () => {
    const session = (await pair())[kind];
    const head = session.answerText.slice(0, session.answerText.indexOf("m="));
    expect(head).toContain("\r\na=ice-lite\r\n");
    expect(session.answer.peer.candidates.length).toBeGreaterThan(0);
    const lines = session.answerText.match(/^a=candidate:.*$/gm) ?? [];
    for (const line of lines) expect(line).toContain(" typ host");
    expect(await session.probe()).toBe(true);
  });
});

test("W09 the name is free at once and the next publisher's media flows", async () => {
  const { name, publisher, viewer } = await pair();
  await publisher.delete();
  const next = await (await post("whip", name, PUBLISHER)).connected();
  await viewer.receives(50);
  expect(next.peer.state).toBe("connected");
  // The viewer goes on without a new POST, its numbers without a hole.
  expectNoHole(viewer.arrivals);
});

test("W12 W13 the listener's own answers: OPTIONS 200, HEAD with type, GET without content", async () => {
  const options = await fetch(`${server.base}/whip/a`, { method: "OPTIONS" });
  expect(options.status).toBe(200);
  expect(options.headers.get("Content-Length")).toBe("0");
  expect(options.headers.get("Accept-Post")).toBe("application/sdp");
  const head = await fetch(`${server.base}/whep/a`, { method: "HEAD" });
  expect(head.headers.get("Content-Type")).toBe("application/sdp");
  const got = await fetch(`${server.base}/whep/a`);
  expect(got.headers.get("Content-Length")).toBe("0");
});
