import { expect, test } from "bun:test";
import { LINK_ACCEPTS_PER_SECOND_PER_ADDRESS } from "../../src/limits.ts";
import { callerCredentials } from "../../src/peer/knock.ts";
import { LinkGate } from "../../src/peer/link-gate.ts";
import type { Peer } from "../../src/peer/peer.ts";
import { seeded } from "../support/random.ts";
import { VIA } from "../support/transport.ts";
import { filler } from "./pair.ts";

const random = filler(seeded(8));
const key = { kid: "kid00001", key: new Uint8Array(32).fill(1) };

/** A gate whose links never get further. */
function gateOf(keys = [key]) {
  const answered: string[] = [];
  const gate = new LinkGate(
    { knockKey: (kid) => keys.find((each) => each.kid === kid) ?? null },
    {
      answer: (credentials, kid) => {
        answered.push(`${kid} ${credentials.localPwd}`);
        return { state: "new" } as Peer;
      },
      evict: () => {},
    },
  );
  const accept = (address: Uint8Array, now = 0) => {
    const { localUfrag, remoteUfrag } = callerCredentials(key, random);
    return gate.accept(now, remoteUfrag, localUfrag, { via: VIA, sockaddr: address }) !== null;
  };
  return { gate, answered, accept };
}

const ipv6 = (network: number, host: number) => {
  const sockaddr = new Uint8Array(28);
  sockaddr.set([10, 0, 0x20, 0x6c, 0, 0, 0, 0, 0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, network]);
  sockaddr.set([host >> 8, host & 255], 22);
  return sockaddr;
};

test("LK1: a name is expected by the id of a key, and a password by the whole of both names", () => {
  const { gate, answered } = gateOf();
  const { localUfrag, remoteUfrag, remotePwd } = callerCredentials(key, random);
  expect(gate.expects(remoteUfrag)).toBe(true);
  expect(gate.passwordOf(remoteUfrag, localUfrag)).toBe(remotePwd);
  expect(gate.passwordOf(remoteUfrag, `${localUfrag}x`)).toBe(null);
  for (const name of ["", "kid", "kid00002aaaaaaaaaaaaaaaa"]) {
    expect(gate.expects(name)).toBe(false);
    expect(gate.passwordOf(name, localUfrag)).toBe(null);
    expect(gate.accept(0, name, localUfrag, { via: VIA, sockaddr: ipv6(1, 1) })).toBe(null);
  }
  expect(answered).toEqual([]);
  gate.accept(0, remoteUfrag, localUfrag, { via: VIA, sockaddr: ipv6(1, 1) });
  expect(answered).toEqual([`kid00001 ${remotePwd}`]);
});

test("LK1: a key that is taken away opens nothing more", () => {
  const keys = [key];
  const { accept } = gateOf(keys);
  expect(accept(ipv6(1, 1))).toBe(true);
  keys.length = 0;
  expect(accept(ipv6(1, 1))).toBe(false);
});

test("LK4: all addresses of one IPv6 network are one", () => {
  const { accept } = gateOf();
  const most = LINK_ACCEPTS_PER_SECOND_PER_ADDRESS;
  const accepted = Array.from({ length: 2 * most }, (_, i) => accept(ipv6(1, i)));
  expect(accepted.filter(Boolean).length).toBe(most);
  expect(accept(ipv6(2, 0))).toBe(true);
  expect(accept(ipv6(1, 999), 999_999)).toBe(false);
  expect(accept(ipv6(1, 999), 1_000_000)).toBe(true);
});
