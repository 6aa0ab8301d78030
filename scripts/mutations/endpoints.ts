/** Endpoints: W01 to W14, E01 to E13. */

// biome-ignore-all lint/suspicious/noTemplateCurlyInString: sources are quoted as they stand.

import { CONTROL, type Mutation, PEER, rule, SDP } from "./rule.ts";

export const ENDPOINTS: readonly Mutation[] = [
  rule(
    "W01 E01",
    `${CONTROL}http/session-resource.ts`,
    'return new Response(null, { status: 204, headers: { "Cache-Control": "no-store" } });',
    'return new Response("here", { status: 200 });',
  ),
  rule("W02", `${CONTROL}http/problem.ts`, "application/problem+json", "text/plain"),
  rule(
    "W03 E03",
    `${CONTROL}http/created.ts`,
    "return new Response(sdp, { status: 201, headers });",
    "return new Response(sdp, { status: 200, headers });",
  ),
  rule(
    "W04 E07",
    `${CONTROL}http/admission.ts`,
    'return problem(415, "Unsupported media type", `The offer',
    'return problem(422, "Unsupported media type", `The offer',
  ),
  rule(
    "W04 E07",
    `${CONTROL}http/admission.ts`,
    "if (type === SDP_TYPE) return null;",
    "if (type !== '') return null;",
  ),
  rule(
    "W05",
    `${SDP}transport.ts`,
    'return malformed("The offer has no a=fingerprint',
    'return unusable("The offer has no a=fingerprint',
  ),
  rule(
    "W05 E07",
    `${SDP}transport.ts`,
    'return malformed("a=ice-pwd must',
    'return unusable("a=ice-pwd must',
  ),
  rule(
    "W06",
    `${SDP}write.ts`,
    "lines.push(`a=mid:${offered.mid}`);\n  lines.push(...t",
    "lines.push('a=mid:x');\n  lines.push(...t",
  ),
  rule("W06", `${SDP}write.ts`, "bundle.length > 0) lines.push", "bundle.length > 9) lines.push"),
  rule("W07", `${SDP}answer.ts`, '"publisher" ? "recvonly"', '"publisher" ? "sendrecv"'),
  rule("W07", `${SDP}offer.ts`, "!sends(section.direction)", 'section.direction !== "sendonly"'),
  rule("W08", `${SDP}offer.ts`, "!sends(section.direction)", "false"),
  rule("W09 E13", `${CONTROL}http/session-resource.ts`, 'registry.end(session, "deleted");', ""),
  rule(
    "W09",
    `${CONTROL}streams/registry.ts`,
    "this.#options.plane.close(session.worker, session.number, reason);",
    "",
    { binary: true },
  ),
  rule(
    "W10",
    `${PEER}peer.ts`,
    "try {\n      this.#dtls?.close(now);\n    } finally {",
    "try {\n      this.#dtls?.handleTimeout(now);\n    } finally {",
  ),
  rule("W10 E13", `${PEER}peer-table.ts`, "this.#tombstones.add(now, ufrag, keys);", "", {
    binary: true,
  }),
  rule(
    "W11 E12",
    `${PEER}peer.ts`,
    'if (dtls.state === "closed") return this.#end("peer-closed", "close_notify");',
    "",
    { binary: true },
  ),
  rule(
    "W11 E12 W47 E30",
    `${PEER}peer.ts`,
    "if (now - this.ice.consentAt < CONSENT_SESSION_TIMEOUT_US) return moved;",
    "if (now >= 0) return moved;",
  ),
  rule(
    "W11 E12",
    `${CONTROL}streams/registry.ts`,
    'if (session.state !== "ended") this.#detach(session, reason);',
    "",
  ),
  rule("W12 E13", `${CONTROL}http/cors.ts`, 'allowOrigin(c.res.headers, c.req.raw, "*");', ""),
  rule(
    "W12",
    `${CONTROL}http/cors.ts`,
    '"Authorization, Content-Type, If-Match, ETag, Last-Event-ID"',
    '"*"',
  ),
  rule(
    "W13 E13",
    `${CONTROL}http/resource.ts`,
    'Allow: allow, "Accept-Post": SDP_TYPE',
    "Allow: allow",
  ),
  rule(
    "W14 E21",
    `${CONTROL}http/session-resource.ts`,
    'return problem(422, "No renegotiation", detail);',
    "return null;",
  ),
  rule("E02", `${CONTROL}http/app.ts`, '{ "Content-Type": SDP_TYPE, "Accept', '{ "Accept'),
  rule(
    "E06",
    `${SDP}answer.ts`,
    "if (track !== null && live === null) return undecodable(section, index, track);",
    "",
  ),
  rule("E08", `${SDP}offer.ts`, "!receives(section.direction)", "false"),
  rule("E08", `${SDP}answer.ts`, ': "sendonly",', ': "sendrecv",'),
  rule(
    "E09",
    `${SDP}answer.ts`,
    "live === null ? section.formats : withFirst(section.formats, live)",
    "section.formats",
  ),
  rule("E10 E41", `${SDP}answer.ts`, " || taken.has(section.kind)", ""),
  rule("E10", `${SDP}write.ts`, "lines.push(...rejectedLines(section.offered));", ""),
  rule(
    "E11",
    `${CONTROL}http/whep.ts`,
    "if (!isLive && !streamOptions(config, name).waitForStream) {",
    "if (stream === null) {",
  ),
  rule(
    "E11",
    `${CONTROL}http/problem.ts`,
    '{ "Retry-After": String(seconds) }',
    "{ 'X-Retry': String(seconds) }",
  ),
];
