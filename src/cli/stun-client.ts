/** A UDP socket by which others are asked how they see it. */
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import type { HostPort } from "../config/values.ts";
import { formatPath } from "../wire/path.ts";
import { parseStun, StunClass, StunMessage, verifyIntegrity } from "../wire/stun.ts";
import { STUN_REQUEST_BYTES_MAX } from "../wire/stun-writer.ts";

/** RFC 8489 6.2.1 begins with as much; two lost ones are bad luck. */
const WAIT_MS = 500;
const TRIES = 3;
const ID_BYTES = 12;

export interface StunAnswer {
  /** Where the request came from. */
  readonly seen: HostPort;
  /** It could answer from another address as well. */
  readonly hasOtherAddress: boolean;
}

export interface StunQuestion {
  /** Returns the length of the request that it has written to `out`. */
  readonly write: (out: Uint8Array, transactionId: Uint8Array) => number;
  /** By what the answer is known; null where anybody may answer. */
  readonly key: Uint8Array | null;
}

export class StunClient {
  readonly #socket: Socket;
  readonly #random: (out: Uint8Array) => void;

  private constructor(socket: Socket, random: (out: Uint8Array) => void) {
    this.#socket = socket;
    this.#random = random;
  }

  /** Rejects when the port is taken; 0 takes any. `random` fills its argument. */
  static async open(
    { host, port }: HostPort,
    random: (out: Uint8Array) => void,
  ): Promise<StunClient> {
    const socket = createSocket(host.includes(":") ? "udp6" : "udp4");
    const bound = once(socket, "listening");
    try {
      socket.bind(port, host);
      await bound;
    } catch (error) {
      socket.close();
      throw error;
    }
    // Whoever cannot be reached does not answer; nothing else comes of it.
    socket.on("error", () => {});
    return new StunClient(socket, random);
  }

  /** The port that it is bound to. */
  get port(): number {
    return this.#socket.address().port;
  }

  /** Null when nobody answers, and when the answer is a refusal. */
  async ask({ host, port }: HostPort, { write, key }: StunQuestion): Promise<StunAnswer | null> {
    const { promise, resolve } = Promise.withResolvers<StunAnswer | null>();
    const id = new Uint8Array(ID_BYTES);
    this.#random(id);
    const request = new Uint8Array(STUN_REQUEST_BYTES_MAX);
    const length = write(request, id);
    // Whoever answers may do so from elsewhere: the number tells that it is the answer.
    const hear = (bytes: Uint8Array): void => {
      const answer = answerIn(bytes, id, key);
      if (answer !== undefined) resolve(answer);
    };
    this.#socket.on("message", hear);
    try {
      for (let tried = 0; tried < TRIES; tried += 1) {
        this.#socket.send(request.subarray(0, length), port, host, () => {});
        const answer = await Promise.race([promise, Bun.sleep(WAIT_MS)]);
        if (answer !== undefined) return answer;
      }
      return null;
    } finally {
      this.#socket.off("message", hear);
    }
  }

  close(): void {
    this.#socket.close();
  }
}

/** Undefined for what is no answer to this request. */
function answerIn(
  bytes: Uint8Array,
  id: Uint8Array,
  key: Uint8Array | null,
): StunAnswer | null | undefined {
  const message = new StunMessage();
  if (!parseStun(bytes, 0, bytes.length, message)) return undefined;
  const at = message.transactionIdOffset;
  if (!id.every((byte, i) => bytes[at + i] === byte)) return undefined;
  if (key !== null && !verifyIntegrity(bytes, 0, message, key)) return undefined;
  if (message.class === StunClass.error) return null;
  if (message.class !== StunClass.success || message.mappedAddressLength === 0) return undefined;
  const sockaddr = message.mappedAddress.subarray(0, message.mappedAddressLength);
  const { hostname, port } = new URL(`udp://${formatPath({ sockaddr })}`);
  const host = hostname.replace(/^\[|\]$/g, "");
  return { seen: { host, port: Number(port) }, hasOtherAddress: message.hasOtherAddress };
}
