/** Load, Link, tokens, limits: W60 to W72, E43 to E47. */

// biome-ignore-all lint/suspicious/noTemplateCurlyInString: sources are quoted as they stand.

import { CONTROL, type Mutation, rule } from "./rule.ts";

export const REST: readonly Mutation[] = [
  rule("W60 E43", `${CONTROL}http/redirect.ts`, "status: 307,", "status: 302,"),
  rule(
    "W61 E43",
    `${CONTROL}http/admission.ts`,
    "if (registry.sessions.count >= config.limits.sessions) {",
    "if (registry.sessions.count >= 1e9) {",
  ),
  rule("W62 E44", `${CONTROL}http/links.ts`, '; credential-type="password"', ""),
  rule("W62 E44", `${CONTROL}http/whip.ts`, "iceServerLinks(config.iceServers));", "[]);"),
  rule("W63", `${CONTROL}http/app.ts`, ".slice(0, 1)", ""),
  rule("W63", `${CONTROL}http/resource.ts`, "!isPreflight(c.req.raw) && ", ""),
  rule("W63", `${CONTROL}http/app.ts`, "return verdict.ok ? ", "return verdict !== null ? "),
  rule(
    "W64 E45",
    `${CONTROL}http/auth.ts`,
    "const grant = token === null ? NO_TOKEN_GIVEN : await this.#grantOf(token);",
    "const grant = EVERYTHING;",
  ),
  rule(
    "W64 E45",
    `${CONTROL}http/auth.ts`,
    'const headers = { "WWW-Authenticate": challenge };',
    "const headers = {};",
  ),
  rule(
    "W64",
    `${CONTROL}http/auth.ts`,
    "if (!grant.rights.includes(right))",
    "if (grant === null)",
  ),
  rule(
    "W64",
    `${CONTROL}http/auth.ts`,
    "if (stream !== null && !grant.covers(stream)) {",
    "if (grant === null) {",
  ),
  rule("W64", `${CONTROL}http/auth.ts`, "/^bearer\\s+(\\S+)$/i", "/^Bearer\\s+(\\S+)$/"),
  rule(
    "W64",
    `${CONTROL}http/session-resource.ts`,
    "return refused ?? session;",
    "return session;",
  ),
  rule(
    "W64",
    `${CONTROL}http/auth.ts`,
    "if (this.#openness.sessionUrlIsProof || this.#hookDecides(right)) return null;",
    "return null;",
  ),
  rule(
    "W65",
    `${CONTROL}http/auth.ts`,
    '(new URL(request.url).searchParams.get("token") ?? "")',
    '""',
  ),
  rule(
    "W68",
    `${CONTROL}http/whip.ts`,
    "iceServerLinks(config.iceServers));",
    "['<x>; rel=\"urn:ietf:params:whip:ext:x\"']);",
  ),
  rule("W69 E47", "src/cli/listener.ts", "...(tls === null ? {} : { tls }),", ""),
  rule(
    "W70",
    `${CONTROL}http/admission.ts`,
    "if (services.rateLimit.take(",
    "if (client !== null || services.rateLimit.take(",
  ),
  rule(
    "W70",
    `${CONTROL}http/admission.ts`,
    'c.req.method === "POST" ? 1 : 0.1',
    'c.req.method === "POST" ? 1 : 0',
  ),
  rule(
    "W71 E47",
    `${CONTROL}streams/session-base.ts`,
    'random(16)).toString("base64url"),',
    'random(8)).toString("base64url"),',
  ),
  rule(
    "W72",
    `${CONTROL}streams/registry.ts`,
    "now - session.createdUs > PENDING_MAX_US",
    "now < 0",
  ),
  rule(
    "W72",
    `${CONTROL}http/admission.ts`,
    "pending >= config.limits.pendingPerAddress",
    "pending < 0",
  ),
];
