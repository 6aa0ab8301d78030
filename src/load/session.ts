/** What viewers and publishers of a load have in common: their HTTP session. */

import { WhipEndpoint, type WhipOptions } from "../client/whip.ts";
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
  readonly endpoint: WhipEndpoint;
  readonly answer: Answer;
  readonly setup: PeerSetup;
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
  const endpoint = new WhipEndpoint(url, options);
  const answer = readAnswer(await endpoint.create(writeOffer(offer)));
  if (!isProblem(answer) && answer.peer.candidates.length > 0) {
    return { endpoint, answer, setup: clientPeer(offer, answer) };
  }
  await endpoint.delete();
  throw new AnswerError(
    isProblem(answer) ? `unusable answer: ${answer.detail}` : "the answer names no address",
  );
}
