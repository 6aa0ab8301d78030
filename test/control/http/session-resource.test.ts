/**
 * The session URL: RFC 9725 4.3 and WHEP 4.5, which say the same. Every test runs against a
 * publisher (W ids) and a viewer (E22..E30).
 */
import { describe, expect, test } from "bun:test";
import type { Opened } from "../../support/control-harness.ts";
import {
  fragment,
  Harness,
  PUBLISHER_OFFER,
  REMOTE,
  RESTART,
  settle,
  TRICKLE,
} from "../../support/control-harness.ts";

describe.each(["publisher", "viewer"] as const)("%s", (kind) => {
  async function start(): Promise<{ h: Harness; opened: Opened }> {
    const h = await Harness.start();
    const publisher = await h.publish("a");
    return { h, opened: kind === "publisher" ? publisher : await h.view("a") };
  }

  test("W20 E20 wrong type and malformed fragment are refused, the session goes on", async () => {
    const { h, opened } = await start();
    for (const type of ["text/plain", "application/json", "application/trickle-ice"]) {
      const headers = { "Content-Type": type, "If-Match": opened.etag };
      const response = await h.request("PATCH", opened.location, { headers, body: TRICKLE });
      expect(response.status).toBe(415);
    }
    for (const body of ["", "hello", "\u0000"]) {
      expect((await h.patch(opened.location, body, opened.etag)).status).toBe(400);
    }
    const large = "a=candidate:1 1 UDP 1 1.2.3.4 5 typ host\r\n".repeat(2000);
    expect((await h.patch(opened.location, large, opened.etag)).status).toBe(413);
    expect((await h.request("GET", opened.location)).status).toBe(204);
    expect(h.plane.closes).toHaveLength(0);
  });

  test("W21 E22 both trickle and restart are supported: neither is 422", async () => {
    const { h, opened } = await start();
    expect((await h.patch(opened.location, TRICKLE, opened.etag)).status).toBe(204);
    expect((await h.patch(opened.location, RESTART, opened.etag)).status).toBe(200);
  });

  test("W22 E23 the 201 has a strong entity tag, different for each session", async () => {
    const { h, opened } = await start();
    const other = await h.publish("b");
    expect(opened.etag).toMatch(/^"[^"]+"$/);
    expect(other.etag).toMatch(/^"[^"]+"$/);
    expect(other.etag).not.toBe(opened.etag);
  });

  test("W23 E24 no If-Match is 428, another tag 412, a list with the tag passes", async () => {
    const { h, opened } = await start();
    expect((await h.patch(opened.location, RESTART, null)).status).toBe(428);
    expect((await h.patch(opened.location, RESTART, '"wrong"')).status).toBe(412);
    expect((await h.patch(opened.location, RESTART, `W/${opened.etag}`)).status).toBe(412);
    // None of them was applied.
    expect(h.plane.restarts).toHaveLength(0);
    const listed = `"a", ${opened.etag}`;
    expect((await h.patch(opened.location, TRICKLE, listed)).status).toBe(204);
    // An SDK sends the tag as ETag: that is not a precondition.
    const headers = { "Content-Type": "application/trickle-ice-sdpfrag", ETag: opened.etag };
    const odd = await h.request("PATCH", opened.location, { headers, body: TRICKLE });
    expect(odd.status).toBe(428);
  });

  test("W24 E25 DELETE ignores entity tags", async () => {
    const { h, opened } = await start();
    const headers = { "If-Match": '"wrong"' };
    expect((await h.request("DELETE", opened.location, { headers })).status).toBe(200);
  });

  test("W25 E26 overlapped PATCHes: what carries the old tag after a restart is 412", async () => {
    const { h, opened } = await start();
    // Bodies that end late: the restart is read first although it was sent last.
    const gates: (() => void)[] = [];
    const late = (text: string) =>
      new ReadableStream<Uint8Array>({
        start: (controller) => {
          gates.push(() => {
            controller.enqueue(new TextEncoder().encode(text));
            controller.close();
          });
        },
      });
    const headers = {
      "Content-Type": "application/trickle-ice-sdpfrag",
      "If-Match": opened.etag,
    };
    const trickles = Array.from({ length: 10 }, () =>
      h.request("PATCH", opened.location, { headers, body: late(TRICKLE) }),
    );
    const restart = await h.patch(opened.location, RESTART, "*");
    expect(restart.status).toBe(200);
    for (const release of gates) release();
    for (const response of await Promise.all(trickles)) expect(response.status).toBe(412);
    expect(h.plane.restarts).toHaveLength(1);
    const etag = restart.headers.get("ETag");
    expect((await h.patch(opened.location, RESTART, etag)).status).toBe(204);
  });

  test("W30 W34 E27 trickle is 204 without body and without ETag", async () => {
    const { h, opened } = await start();
    const response = await h.patch(opened.location, TRICKLE, opened.etag);
    expect(response.status).toBe(204);
    expect(await response.text()).toBe("");
    expect(response.headers.has("ETag")).toBe(false);
  });

  test("W33 E27 the tag stays good for any number of trickles", async () => {
    const { h, opened } = await start();
    for (let i = 0; i < 20; i += 1) {
      expect((await h.patch(opened.location, TRICKLE, opened.etag)).status).toBe(204);
    }
  });

  test("W35 E28 candidates that cannot be used are dropped in silence", async () => {
    const { h, opened } = await start();
    const body = TRICKLE.replace(
      "a=end-of-candidates",
      [
        "a=candidate:2 1 tcp 1 198.51.100.1 9 typ host tcptype active",
        "a=candidate:3 1 udp 1 6b1b6bd4-6e2c-4b05-9d3c-b0a2d8d1a5b8.local 5000 typ host",
        "a=candidate:4 1 udp 1 fe80::1%eth0 5000 typ host",
        "a=candidate:?!$ 1 udp 1 198.51.100.9 5000 typ host",
        "a=end-of-candidates",
      ].join("\r\n"),
    );
    expect((await h.patch(opened.location, body, opened.etag)).status).toBe(204);
  });

  test("W36 E28 credentials at session or media level, group, end-of-candidates only", async () => {
    const { h, opened } = await start();
    const { ufrag, pwd } = REMOTE;
    const bodies = [
      `a=ice-ufrag:${ufrag}\r\na=ice-pwd:${pwd}\r\nm=audio 9 RTP/AVP 0\r\na=mid:0\r\na=end-of-candidates\r\n`,
      `m=audio 9 RTP/AVP 0\r\na=mid:0\r\na=ice-ufrag:${ufrag}\r\na=ice-pwd:${pwd}\r\na=end-of-candidates\r\n`,
      `a=group:BUNDLE 0 1\r\n${TRICKLE}`,
      `a=ice-ufrag:${ufrag}\r\na=ice-pwd:${pwd}\r\na=end-of-candidates\r\n`,
    ];
    for (const body of bodies) {
      expect((await h.patch(opened.location, body, opened.etag)).status).toBe(204);
    }
    expect(h.plane.restarts).toHaveLength(0);
  });

  test("W40 W41 E29 new ufrag and pwd restart: 200, own new credentials, candidates", async () => {
    const { h, opened } = await start();
    const response = await h.patch(opened.location, RESTART, "*");
    expect(response.status).toBe(200);
    expect(response.headers.get("Content-Type")).toBe("application/trickle-ice-sdpfrag");
    const body = await response.text();
    const ufrag = /a=ice-ufrag:(\S+)/.exec(body)![1]!;
    const pwd = /a=ice-pwd:(\S+)/.exec(body)![1]!;
    expect(opened.answer).not.toContain(ufrag);
    expect(opened.answer).not.toContain(pwd);
    expect(body).toContain("a=candidate:");
    expect(h.plane.restarts).toEqual([
      {
        session: opened.number,
        localUfrag: ufrag,
        localPwd: pwd,
        remoteUfrag: "newU",
        remotePwd: "newpwdnewpwdnewpwdnewpwd",
      },
    ]);
  });

  test("W42 E29 a restart has a new tag: the old one is 412, the new one 204", async () => {
    const { h, opened } = await start();
    const response = await h.patch(opened.location, RESTART, "*");
    const etag = response.headers.get("ETag")!;
    expect(etag).toMatch(/^"[^"]+"$/);
    expect(etag).not.toBe(opened.etag);
    expect((await h.patch(opened.location, RESTART, opened.etag)).status).toBe(412);
    expect((await h.patch(opened.location, RESTART, etag)).status).toBe(204);
  });

  test("W43 E29 the star restarts with and without quotes", async () => {
    const { h, opened } = await start();
    expect((await h.patch(opened.location, RESTART, '"*"')).status).toBe(200);
    const again = fragment("thirdU", "thirdpwdthirdpwdthirdpwd");
    expect((await h.patch(opened.location, again, "*")).status).toBe(200);
  });

  test("W45 E29 the restart repeats ice-lite and ice-options of the answer", async () => {
    const { h, opened } = await start();
    const body = await (await h.patch(opened.location, RESTART, "*")).text();
    const lines = (text: string) =>
      [...new Set(text.match(/a=ice-(lite|options|pacing)\S*/g) ?? [])].sort();
    expect(lines(body)).toContain("a=ice-lite");
    expect(lines(body)).toEqual(lines(opened.answer));
  });

  test("W46 E30 a restart that cannot be is 4xx; the old ICE session stays", async () => {
    const { h, opened } = await start();
    const short = fragment("abc", "newpwdnewpwdnewpwdnewpwd");
    expect((await h.patch(opened.location, short, "*")).status).toBe(400);
    expect(h.plane.restarts).toHaveLength(0);
    expect(h.plane.closes).toHaveLength(0);
    expect((await h.patch(opened.location, TRICKLE, opened.etag)).status).toBe(204);
  });

  test("only one of ufrag and pwd changed is no restart (the RFC's own example)", async () => {
    const { h, opened } = await start();
    const body = fragment(REMOTE.ufrag, "otherpwdotherpwdotherpwd");
    expect((await h.patch(opened.location, body, opened.etag)).status).toBe(204);
    expect(h.plane.restarts).toHaveLength(0);
  });

  test("Q-M2 the star with unchanged credentials is trickle, not restart", async () => {
    const { h, opened } = await start();
    expect((await h.patch(opened.location, TRICKLE, "*")).status).toBe(204);
    expect(h.plane.restarts).toHaveLength(0);
  });

  test("Q-C4 a restart fragment may have no m-line", async () => {
    const { h, opened } = await start();
    const body = "a=ice-ufrag:newU\r\na=ice-pwd:newpwdnewpwdnewpwdnewpwd\r\n";
    expect((await h.patch(opened.location, body, "*")).status).toBe(200);
  });

  test("Q-O2 DELETE is 200 once after the session ended by itself, for a few seconds", async () => {
    const { h, opened } = await start();
    h.plane.events.closed(opened.number, "peer-closed");
    expect((await h.patch(opened.location, TRICKLE, "*")).status).toBe(404);
    expect((await h.request("DELETE", opened.location)).status).toBe(200);
    expect((await h.request("DELETE", opened.location)).status).toBe(404);
  });

  test("Q-O2 ... and 404 later", async () => {
    const { h, opened } = await start();
    h.plane.events.closed(opened.number, "peer-closed");
    h.pass(11);
    expect((await h.request("DELETE", opened.location)).status).toBe(404);
  });

  test("a kick is told to the client for a few seconds: GET is 410", async () => {
    const { h, opened } = await start();
    const id = `${kind === "publisher" ? "p" : "v"}${opened.number}`;
    expect((await h.request("DELETE", `/api/v1/sessions/${id}`)).status).toBe(204);
    const response = await h.request("GET", opened.location);
    expect(response.status).toBe(410);
    expect(await response.json()).toMatchObject({ detail: expect.stringContaining("ended") });
    h.pass(11);
    expect((await h.request("GET", opened.location)).status).toBe(404);
  });

  test("S10: the end for a bit rate is told to the client for a few seconds: GET is 410", async () => {
    const { h, opened } = await start();
    h.plane.events.closed(opened.number, "bitrate");
    const response = await h.request("GET", opened.location);
    expect(response.status).toBe(410);
    expect(await response.json()).toMatchObject({ detail: expect.stringContaining("bit rate") });
  });

  test("E13 DELETE is 200 and frees everything", async () => {
    const { h, opened } = await start();
    expect((await h.request("DELETE", opened.location)).status).toBe(200);
    expect((await h.request("DELETE", opened.location)).status).toBe(404);
    await settle();
    expect(h.control.registry.sessions.byNumber(opened.number)).toBeNull();
  });
});

test("E21 an SDP without a counter-offer is 422", async () => {
  const h = await Harness.start();
  await h.publish("a");
  const viewer = await h.view("a");
  const headers = { "Content-Type": "application/sdp", "If-Match": viewer.etag };
  const response = await h.request("PATCH", viewer.location, { headers, body: PUBLISHER_OFFER });
  expect(response.status).toBe(422);
  expect((await h.request("GET", viewer.location)).status).toBe(204);
});

test("C11: a PATCH whose only candidate cannot be read is 400 and changes nothing", async () => {
  const h = await Harness.start();
  const { location, etag } = await h.publish("a");
  for (const body of [TRICKLE, RESTART]) {
    const broken = body.replace(/a=candidate:.*/, "a=candidate:x");
    const response = await h.patch(location, broken, etag);
    expect(response.status).toBe(400);
    expect(response.headers.get("Content-Type")).toBe("application/problem+json");
  }
  expect(h.plane.restarts).toHaveLength(0);
  expect((await h.patch(location, TRICKLE, etag)).status).toBe(204);
});
