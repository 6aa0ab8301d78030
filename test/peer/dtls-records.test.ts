import { expect, test } from "bun:test";
import { clearRecord, DtlsRecords, RecordType } from "../../src/peer/dtls-records.ts";

/** Whether a record of this epoch and so many bytes may be encrypted. */
function sealed(epoch: number, length: number): boolean {
  const bytes = clearRecord(RecordType.handshake, 0, new Uint8Array(length));
  bytes[4] = epoch;
  const records = new DtlsRecords();
  records.reset(bytes, 0, bytes.length);
  return records.next() && records.sealed;
}

test("S8: only a record of the first keys that has room for nonce and tag is taken for encrypted", () => {
  expect([sealed(1, 24), sealed(1, 200)]).toEqual([true, true]);
  expect([sealed(1, 23), sealed(1, 0), sealed(0, 24), sealed(2, 24)]).toEqual(Array(4).fill(false));
});
