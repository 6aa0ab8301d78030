/** OSSL_PARAM, by which OpenSSL 3 passes what has no function of its own. */
import type { Pointer } from "bun:ffi";
import type { Region } from "../srtp/cipher.ts";
import { addressOf, pinnedRegion, pinnedString, writeAddress, writeWord } from "./pinned.ts";

/** key (8) | data type (4) | - (4) | data (8) | data size (8) | return size (8) */
const PARAM_BYTES = 40;
const DATA_TYPE = 8;
const DATA = 16;
const DATA_SIZE = 24;
const OCTET_STRING = 5;

/**
 * An array of one parameter of octets, made once and used for each packet: EVP_CIPHER_CTX_ctrl would
 * make the same array anew at each call.
 */
export class OctetParam {
  readonly pointer: Pointer;
  readonly #view: DataView;

  constructor(key: string) {
    // All zeros is the end of an array.
    const region = pinnedRegion(2 * PARAM_BYTES);
    this.pointer = addressOf(region, 0, 2 * PARAM_BYTES);
    this.#view = new DataView(region.bytes.buffer);
    writeWord(this.#view, 0, pinnedString(key));
    this.#view.setUint32(DATA_TYPE, OCTET_STRING, true);
  }

  /** The octets are these, of a region that stays where it is until the call. */
  point(region: Region, offset: number, length: number): void {
    writeAddress(this.#view, DATA, region, offset, length);
    writeWord(this.#view, DATA_SIZE, length);
  }

  /** In place of the size. */
  setSize(low: number, high: number): void {
    this.#view.setUint32(DATA_SIZE, low, true);
    this.#view.setUint32(DATA_SIZE + 4, high, true);
  }
}
