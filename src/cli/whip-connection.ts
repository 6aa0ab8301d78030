/** One WHIP session of `spillway publish` and what it needs: HTTP, sockets, OpenSSL. */
import { randomInt } from "node:crypto";
import type { FileTrack } from "../client/media.ts";
import { MediaSender } from "../client/media-sender.ts";
import { acceptedSections, offeredSections, offerOf } from "../client/offer.ts";
import type { WhipEndpoint } from "../client/whip.ts";
import { createCertificate } from "../io/certificate.ts";
import { monotonicUs, realtimeUs } from "../io/clock.ts";
import { OpenSslDtlsFactory } from "../io/dtls-openssl.ts";
import type { OpenSsl } from "../io/openssl.ts";
import { pinnedRegion, unpin } from "../io/pinned.ts";
import { randomFill } from "../io/random.ts";
import { OpenSslSrtpFactory } from "../io/srtp-openssl.ts";
import { createPeerCounters } from "../peer/counters.ts";
import { Peer } from "../peer/peer.ts";
import { clientPeer, readAnswer, writeOffer } from "../sdp/client.ts";
import { isProblem } from "../sdp/problem.ts";
import type { Region } from "../srtp/cipher.ts";
import type { Link, Links } from "./links.ts";

/** The session ended without being asked to, or could not begin. */
export class PublishError extends Error {
  override readonly name = "PublishError";
}

export interface WhipConnection {
  readonly peer: Peer;
  readonly media: MediaSender;
  readonly links: readonly Link[];
  /** Memory to release with it. */
  readonly regions: readonly Region[];
}

export interface PublishedTracks {
  readonly audio: FileTrack | null;
  readonly video: FileTrack | null;
}

/**
 * Posts an offer and prepares what the answer asks for. Throws a WhipError when the server refuses, a
 * PublishError when its answer is of no use; the endpoint has a session then.
 */
export async function connect(
  openSsl: OpenSsl,
  endpoint: WhipEndpoint,
  tracks: PublishedTracks,
  links: Links,
): Promise<WhipConnection> {
  const certificate = createCertificate(new Date(realtimeUs() / 1000));
  const offered = offeredSections(tracks.audio, tracks.video, random);
  const offer = offerOf("publisher", offered, certificate.fingerprint, randomFill);
  const answer = readAnswer(await endpoint.create(writeOffer(offer)));
  if (isProblem(answer)) throw new PublishError(`unusable answer: ${answer.detail}`);
  const sections = acceptedSections(offered, answer.media);
  if (sections.length === 0) throw new PublishError("the server took none of the tracks");
  const paths = links.pathsTo(answer.peer.candidates);
  if (paths.length === 0) {
    throw new PublishError("the server named no address that this machine can send to");
  }
  const peer = new Peer({
    session: 1,
    setup: clientPeer(offer, answer),
    ice: { mode: "controlling", paths, random: randomFill },
    dtls: new OpenSslDtlsFactory(openSsl, certificate),
    ciphers: new OpenSslSrtpFactory(openSsl),
    counters: createPeerCounters(),
    sourcesMax: 1,
    now: monotonicUs(),
  });
  const regions: Region[] = [];
  const allocate = (bytes: number): Region => {
    const region = pinnedRegion(bytes);
    regions.push(region);
    return region;
  };
  const media = new MediaSender({ sections, cname: offer.cname, random, allocate });
  return { peer, media, links: links.all, regions };
}

/** Frees the peer and its memory; the session at the server is not its business. */
export function release(connection: WhipConnection): void {
  if (connection.peer.state !== "closed") connection.peer.close(monotonicUs(), "deleted");
  connection.peer.free();
  for (const region of connection.regions) unpin(region);
}

function random(limit: number): number {
  return randomInt(limit);
}
