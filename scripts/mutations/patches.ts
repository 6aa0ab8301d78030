/** The session URL: W20 to W48, E20 to E30. */

// biome-ignore-all lint/suspicious/noTemplateCurlyInString: sources are quoted as they stand.

import { CONTROL, type Mutation, PEER, rule, SDP } from "./rule.ts";

const RESOURCE = `${CONTROL}http/session-resource.ts`;

const VOID_OLD =
  "if (this.#previous !== null && this.selected?.keys === this.#current) this.#previous = null;";

export const PATCHES: readonly Mutation[] = [
  rule(
    "W20 E20",
    RESOURCE,
    'return problem(415, "Unsupported media type", `A PATCH',
    'return problem(400, "Unsupported media type", `A PATCH',
  ),
  rule("W20 E20", RESOURCE, "if (isProblem(fragment)) return sdpProblem(fragment);", ""),
  rule(
    "W21 E22 W40 W41 W42 W43 E29",
    RESOURCE,
    "if (!isRestart(fragment, session.remote)) {",
    "if (session.local !== null) {",
  ),
  rule(
    "W22 E23",
    `${CONTROL}streams/session-base.ts`,
    'return `"${Buffer.from(random(8)).toString("hex")}"`;',
    "return 'W/\"weak\"';",
  ),
  rule("W22 E23", `${CONTROL}http/created.ts`, "ETag: session.etag,", ""),
  rule("W23 E24", RESOURCE, "return problem(428,", "return null ?? problem(400,"),
  rule("W23 E24", RESOURCE, "|| tag === etag)", "|| tag !== '')"),
  rule("W23 E24", RESOURCE, "|| tag === etag)", "|| header === etag)"),
  rule(
    "W24 E25",
    RESOURCE,
    'registry.end(session, "deleted");',
    'const f = failedPrecondition(c.req.header("If-Match") ?? "*", session.etag);\n' +
      '  if (f !== null) return f;\n  registry.end(session, "deleted");',
  ),
  rule(
    "W25 E26",
    RESOURCE,
    "const text = await readBody(c.req.raw, SDP_BYTES_MAX);",
    'if (c.req.header("If-Match") === session.etag) c.req.raw.headers.set("If-Match", "*");\n' +
      "  const text = await readBody(c.req.raw, SDP_BYTES_MAX);",
  ),
  rule(
    "W30 W34 E27",
    RESOURCE,
    "return new Response(null, { status: 204 });",
    "return new Response(null, { status: 204, headers: { ETag: session.etag } });",
  ),
  rule(
    "W30 W34 E27",
    RESOURCE,
    "return new Response(null, { status: 204 });",
    'return problem(405, "No trickle", "Not here.");',
  ),
  rule(
    "W31",
    `${SDP}transport.ts`,
    "return { ...credentials, fingerprints, setup, candidates };",
    'if (candidates.length === 0) return malformed("The offer has no a=candidate.");\n' +
      "  return { ...credentials, fingerprints, setup, candidates };",
  ),
  rule("W32", `${SDP}write.ts`, 'return [...lines, "a=end-of-candidates"];', "return lines;"),
  rule("W32", `${SDP}write.ts`, "lines.push(...candidateLines(local.candidates));", ";"),
  rule(
    "W33 E27",
    RESOURCE,
    "// We are ICE-lite and learn the peer from its checks",
    "session.etag = '\"other\"'; // We are ICE-lite and learn the peer from its checks",
  ),
  rule(
    "W35 E28",
    `${SDP}candidate.ts`,
    "return lines.map(readCandidate).filter",
    'if (lines.some((line) => readCandidate(line) === null)) return tooLarge("Unusable.");\n' +
      "  return lines.map(readCandidate).filter",
  ),
  rule("W35", `${SDP}candidate.ts`, 'if (transport?.toLowerCase() !== "udp") return null;', ""),
  rule(
    "W36 E28",
    `${SDP}fragment.ts`,
    "[...parsed.media.map((media) => media.attributes), parsed.attributes]",
    "[parsed.attributes]",
  ),
  rule(
    "W36 E28",
    `${SDP}fragment.ts`,
    "[...parsed.media.map((media) => media.attributes), parsed.attributes]",
    "parsed.media.map((media) => media.attributes)",
  ),
  rule("W40", `${SDP}fragment.ts`, "ufrag && fragment.pwd !==", "ufrag || fragment.pwd !=="),
  rule(
    "W41 E29",
    RESOURCE,
    "const local = { ...session.local, ...credentials(services.random) };",
    "const local = session.local;",
  ),
  rule(
    "W41",
    `${SDP}fragment.ts`,
    "lines.push(...candidateLines(local.candidates));",
    'lines.push("a=end-of-candidates");',
  ),
  rule(
    "W42 E29",
    `${CONTROL}streams/registry.ts`,
    "session.etag = createEntityTag(this.#options.random);",
    "",
  ),
  rule("W43 E29", RESOURCE, " || tag === '\"*\"'", ""),
  rule("W43 E29", RESOURCE, 'tag === "*" || ', ""),
  rule("W44", `${PEER}ice-lite.ts`, VOID_OLD, ""),
  rule("W44 E29", `${PEER}ice-lite.ts`, VOID_OLD, "", {
    binary: true,
  }),
  rule(
    "W45 E29",
    `${SDP}fragment.ts`,
    "const lines = [...ICE_SESSION_LINES];",
    "const lines = [''].slice(1);",
  ),
  rule("W46 E30", `${SDP}transport.ts`, "!/^[!-~]{4,256}$/.test(ufrag)", "ufrag === ''"),
  rule(
    "W48",
    `${PEER}peer.ts`,
    "this.ice.restart(now, credentials);",
    "this.ice.restart(now, credentials);\n    this.sender = null;",
  ),
  rule(
    "W48 E30",
    `${PEER}peer.ts`,
    "this.ice.restart(now, credentials);",
    "this.ice.restart(now, credentials);\n    this.#startDtls(now);",
    { binary: true },
  ),
];
