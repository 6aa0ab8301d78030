import { expect, test } from "bun:test";
import { Fragments, MessageSlot } from "../../src/peer/dtls-messages.ts";
import { fragment } from "../support/dtls-ends.ts";

/** The fragment in this record; null when it cannot be one. */
function read(bytes: Uint8Array): Fragments | null {
  const fragments = new Fragments();
  fragments.reset(bytes, 0, bytes.length);
  return fragments.next() ? fragments : null;
}

test("S8: a fragment that reaches beyond its message is none", () => {
  expect(read(fragment(11, 1, 100, 80, 20))?.size).toBe(20);
  expect(read(fragment(11, 1, 100, 81, 20))).toBeNull();
  expect(read(fragment(11, 1, 10, 0, 20))).toBeNull();
  expect(read(fragment(11, 1, 0xffffff, 0xfffffe, 20))).toBeNull();
});

test("a message is whole when each of its bytes has come", () => {
  const slot = new MessageSlot(11, 1);
  for (const offset of [20, 0, 20])
    expect(slot.add(read(fragment(11, 1, 60, offset, 20))!)).toBe(false);
  expect(slot.message).toBeNull();
  expect(slot.add(read(fragment(11, 1, 60, 40, 20))!)).toBe(true);
  expect(slot.message?.length).toBe(12 + 60);
});
