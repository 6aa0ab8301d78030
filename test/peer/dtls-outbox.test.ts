import { expect, test } from "bun:test";
import { DtlsOutbox } from "../../src/peer/dtls-outbox.ts";
import { clearRecord, RecordType } from "../../src/peer/dtls-records.ts";

const ALERT = clearRecord(RecordType.alert, 0, Uint8Array.of(2, 40));
const HELLO = clearRecord(RecordType.handshake, 0, new Uint8Array(40));
const SEALED_ALERT = ALERT.slice();
SEALED_ALERT[4] = 1;

function sent(outbox: DtlsOutbox): Uint8Array[] {
  const out = new Uint8Array(2048);
  const datagrams: Uint8Array[] = [];
  for (let n = outbox.pollTransmit(out); n > 0; n = outbox.pollTransmit(out)) {
    datagrams.push(out.slice(0, n));
  }
  return datagrams;
}

test("S8: no alert of ours leaves in clear, also not again; an encrypted one does", () => {
  const outbox = new DtlsOutbox();
  outbox.begin([ALERT.slice(), HELLO.slice()]);
  outbox.repeat(() => null);
  expect(sent(outbox).map(({ length }) => length)).toEqual([HELLO.length, HELLO.length]);
  outbox.begin([SEALED_ALERT]);
  expect(sent(outbox)).toEqual([SEALED_ALERT]);
});
