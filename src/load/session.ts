/** What viewers and publishers of a load have in common: who they are, and their HTTP session. */

import {
  createSession,
  deleteSession,
  type WhipOptions,
  type WhipSession,
} from "../client/whip.ts";
import type { PeerSetup } from "../contract/session.ts";
import {
  type Answer,
  type ClientOffer,
  clientPeer,
  readAnswer,
  writeOffer,
} from "../sdp/client.ts";
import { isProblem } from "../sdp/problem.ts";

/** A server's answer that cannot be used. */
export class AnswerError extends Error {
  override readonly name = "AnswerError";
}

export interface OpenedSession {
  readonly http: WhipSession;
  readonly answer: Answer;
  readonly setup: PeerSetup;
}

/** Identity of one session; `random` fills its argument. */
export function offerOf(
  role: ClientOffer["role"],
  media: ClientOffer["media"],
  fingerprint: string,
  random: (out: Uint8Array) => void,
): ClientOffer {
  const bytes = new Uint8Array(36);
  random(bytes);
  const text = (from: number, to: number) => bytes.subarray(from, to).toBase64();
  const id = new DataView(bytes.buffer).getUint32(30) * 65_536 + bytes[34]! * 256 + bytes[35]!;
  return {
    role,
    ufrag: text(0, 6),
    pwd: text(6, 24),
    fingerprint,
    sessionId: String(id),
    cname: text(24, 30),
    streamId: "spillway",
    media,
  };
}

/**
 * Posts the offer and reads the answer. Throws a WhipError, or an AnswerError once the session that
 * cannot be used is deleted.
 */
export async function openSession(
  url: string,
  offer: ClientOffer,
  options: WhipOptions,
): Promise<OpenedSession> {
  const http = await createSession(url, writeOffer(offer), options);
  const answer = readAnswer(http.answer);
  if (!isProblem(answer) && answer.peer.candidates.length > 0) {
    return { http, answer, setup: clientPeer(offer, answer) };
  }
  await deleteSession(http, options);
  throw new AnswerError(
    isProblem(answer) ? `unusable answer: ${answer.detail}` : "the answer names no address",
  );
}
