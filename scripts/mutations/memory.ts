/** Bounds of memory, what one viewer's fault costs, whose packets fill a ring. */
import { type Mutation, rule } from "./rule.ts";

const EGRESS = "src/egress/";
const RECORD = "src/ring/guarded-record.ts";

export const MEMORY: readonly Mutation[] = [
  rule(
    "S1",
    "src/srtp/cipher.ts",
    "const whole = offset >>> 0 === offset && length >>> 0 === length;",
    "const whole = offset === offset && length === length;",
  ),
  rule(
    "S1",
    "src/srtp/cipher.ts",
    "return whole && offset + length <= region.bytes.length;",
    "return whole;",
  ),
  rule("S1", "src/io/pinned.ts", " || !(region.address > 0)", ""),
  rule("S1", "src/io/udp-sender.ts", "assertInside(this.region, 0, bytes);", ""),
  rule("S1", "src/io/udp-sender.ts", "whole && length <= this.reserved", "whole"),
  rule("S1", "src/io/udp-sender.ts", "sockaddr.length <= NAME_BYTES", "sockaddr.length > 0"),
  rule("S1", "src/srtp/cipher-portable.ts", "assertInside(region, offset, headerLength);", ""),
  rule(
    "S1",
    `${EGRESS}outgoing.ts`,
    "own && payloadOffset + payloadLength + padding <= this.end,",
    "own,",
  ),
  rule("S1", `${EGRESS}outgoing.ts`, "payloadOffset >= this.start && ", ""),
  rule(
    "S1",
    `${EGRESS}repair.ts`,
    "packet.takePayload(context.apart, 0)",
    "packet.takePayload(context.filler, 0)",
  ),
  rule(
    "S1",
    `${EGRESS}context.ts`,
    "Guarded.parameterSets.bytes + PADDING_MAX;",
    "Guarded.parameterSets.bytes;",
  ),
  rule("fuzz", "src/wire/rtp.ts", "out.fill(0, offset, last);", ""),
  rule("fuzz", "src/wire/rtp.ts", "header.payloadLength -= padding;", "header.payloadLength -= 1;"),
  rule(
    "fuzz",
    "src/ring/reader.ts",
    "Math.min(used, SLOT_BYTES);",
    "Math.min(used, SLOT_BYTES) - 1;",
  ),
  rule(
    "S1",
    "src/feed/staging.ts",
    "Slot.payload + payloadLength > reader.copied",
    "payloadLength > PAYLOAD_BYTES_MAX",
  ),
  rule(
    "S1",
    "src/ring/writer.ts",
    "sourceOffset >= 0 && sourceOffset + length <= source.length",
    "sourceOffset >= 0",
  ),
  rule(
    "S2",
    `${EGRESS}egress.ts`,
    "if (session !== null && this.viewers.has(session)) {",
    "if (session === undefined) {",
  ),
  rule(
    "S2",
    `${EGRESS}egress.ts`,
    'this.isolate("a new source", now, viewer.session, () => viewer.follow(following, now));',
    "viewer.follow(following, now);",
  ),
  rule(
    "S2",
    `${EGRESS}egress.ts`,
    'this.isolate("media", now, each.session, () => each.lapped(feed, now));',
    "each.lapped(feed, now);",
  ),
  rule(
    "S2",
    `${EGRESS}egress.ts`,
    "for (const track of viewer.tracks) feed.detach(track);",
    "for (const track of viewer.tracks) if (track.feed === null) feed.detach(track);",
  ),
  rule(
    "S2",
    `${EGRESS}track-output.ts`,
    "} finally {",
    "} catch (error) {\n      throw error;\n    }\n    {",
  ),
  rule(
    "6.2",
    "src/ingest/ssrc-table.ts",
    "return known.primary === known.track.ssrc;",
    "return known.track.ssrc !== known.ssrc;",
  ),
  rule("6.2", "src/ingest/ssrc-table.ts", "if (!rtx) this.#adopt(track, former);", ""),
  rule("6.2", "src/ingest/ssrc-table.ts", " && !known.proven;", ";"),
  rule("6.2", "src/ingest/ssrc-table.ts", "layer.rid === rid) ?? paired;", "layer.rid === rid);"),
  rule("6.9", "src/ring/reader.ts", "reach >= slots >> 1;", "reach >= slots;"),
  rule("6.10", RECORD, "Atomics.store(header, this.#guard, guard + 1);", ""),
  rule("6.10", RECORD, "Atomics.store(header, this.#guard, guard + 2);", ""),
  rule(
    "6.10",
    RECORD,
    "Atomics.store(header, this.#first + i, this.words[i]!);",
    "header[this.#first + i] = this.words[i]!;",
  ),
  rule("6.10", RECORD, "if ((guard & 1) !== 0) continue;", ""),
  rule(
    "6.10",
    RECORD,
    "= Atomics.load(header, this.#first + word);",
    "= header[this.#first + word]!;",
  ),
  rule("6.10", RECORD, "if (Atomics.load(header, this.#guard) === guard) return", "return"),
  rule("6.10", "src/ring/reader.ts", "else if (loaded === Loaded.none) this", "else this"),
  rule("6.18", "src/media/dropped-numbers.ts", "return Math.floor(at / 32);", "return at >>> 5;"),
  rule("leap", "src/ring/writer.ts", "if (ahead > VIDEO_SLOTS_MAX) return NO_SLOT;", ""),
];
