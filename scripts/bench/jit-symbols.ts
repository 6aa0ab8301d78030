/** Names of compiled JavaScript by address, from the jitdump files that JavaScriptCore writes. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** tools/perf/Documentation/jitdump-specification.txt: magic "JiTD", version, own length. */
const MAGIC = 0x4a695444;
const HEADER_LENGTH_AT = 8;
/** Record: id, length, time; of a code load then pid, tid, vma, address, size, index, name. */
const RECORD_BYTES = 16;
const CODE_LOAD = 0;
const ADDRESS_AT = 32;
const SIZE_AT = 40;
const NAME_AT = 56;

interface Code {
  readonly start: number;
  readonly end: number;
  readonly name: string;
}

export class JitSymbols {
  /** In the order in which they were compiled: memory is used again. */
  readonly #codes: Code[] = [];

  /** Reads all dumps of a folder. */
  constructor(folder: string) {
    for (const name of readdirSync(folder).filter((each) => each.endsWith(".dump"))) {
      this.#read(readFileSync(join(folder, name)));
    }
  }

  /** The function that stands at the address, whatever tier compiled it; null when none does. */
  nameOf(address: number): string | null {
    const code = this.#codes.findLast(({ start, end }) => address >= start && address < end);
    return code?.name ?? null;
  }

  #read(bytes: Buffer): void {
    if (bytes.length < RECORD_BYTES || bytes.readUInt32LE(0) !== MAGIC) return;
    let at = bytes.readUInt32LE(HEADER_LENGTH_AT);
    while (at + RECORD_BYTES <= bytes.length) {
      const length = bytes.readUInt32LE(at + 4);
      if (length < RECORD_BYTES || at + length > bytes.length) return;
      if (bytes.readUInt32LE(at) === CODE_LOAD) {
        const start = Number(bytes.readBigUInt64LE(at + ADDRESS_AT));
        const end = start + Number(bytes.readBigUInt64LE(at + SIZE_AT));
        const zero = bytes.indexOf(0, at + NAME_AT);
        this.#codes.push({
          start,
          end,
          name: functionName(bytes.toString("utf8", at + NAME_AT, zero)),
        });
      }
      at += length;
    }
  }
}

/** "JSC-FTL: seal#AdQ7Bu" as "seal"; what is no function keeps its kind. */
function functionName(name: string): string {
  const compiled = /^JSC-(?:Baseline|DFG|FTL): (.*?)(?:#\w{6})?$/.exec(name);
  if (compiled === null) return name.replace(/^JSC-/, "");
  return compiled[1] === "" ? "(anonymous)" : compiled[1]!;
}
