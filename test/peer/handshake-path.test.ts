import { expect, test } from "bun:test";
import { HandshakePath } from "../../src/peer/handshake-path.ts";
import { RemotePath } from "../../src/peer/remote-path.ts";
import { VIA } from "../support/transport.ts";
import { sockaddr } from "./pair.ts";

const [home, away] = [2, 3].map((host) => RemotePath.copy(VIA, sockaddr(host), 0)) as [
  RemotePath,
  RemotePath,
];

test("S3: a handshake proves the one address that all of it went to", () => {
  const cases: readonly [readonly RemotePath[], boolean, boolean][] = [
    [[], false, false],
    [[home], true, false],
    [[home, home, home], true, false],
    [[home, away], false, false],
    [[home, away, away], false, false],
    [[home, away, home], false, false],
  ];
  for (const [sent, provesHome, provesAway] of cases) {
    const handshake = new HandshakePath();
    for (const path of sent) handshake.sent(path);
    expect([handshake.wentTo(home), handshake.wentTo(away)]).toEqual([provesHome, provesAway]);
    expect(handshake.wentTo(null)).toBe(false);
  }
});
