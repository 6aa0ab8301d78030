/** Both WHEP extensions: X01 to X22, E46. */

// biome-ignore-all lint/suspicious/noTemplateCurlyInString: sources are quoted as they stand.

import { CONTROL, type Mutation, rule } from "./rule.ts";

export const EXTENSIONS: readonly Mutation[] = [
  rule("X01 E46", `${CONTROL}http/links.ts`, ':server-sent-events"', ':events"'),
  rule("X20 E46", `${CONTROL}http/links.ts`, 'rel="${EXTENSIONS}:layer"', 'rel="layer"'),
  rule("X02", `${CONTROL}http/event-routes.ts`, "status: 201,", "status: 200,"),
  rule("X03", `${CONTROL}http/event-routes.ts`, "z.array(z.enum(EVENT_NAMES))", "z.array(z.any())"),
  rule("X04", `${CONTROL}bus/events.ts`, "if (names.has(name)) stream", "stream"),
  rule(
    "X04 X05",
    `${CONTROL}bus/event-stream.ts`,
    "JSON.stringify(data)}",
    "JSON.stringify(data, null, 1)}",
  ),
  rule("X05", `${CONTROL}bus/event-stream.ts`, "`event: ${name}\\n${", "`${"),
  rule(
    "X06",
    `${CONTROL}bus/events.ts`,
    "stream.destroy();\n    streams.delete(id);",
    "stream.destroy();",
  ),
  rule("X06", `${CONTROL}bus/announcer.ts`, "this.#hub.destroySession(event.session);", ""),
  rule("X07", `${CONTROL}bus/announcer.ts`, "if (!stream.isLive) return [count];", ""),
  rule("X07", `${CONTROL}bus/announcer.ts`, 'this.#tellAll(event.stream, "inactive");', ";"),
  rule(
    "X07",
    `${CONTROL}bus/announcer.ts`,
    "if (RECONNECT.has(event.reason))",
    "if (event.reason !== null)",
  ),
  rule("X08", `${CONTROL}streams/stream-layers.ts`, "[String(index)]:", "video:"),
  rule(
    "X08",
    `${CONTROL}streams/stream-layers.ts`,
    "...(point.active && point.bitrate > 0",
    "...(true",
  ),
  rule(
    "X08",
    `${CONTROL}bus/announcer.ts`,
    "now - told.atUs < LAYERS_EVENT_US",
    "now >= told.atUs",
  ),
  rule(
    "X20",
    `${CONTROL}http/layers.ts`,
    'if (session instanceof Response || session.kind === "viewer")',
    "if (session !== null)",
  ),
  rule(
    "X21",
    `${CONTROL}http/layers.ts`,
    "if (rid !== undefined && stream.source?.rids.includes(rid) !== true) {",
    "if (rid !== undefined && layers === null) {",
  ),
  rule("X21", `${CONTROL}http/layers.ts`, "widthMax: rest.maxWidth", "widthMax: rest.maxHeight"),
  rule(
    "X21",
    `${CONTROL}streams/viewers.ts`,
    'chooseLayer(this.#plane, viewer, { ...choice, rid: "" });',
    "chooseLayer(this.#plane, viewer, choice);",
  ),
  rule(
    "X21",
    `${CONTROL}http/layers.ts`,
    "if (!choice.success) {",
    "if (!choice.success && text === '') {",
  ),
  rule("X22", `${CONTROL}http/layers.ts`, 'text.trim() === "" ? {} : parseJson', "parseJson"),
  rule("X22", `${CONTROL}http/layers.ts`, "chooseLayer(services.plane, session, NO_LIMITS);", ""),
];
