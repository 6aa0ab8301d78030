import { expect, test } from "bun:test";
import { randomFill } from "../../src/io/random.ts";
import { Script } from "../../src/rehearsal/script.ts";

const FINGERPRINT = { algorithm: "sha-256", value: Array(32).fill("AB").join(":") } as const;

test.each(["publisher", "viewer"] as const)("a %s has sound and a picture in H.264", (role) => {
  const { media } = new Script(role, FINGERPRINT, randomFill);
  expect(media.map(({ kind, formats }) => [kind, formats[0]!.codec])).toEqual([
    ["audio", "opus"],
    ["video", "h264"],
  ]);
});

test("each session has a name, and each viewer SSRCs of its own", () => {
  const script = new Script("viewer", FINGERPRINT, randomFill);
  const sessions = Array.from({ length: 200 }, (_, i) => i + 1);
  const names = sessions.map((session) => script.peerOf(session).localUfrag);
  expect(new Set(names).size).toBe(sessions.length);
  const ssrcs = sessions.flatMap((session) =>
    script.mediaOf(session).flatMap((section) => [...section.ssrcs, ...section.rtxSsrcs]),
  );
  expect(ssrcs).toHaveLength(3 * sessions.length);
  expect(new Set(ssrcs).size).toBe(ssrcs.length);
});

test("the worker is the DTLS server, and knows the certificate of the other end", () => {
  const { dtlsRole, fingerprints } = new Script("viewer", FINGERPRINT, randomFill).peerOf(1);
  expect(dtlsRole).toBe("server");
  expect(fingerprints).toEqual([FINGERPRINT]);
});
