import { expect, test } from "bun:test";
import { isRestart, readFragment, writeRestartFragment } from "../../src/sdp/fragment.ts";
import { fail, LOCAL, offerText, publish, succeed } from "./support.ts";

const PWD = "a=ice-pwd:pWd0123456789abcdefGHIJK\r\n";
const GOOD = "a=candidate:1 1 udp 2130706431 192.0.2.9 5000 typ host\r\n";

test("W35 unusable candidates are dropped, the good one stays", () => {
  const text = `a=ice-ufrag:a1B2\r\n${PWD}m=audio 9 RTP/AVP 0\r\na=mid:0\r\n${[
    "a=candidate:1 1 tcp 1 192.0.2.1 9 typ host tcptype active",
    "a=candidate:2 1 udp 1 6c0f6e3c-1b0f-4f9e-9a3a-000000000001.local 4000 typ host",
    "a=candidate:3 1 udp 1 fe80::1%eth0 4000 typ host",
    "a=candidate:4 2 udp 1 192.0.2.1 4001 typ host",
    "a=candidate:5 1 udp 1 null 4000 typ host",
    "a=candidate:6 1 udp 1 999.0.2.1 4000 typ host",
    "a=candidate:7 1 udp 1 192.0.2.1 0 typ host",
    "a=candidate:",
    "a=candidate:?garbage\\o/ 0 udp x 2001:db8::5 4002 typ host",
  ].join("\r\n")}\r\n${GOOD}`;
  expect(succeed(readFragment(text)).candidates).toEqual([
    { address: "2001:db8::5", port: 4002, family: 6 },
    { address: "192.0.2.9", port: 5000, family: 4 },
  ]);
});

test("C11: a fragment none of whose candidates can be read is 400", () => {
  const credentials = `a=ice-ufrag:a1B2\r\n${PWD}`;
  for (const line of [
    "x",
    "",
    "1 1 udp 1 192.0.2.1",
    "1 one udp 1 192.0.2.1 4000 typ host",
    "1 1 udp 1 192.0.2.1 port typ host",
    "1 1 udp 1 192.0.2.1 70000 typ host",
    "192.0.2.1:4000",
  ]) {
    for (const rest of ["", credentials, "a=end-of-candidates\r\n", "a=candidate:y\r\n"]) {
      const problem = fail(readFragment(`${rest}a=candidate:${line}\r\n`), 400);
      expect(problem.detail).toContain("a=candidate:FOUNDATION");
    }
    // One that can be read is enough, and need not be of use.
    for (const other of [GOOD, "a=candidate:1 1 tcp 1 x.local 9 typ host tcptype active\r\n"]) {
      succeed(readFragment(`a=candidate:${line}\r\n${other}`));
    }
  }
});

test("W36 credentials at either level, with and without group and m= line", () => {
  const credentials = `a=ice-ufrag:a1B2\r\n${PWD}`;
  const media = "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\n";
  for (const text of [
    `${credentials}${GOOD}`, // Q-C4: no m= line
    `${credentials}${media}${GOOD}`,
    `${media}${credentials}${GOOD}`,
    `a=group:BUNDLE 0 1\r\n${media}${credentials}${GOOD}`,
    `${media}${credentials}${GOOD}`.replaceAll("\r\n", "\n"),
  ]) {
    const fragment = succeed(readFragment(text));
    expect([fragment.ufrag, fragment.pwd]).toEqual(["a1B2", "pWd0123456789abcdefGHIJK"]);
    expect(fragment.candidates.length).toBe(1);
  }
  expect(succeed(readFragment("a=end-of-candidates\r\n"))).toEqual({
    ufrag: null,
    pwd: null,
    candidates: [],
    endOfCandidates: true,
  });
});

test("W20 W46 malformed fragments are 400", () => {
  fail(readFragment(""), 400);
  fail(readFragment("hello"), 400);
  fail(readFragment("a=mid:0\r\n"), 400);
  fail(readFragment(`a=ice-ufrag:abc\r\n${PWD}`), 400);
  fail(readFragment("a=ice-ufrag:abcd\r\na=ice-pwd:short\r\n"), 400);
  fail(readFragment("a=ice-ufrag:abcd\r\n"), 400);
  fail(readFragment(GOOD.repeat(65)), 413);
});

test("W40 a restart changes both credentials", () => {
  const current = { ufrag: "a1B2", pwd: "pWd0123456789abcdefGHIJK" };
  const restart = (ufrag: string | null, pwd: string | null) =>
    isRestart({ ufrag, pwd, candidates: [], endOfCandidates: false }, current);
  expect(restart("neww", "anotherPassword0123456")).toBe(true);
  expect(restart(current.ufrag, "anotherPassword0123456")).toBe(false); // RFC 9725's own example
  expect(restart("neww", current.pwd)).toBe(false);
  expect(restart(current.ufrag, current.pwd)).toBe(false);
  expect(restart(null, null)).toBe(false);
});

test("W41 W45 the restart answer repeats ice-lite and ice-options, with new credentials", () => {
  const answer = succeed(publish(offerText("chrome-publish")));
  const text = writeRestartFragment(
    { ...LOCAL, ufrag: "newU", pwd: "newPassword0123456789ab" },
    answer.media,
  );
  const ice = (sdp: string) => sdp.match(/^a=ice-(lite|options|pacing).*$/gm);
  expect(ice(text)).toEqual(ice(answer.sdp));
  const fragment = succeed(readFragment(text));
  expect(fragment.ufrag).toBe("newU");
  expect(fragment.candidates.map((candidate) => candidate.family)).toEqual([4, 6]);
  expect(text).toContain("a=group:BUNDLE 0 1\r\n");
  expect(fragment.endOfCandidates).toBe(true);
});
