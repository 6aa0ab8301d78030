/** Nothing that a stranger sends from the peer's address ends a handshake, in either role. */
import { expect, test } from "bun:test";
import { createCertificate } from "../../src/io/certificate.ts";
import { OpenSslDtlsFactory } from "../../src/io/dtls-openssl.ts";
import { openOpenSsl } from "../../src/io/openssl.ts";
import type { DtlsRole } from "../../src/peer/dtls.ts";
import { splitRecords } from "../../src/peer/dtls-outbox.ts";
import { RecordType } from "../../src/peer/dtls-records.ts";
import { GuardedDtls } from "../../src/peer/guarded-dtls.ts";
import {
  certificateMessage,
  clientCertificate,
  clientDtls,
  DtlsEnds,
  derOf,
  fragment,
  message,
  record,
  serverCertificate,
  serverFactory,
  withSequence,
} from "../support/dtls-ends.ts";
import { seeded } from "../support/random.ts";

const CLIENT_REPEAT_US = 1_000_000;
const stranger = createCertificate();
const strangers = new GuardedDtls(new OpenSslDtlsFactory(openOpenSsl("system"), stranger));

/** A first flight of somebody else. */
function strangersHello(): Uint8Array {
  const session = strangers.create("client", [serverCertificate.fingerprint], 0);
  const out = new Uint8Array(2048);
  const hello = out.slice(0, session.pollTransmit(out));
  session.free();
  return hello;
}

/** What answers that hello. */
function strangersAnswer(hello: Uint8Array): Uint8Array {
  const session = strangers.create("server", [stranger.fingerprint], 0);
  session.handleDatagram(0, hello, 0, hello.length);
  const out = new Uint8Array(2048);
  const answer = out.slice(0, session.pollTransmit(out));
  session.free();
  return answer;
}

const random = seeded(20_261_130);
const noise = (length: number) => Uint8Array.from({ length }, () => Math.floor(random() * 256));
const hello = strangersHello();

/** One datagram each. Message numbers are those that the receiver would expect next. */
const TO_SERVER: Readonly<Record<string, () => Uint8Array>> = {
  "a record number of 2^47": () => withSequence(hello, 2 ** 47),
  "application data in clear": () => record(RecordType.applicationData, noise(40)),
  "a fatal alert": () => record(RecordType.alert, Uint8Array.of(2, 40)),
  "close_notify in clear": () => record(RecordType.alert, Uint8Array.of(1, 0)),
  "the change of keys": () => record(RecordType.changeCipherSpec, Uint8Array.of(1)),
  "a change of keys that is none": () => record(RecordType.changeCipherSpec, noise(9)),
  "a stranger's hello": strangersHello,
  "a hello of noise": () => message(1, 0, noise(60)),
  "a hello cut short": () => message(1, 0, noise(20)),
  "a hello with a cookie of nobody's": () => message(1, 1, hello.slice(25)),
  "a forged Certificate": () => certificateMessage(1, derOf(stranger.certificatePem)),
  "an empty Certificate": () => message(11, 1, Uint8Array.of(0, 0, 0)),
  "a Certificate that is none": () => certificateMessage(1, noise(300)),
  "a forged ClientKeyExchange": () => message(16, 2, Uint8Array.of(32, ...noise(32))),
  "a forged CertificateVerify": () => message(15, 3, Uint8Array.of(4, 3, 0, 70, ...noise(70))),
  "a CertificateVerify of no algorithm": () =>
    message(15, 3, Uint8Array.of(9, 9, 0, 8, ...noise(8))),
  "a Finished in clear": () => message(20, 4, noise(12)),
  "a fragment of huge length": () => fragment(11, 1, 0xffffff, 0, 20),
  "a fragment beyond its message": () => fragment(11, 1, 100, 90, 20),
  "a fragment of nothing": () => fragment(11, 1, 100, 0, 0),
  "a fragment in the midst of nothing": () => fragment(11, 1, 4_000, 2_000, 20),
  "a hello's fragment of another length": () => fragment(1, 0, 5_000, 0, 20),
  "a HelloRequest": () => message(0, 0, new Uint8Array(0)),
  "a ServerHello": () => message(2, 1, noise(70)),
  "a message of no type": () => message(99, 1, noise(30)),
  "an encrypted record before its time": () => {
    const bytes = record(RecordType.handshake, noise(48));
    bytes[4] = 1;
    return bytes;
  },
  // OpenSSL 3.0 ends a session by it.
  "an encrypted record too short for a tag": () => {
    const bytes = record(RecordType.handshake, noise(9));
    bytes[4] = 1;
    return bytes;
  },
  "a record of another epoch": () => {
    const bytes = record(RecordType.handshake, noise(48));
    bytes[4] = 7;
    return bytes;
  },
  "another version": () => {
    const bytes = hello.slice();
    bytes[1] = 3;
    return bytes;
  },
};

const TO_CLIENT: Readonly<Record<string, () => Uint8Array>> = {
  ...Object.fromEntries(
    [
      "application data in clear",
      "a fatal alert",
      "close_notify in clear",
      "the change of keys",
      "a stranger's hello",
      "a fragment of huge length",
      "a fragment in the midst of nothing",
      "an encrypted record before its time",
      "an encrypted record too short for a tag",
    ].map((name) => [name, TO_SERVER[name]!]),
  ),
  "a record number of 2^47": () => withSequence(message(2, 0, noise(70)), 2 ** 47),
  "a HelloVerifyRequest": () => message(3, 0, Uint8Array.of(254, 255, 8, ...noise(8))),
  "101 HelloVerifyRequests": () => joined(101, message(3, 0, Uint8Array.of(254, 255, 0))),
  "a HelloVerifyRequest of another length": () => message(3, 0, Uint8Array.of(254, 255, 30, 1)),
  "a forged ServerHello": () => message(2, 0, noise(70)),
  "a forged Certificate": () => certificateMessage(1, derOf(stranger.certificatePem)),
  "a forged ServerKeyExchange": () => message(12, 2, Uint8Array.of(3, 0, 29, 32, ...noise(110))),
  "a forged CertificateRequest": () => message(13, 3, noise(20)),
  "a forged ServerHelloDone": () => message(14, 4, new Uint8Array(0)),
  "a ServerHelloDone that says something": () => message(14, 4, noise(10)),
  "a ServerHelloDone too early": () => message(14, 3, new Uint8Array(0)),
  "a stranger's whole flight": () => strangersAnswer(hello),
  "a session ticket": () => message(4, 5, noise(40)),
};

function joined(times: number, bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(times * bytes.length);
  for (let i = 0; i < times; i += 1) out.set(bytes, i * bytes.length);
  return out;
}

/**
 * The forgery arrives before the peer's first flight, between its flights, or with each of its
 * datagrams; the peer's own flights then come as ever.
 */
function survives(role: DtlsRole, forge: () => Uint8Array, when: number): DtlsEnds {
  const ends = new DtlsEnds();
  const other = role === "server" ? "client" : "server";
  for (let flight = 0; flight < 4; flight += 1) {
    if (flight === when || when === 3) ends.give(role, forge());
    ends.give(role, ...ends.drain(other));
    if (when === 3) ends.give(role, forge());
    ends.give(other, ...ends.drain(role));
  }
  ends.run(4 * CLIENT_REPEAT_US);
  return ends;
}

for (const [role, forgeries] of [
  ["server", TO_SERVER],
  ["client", TO_CLIENT],
] as const) {
  for (const [name, forge] of Object.entries(forgeries)) {
    test(`S8: ${name} from the peer's address does not end our handshake as ${role}`, () => {
      for (let when = 0; when <= 3; when += 1) {
        const ends = survives(role, forge, when);
        const { server, client } = ends;
        const outcome = [when, ends.states, server.failure, client.failure];
        expect(outcome).toEqual([when, "connected connected", "", ""]);
        // And not afterwards.
        ends.give(role, forge());
        expect(ends.states).toBe("connected connected");
        ends.free();
      }
    });
  }
}

test("S8: a fragment that cannot be is dropped before any memory is taken for it", () => {
  const ends = new DtlsEnds();
  const odd = [
    fragment(1, 0, 0xffffff, 0, 20),
    fragment(1, 0, 8 * 1024 + 1, 0, 20),
    fragment(1, 0, 100, 90, 20),
    fragment(1, 0, 100, 0xffffff, 20),
    fragment(1, 0, 100, 0, 0),
    fragment(1, 0, 100, 0, 21),
    record(RecordType.handshake, noise(11)),
    record(RecordType.handshake, new Uint8Array(0)),
  ];
  ends.give("server", ...odd);
  // The last of them is an empty record: there is nothing in it to drop.
  expect(ends.counts.dtlsDropped).toBe(odd.length - 1);
  ends.give("server", fragment(1, 0, 8 * 1024, 0, 20));
  expect(ends.counts.dtlsDropped).toBe(odd.length - 1);
  ends.free();
});

test("S8: a stranger's hello costs the client a round trip, and us no second handshake", () => {
  const ends = new DtlsEnds();
  ends.give("server", hello, strangersHello(), strangersHello());
  // The answers to three hellos of which the first alone was believed.
  const answers = ends.drain("server");
  expect(answers.length).toBeLessThanOrEqual(4);
  expect(ends.counts).toEqual({ dtlsDropped: 2, dtlsRestarts: 0 });
  // The client takes the cookie when it would repeat its hello.
  expect(ends.run(100_000)).toBe(true);
  expect(ends.counts.dtlsRestarts).toBe(1);
  ends.free();
});

test("S8: a thousand strangers' hellos begin one handshake", () => {
  const ends = new DtlsEnds();
  let begun = 0;
  const engine = serverFactory.engine.bind(serverFactory);
  serverFactory.engine = (...args) => {
    begun += 1;
    return engine(...args);
  };
  for (let i = 0; i < 1000; i += 1) {
    const forged = hello.slice();
    forged.set(noise(32), 27);
    ends.give("server", forged);
  }
  expect(begun).toBe(1);
  ends.drain("server");
  expect(ends.run(100_000)).toBe(true);
  serverFactory.engine = engine;
  expect(begun).toBe(2);
  ends.free();
});

test("S8: who answers the cookie and has no cipher in common ends the session at once", () => {
  const ends = new DtlsEnds();
  const poor = hello.slice();
  // version 2, random 32, session id 0, cookie 0, then the suites: TLS_NULL_WITH_NULL_NULL alone.
  const suites = 25 + 2 + 32 + 1 + 1;
  const count = new DataView(poor.buffer).getUint16(suites);
  poor.fill(0, suites + 2, suites + 2 + count);
  ends.give("server", poor);
  expect(ends.server.state).toBe("handshaking");
  const [request] = ends.drain("server");
  const cookie = request!.slice(28);
  const body = poor.slice(25);
  const second = Uint8Array.of(...body.slice(0, 35), cookie.length, ...cookie, ...body.slice(36));
  ends.give("server", message(1, 1, second));
  expect(ends.server.state).toBe("failed");
  expect(ends.server.failure).toContain("no shared cipher");
  ends.free();
});

test("S8: a client with another certificate than the SDP's is refused as soon as it has shown it", () => {
  const ends = new DtlsEnds({ client: strangers });
  ends.shuttle();
  // Its Finished is not waited for.
  const shown = ends.drain("client").flatMap(splitRecords);
  ends.give("server", ...shown.filter((each) => each[0] === RecordType.handshake && each[4] === 0));
  expect(ends.server.state).toBe("failed");
  expect(ends.server.failure).toBe("the certificate is not the one of a=fingerprint");
  ends.free();
});

test("S2: 101 HelloVerifyRequests are one, and the others are counted", () => {
  const ends = new DtlsEnds();
  const request = message(3, 0, Uint8Array.of(254, 255, 4, 1, 2, 3, 4));
  ends.drain("client");
  ends.give("client", joined(101, request));
  expect(ends.clientCounts.dtlsDropped).toBe(100);
  expect(ends.drain("client")).toHaveLength(0);
  ends.now = ends.client.nextTimeout();
  ends.client.handleTimeout(ends.now);
  const [second, ...more] = ends.drain("client");
  expect(more).toHaveLength(0);
  expect(second!.slice(25 + 35, 25 + 40)).toEqual(Uint8Array.of(4, 1, 2, 3, 4));
  ends.give("client", joined(101, request));
  expect(ends.drain("client")).toHaveLength(0);
  ends.free();
});

test("C1: a server that is slow to answer never sees a second flight of ours", () => {
  for (const delayUs of [55_000, 300_000, 990_000]) {
    const ends = new DtlsEnds();
    ends.shuttle();
    const [flight, ...more] = ends.drain("client");
    expect(more).toHaveLength(0);
    const answerAt = ends.now + delayUs;
    for (; ends.now < answerAt; ends.now += 5_000) {
      ends.client.handleTimeout(ends.now);
      expect(ends.drain("client")).toHaveLength(0);
    }
    ends.give("server", flight!);
    ends.give("client", ...ends.drain("server"));
    expect(ends.states).toBe("connected connected");
    ends.free();
  }
});

test("C1: each side repeats what it sent in its own time, and ever less often", () => {
  const times = (role: DtlsRole, ends: DtlsEnds) => {
    const from = ends.now;
    const at: number[] = [];
    while (ends.now - from < 3_500_000) {
      ends.now = ends.end(role).nextTimeout();
      ends.end(role).handleTimeout(ends.now);
      expect(ends.drain(role).length).toBeGreaterThan(0);
      at.push((ends.now - from) / 1000);
    }
    return at;
  };
  const first = new DtlsEnds();
  first.drain("client");
  expect(times("client", first)).toEqual([60, 180, 420, 900, 1860, 3780]);
  const second = new DtlsEnds();
  second.shuttle();
  expect(second.drain("client").length).toBeGreaterThan(0);
  expect(times("client", second)).toEqual([1000, 3000, 6000]);
  // A server that heard the hello 20 ms after its first answer, and one that waited 100 ms for it.
  for (const [roundTripUs, firstMs] of [
    [20_000, 150],
    [100_000, 300],
    [900_000, 1000],
  ] as const) {
    const ends = new DtlsEnds();
    ends.now += roundTripUs;
    ends.give("server", ...ends.drain("client"));
    ends.drain("server");
    expect(times("server", ends)[0]).toBe(firstMs);
    ends.free();
  }
  for (const ends of [first, second]) ends.free();
});

test("C1: a peer's repeat of its flight asks for ours, though not within 20 ms", () => {
  const ends = new DtlsEnds();
  const [first] = ends.drain("client");
  ends.give("server", first!);
  expect(ends.drain("server").length).toBeGreaterThan(0);
  ends.give("server", first!);
  expect(ends.drain("server")).toHaveLength(0);
  ends.now += 60_000;
  ends.give("server", first!);
  const again = ends.drain("server");
  expect(again.length).toBeGreaterThan(0);
  // The repeat is of the same handshake, under record numbers of its own.
  ends.give("client", ...again);
  expect(ends.run(0)).toBe(true);
  ends.free();
});

test("S8: a forged end of the server's flight neither passes nor begins it anew", () => {
  const ends = new DtlsEnds();
  ends.give("server", ...ends.drain("client"));
  const flight = ends.drain("server");
  const last = flight.at(-1)!;
  const forged = message(14, 4, noise(10));
  ends.give("client", ...flight.slice(0, -1), Uint8Array.of(...last, ...forged));
  expect(ends.drain("client")).toHaveLength(0);
  ends.give("client", ...flight);
  expect(ends.run(0)).toBe(true);
  expect(ends.clientCounts.dtlsRestarts).toBe(0);
  ends.free();
});

test("S8: no two records in clear of a session bear the same number, repeats and cookies among them", () => {
  const ends = new DtlsEnds();
  const numbers: number[] = [];
  const note = (datagrams: readonly Uint8Array[]) => {
    for (const record of datagrams.flatMap(splitRecords)) {
      if (record[4] === 0) numbers.push(new DataView(record.buffer).getUint32(7));
    }
  };
  ends.give("server", hello, strangersHello());
  for (let repeat = 0; repeat < 3; repeat += 1) {
    note(ends.drain("server"));
    ends.now = ends.server.nextTimeout();
    ends.server.handleTimeout(ends.now);
  }
  note(ends.drain("server"));
  expect(numbers).toEqual(numbers.map((_, i) => i));
  expect(numbers.length).toBeGreaterThan(8);
  ends.free();
});

test("C1: media that overtakes the server's last flight makes ours leave again", () => {
  const ends = new DtlsEnds();
  ends.shuttle();
  ends.give("server", ...ends.drain("client"));
  expect(ends.states).toBe("connected handshaking");
  // The last flight is lost, and its sender goes on to media.
  ends.drain("server");
  for (const end = ends.now + 250_000; ends.now < end; ends.now += 20_000) {
    ends.client.noteMedia(ends.now);
    expect(ends.drain("client")).toHaveLength(0);
  }
  ends.client.noteMedia(ends.now);
  expect(ends.run(0)).toBe(true);
  // close_notify still has a number that the server has not seen.
  ends.client.close(ends.now);
  ends.shuttle();
  expect(ends.server.state).toBe("closed");
  ends.free();
});

test("S8: a message of ours is put together from fragments in any order, doubled and of other lengths", () => {
  const ends = new DtlsEnds();
  const [whole] = ends.drain("client");
  const body = whole!.slice(25);
  const part = (from: number, to: number) => {
    const bytes = whole!.slice(0, 25 + to - from);
    bytes.set(body.slice(from, to), 25);
    const view = new DataView(bytes.buffer);
    view.setUint16(11, 12 + to - from);
    view.setUint16(20, from);
    view.setUint16(23, to - from);
    return bytes;
  };
  const parts = [part(100, body.length), part(40, 120), part(0, 10), part(40, 120), part(5, 60)];
  ends.give("server", ...parts);
  expect(ends.run(0)).toBe(true);
  ends.free();
  clientDtls.create("client", [], 0).free();
});

/** A client's flight whose signature is noise. */
const forgedFlight = (pem: string) => [
  certificateMessage(1, derOf(pem)),
  message(16, 2, Uint8Array.of(32, ...noise(32))),
  message(15, 3, Uint8Array.of(4, 3, 0, 70, ...noise(70))),
];

test("S8: flights of a certificate that nobody named keep no true one from being judged", () => {
  const ends = new DtlsEnds();
  ends.shuttle();
  for (let i = 0; i < 300; i += 1) ends.give("server", ...forgedFlight(stranger.certificatePem));
  for (let i = 0; i < 3; i += 1) ends.shuttle();
  expect(ends.states).toBe("connected connected");
  expect(ends.counts.dtlsDropped).toBeGreaterThanOrEqual(300);
  ends.free();
});

test("S8: forged flights of the named certificate keep a true one out only while they come", () => {
  const ends = new DtlsEnds();
  ends.shuttle();
  for (let i = 0; i < 300; i += 1) {
    ends.give("server", ...forgedFlight(clientCertificate.certificatePem));
  }
  for (let i = 0; i < 3; i += 1) ends.shuttle();
  expect(ends.states).toBe("handshaking handshaking");
  expect(ends.run(2_000_000)).toBe(true);
  ends.free();
});
