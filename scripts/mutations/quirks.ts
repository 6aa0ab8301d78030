/** What the server does for the habits of real clients: section 4 of the reference. */

import { CONTROL, type Mutation, PEER, rule, SDP } from "./rule.ts";

export const QUIRKS: readonly Mutation[] = [
  rule(
    "Q-O2",
    `${CONTROL}http/session-resource.ts`,
    "if (registry.sessions.takeTombstone(id, clock.now()))",
    'if (id === "")',
  ),
  rule(
    "Q-O3 W65",
    `${CONTROL}http/created.ts`,
    '(isRedirected ? session.origin : "") + sessionPath(session),',
    "sessionPath(session) + new URL(c.req.url).search,",
  ),
  rule(
    "Q-O1 Q-C11",
    `${PEER}ice-lite.ts`,
    "if (known === null) this.#choice.add(path);",
    "if (known === null) return this.#refuse(bytes, message, path, keys, 420);",
    { binary: true },
  ),
  rule(
    "Q-F1",
    `${SDP}answer.ts`,
    'offer.peer.setup === "passive" ? "client"',
    'offer.role === null ? "client"',
    { binary: true },
  ),
  rule(
    "Q-F2",
    `${SDP}offer.ts`,
    "const problem = checkIds(sections)",
    "const dangling = readBundle(parsed).length > sections.length;\n" +
      '  const problem = (dangling ? malformed("A mid dangles.") : null) ?? checkIds(sections)',
  ),
  rule("Q-F3", "src/wire/h264-profile.ts", "/^42200[0-9a-f]{2}$/i", "/^never$/"),
  rule(
    "Q-F5",
    `${PEER}ice-lite.ts`,
    "if (message.iceControlled) return",
    "if (!message.iceControlling) return",
    { binary: true },
  ),
  rule("Q-F6", `${PEER}peer.ts`, "    this.ice.heard(now, path);\n", ""),
  rule("Q-F7", "src/io/dtls-openssl.ts", ":SRTP_AES128_CM_SHA1_80", "", { binary: true }),
  rule("Q-G2", `${CONTROL}http/created.ts`, "(isRedirected ? session.origin", '(isRedirected ? ""'),
  rule(
    "Q-C12",
    `${CONTROL}http/redirect.ts`,
    "if (tokenOf(request) !== null) {",
    "if (url.hash !== '') {",
  ),
  rule("Q-M2 W02", `${CONTROL}http/problem.ts`, "detail, error: detail }", "detail }"),
  rule(
    "Q-C5 Q-M2",
    `${CONTROL}http/auth.ts`,
    "if (this.#openness.sessionUrlIsProof || this.#hookDecides(right)) return null;",
    "return problem(401, 'No token', 'None.');",
  ),
  rule("Q-C5 W65", `${CONTROL}http/auth.ts`, '"bearer", "undefined", "null"', '"bearer"'),
  rule(
    "Q-C6 W05",
    `${CONTROL}http/admission.ts`,
    'if (type === "" && request.body === null) {',
    "if (type === null) {",
  ),
  rule("Q-C8", `${CONTROL}http/layers.ts`, "rid = encodingId, ...rest", "rid, ...rest"),
  rule(
    "Q-C8",
    `${CONTROL}http/event-routes.ts`,
    "create(session, EVENT_NAMES, services)",
    "tooMany()",
  ),
  rule("Q-C9 W64", `${CONTROL}http/auth.ts`, '(/^\\S+$/.test(header) ? header : "")', '""'),
  rule(
    "Q-C10 Q-C5",
    `${CONTROL}http/cors.ts`,
    '"Location, ETag, Link, Retry-After, ',
    '"Location, ',
  ),
  rule(
    "Q-B2",
    `${SDP}candidate.ts`,
    "lines.map(readCandidate).filter",
    'lines.some((line) => line.includes(".local")) ? tooLarge("mDNS.") : lines.map(readCandidate).filter',
    {
      binary: true,
    },
  ),
  rule("Q-B8", `${SDP}formats.ts`, "payloadType >= 64 && payloadType <= 95", "payloadType > 127"),
  rule("Q-B13", `${SDP}stream-ids.ts`, 'id !== "-" && id !== ""', 'id !== ""'),
  rule(
    "Q-B12",
    `${SDP}offer.ts`,
    'unusable("The offer has no m= line; call',
    'malformed("The offer has no m= line; call',
  ),
];
