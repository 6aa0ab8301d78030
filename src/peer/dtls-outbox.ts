import { joined } from "../wire/bytes.ts";
import { DTLS_DATAGRAM_MAX } from "./dtls.ts";
import { clearRecord, RecordType, recordLength, writeSequence } from "./dtls-records.ts";

const EPOCH_AT = 3;
const FIRST_ENCRYPTED_EPOCH = 1;

/**
 * What one session sends by DTLS: its present flight, kept until the next so that it can be sent
 * again, and the datagrams that wait to leave. Records in clear are numbered here, over all attempts
 * at a handshake, so that none that the peer should read looks to it like one it has had (RFC 6347
 * 4.1.2.6).
 */
export class DtlsOutbox {
  readonly #datagrams: Uint8Array[] = [];
  #flight: readonly Uint8Array[] = [];
  #sequence = 0;

  /** True while there is a flight that can be sent again. */
  get holds(): boolean {
    return this.#flight.length > 0;
  }

  /** A new flight, as records of the library; replaces the one before. */
  begin(records: readonly Uint8Array[]): void {
    // An alert in clear ends the peer's handshake, and nobody may be ended by a stranger's record.
    this.#flight = records.filter((record) => !isClear(record) || record[0] !== RecordType.alert);
    this.#send(this.#flight);
  }

  /** The flight again. `seal` makes an encrypted record anew under a number of its own. */
  repeat(seal: (record: Uint8Array) => Uint8Array | null): void {
    const records: Uint8Array[] = [];
    for (const record of this.#flight) {
      const again = isClear(record) ? record : seal(record);
      if (again !== null) records.push(again);
    }
    this.#send(records);
  }

  /** One message in clear that belongs to no flight. */
  single(message: Uint8Array): void {
    this.#send([clearRecord(RecordType.handshake, 0, message)]);
  }

  /** Nothing of the flight is sent again. */
  forget(): void {
    this.#flight = [];
  }

  pollTransmit(out: Uint8Array): number {
    const datagram = this.#datagrams.shift();
    if (datagram === undefined) return 0;
    out.set(datagram);
    return datagram.length;
  }

  /** Packs whole records into datagrams (RFC 6347 4.1.1). */
  #send(records: readonly Uint8Array[]): void {
    let size = 0;
    let first = 0;
    for (const [i, record] of records.entries()) {
      if (isClear(record)) writeSequence(record, this.#sequence++);
      if (size > 0 && size + record.length > DTLS_DATAGRAM_MAX) {
        this.#datagrams.push(joined(records.slice(first, i)));
        first = i;
        size = 0;
      }
      size += record.length;
    }
    if (size > 0) this.#datagrams.push(joined(records.slice(first)));
  }
}

/** Splits what the library wrote, records back to back, into copies of each. */
export function splitRecords(bytes: Uint8Array): Uint8Array[] {
  const records: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + recordLength(bytes, at);
    records.push(bytes.slice(at, end));
    at = end;
  }
  return records;
}

function isClear(record: Uint8Array): boolean {
  return record[EPOCH_AT] === 0 && record[EPOCH_AT + 1]! < FIRST_ENCRYPTED_EPOCH;
}
