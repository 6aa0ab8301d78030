/** What an answer says: W50 to W66, E40 to E42. */

// biome-ignore-all lint/suspicious/noTemplateCurlyInString: sources are quoted as they stand.

import { type Mutation, rule, SDP } from "./rule.ts";

export const MEDIA: readonly Mutation[] = [
  rule(
    "W50",
    `${SDP}section.ts`,
    'media.port === 0 && !hasFlag(attributes, "bundle-only")',
    "media.port === 0",
  ),
  rule(
    "W50 E40",
    `${SDP}write.ts`,
    "bundle.length > 0) lines.push",
    "bundle.length > 9) lines.push",
  ),
  rule("W51", `${SDP}offer.ts`, "if (!section.rtcpMux) {", "if (section.rtcpMux === null) {"),
  rule("W51 E40", `${SDP}write.ts`, 'if (offered.bundled) lines.push("a=rtcp-mux-only");', ""),
  rule(
    "W52",
    `${SDP}offer.ts`,
    "section.kind === kind).length > 1",
    "section.kind === kind).length > 2",
  ),
  rule("W52", `${SDP}offer.ts`, "section.streamIds)).size > 1", "section.streamIds)).size > 2"),
  rule(
    "W53",
    `${SDP}offer.ts`,
    "if (section.formats.length === 0) {",
    "if (section.formats === null) {",
  ),
  rule(
    "W54",
    `${SDP}answer.ts`,
    'offer.peer.setup === "passive" ? "client"',
    'offer.role === null ? "client"',
  ),
  rule("W54", `${SDP}answer.ts`, 'role === "client" ? "active" : "passive"', '"passive"'),
  rule("W55 E42", `${SDP}write.ts`, '["a=ice-lite", "a=ice', '["a=ice', { binary: true }),
  rule(
    "W66",
    `${SDP}answer.ts`,
    'if (simulcast && extensions.some(({ name }) => name === "rid"))',
    "if (simulcast)",
  ),
  rule("W66", `${SDP}write.ts`, "lines.push(`a=rid:${rid} recv`);", ""),
  rule("E40", `${SDP}write.ts`, '"a=rtcp-mux");\n', ");\n"),
  rule(
    "E41",
    `${SDP}write.ts`,
    "${local.streamId}-${media.kind}`]",
    "${media.kind}`, 'a=msid:x y']",
  ),
  rule("E41", `${SDP}write.ts`, "`a=msid:${local.streamId} ", "`a=msid:${media.kind} "),
];
