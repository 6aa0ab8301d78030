/** One WHIP session of `spillway publish` and what it needs: sockets, OpenSSL, memory for its media. */
import { randomInt } from "node:crypto";
import type { FileTrack } from "../client/media.ts";
import { MediaSender } from "../client/media-sender.ts";
import { offeredSections } from "../client/offer.ts";
import { ClientSession } from "../client/session.ts";
import type { WhipEndpoint } from "../client/whip.ts";
import { createCertificate } from "../io/certificate.ts";
import { monotonicUs, realtimeUs } from "../io/clock.ts";
import { OpenSslDtlsFactory } from "../io/dtls-openssl.ts";
import type { OpenSsl } from "../io/openssl.ts";
import { pinnedRegion, unpin } from "../io/pinned.ts";
import { randomFill } from "../io/random.ts";
import { OpenSslSrtpFactory } from "../io/srtp-openssl.ts";
import { GuardedDtls } from "../peer/guarded-dtls.ts";
import type { Region } from "../srtp/cipher.ts";
import type { Links } from "./links.ts";

export interface WhipConnection {
  readonly session: ClientSession;
  readonly media: MediaSender;
  readonly links: Links;
  /** Memory to release with it. */
  readonly regions: readonly Region[];
}

export interface PublishedTracks {
  readonly audio: FileTrack | null;
  readonly video: FileTrack | null;
}

/**
 * Opens a session and prepares what the answer asks for. Throws a WhipError when the server refuses, a
 * SessionError when its answer is of no use.
 */
export async function connect(
  openSsl: OpenSsl,
  endpoint: WhipEndpoint,
  tracks: PublishedTracks,
  links: Links,
): Promise<WhipConnection> {
  const certificate = createCertificate(new Date(realtimeUs() / 1000));
  const session = await ClientSession.open({
    role: "publisher",
    media: offeredSections(tracks.audio, tracks.video, random),
    fingerprint: certificate.fingerprint,
    signalling: endpoint,
    sockets: links,
    dtls: new GuardedDtls(new OpenSslDtlsFactory(openSsl, certificate)),
    ciphers: new OpenSslSrtpFactory(openSsl),
    sourcesMax: 1,
    random: randomFill,
    clock: monotonicUs,
  });
  const regions: Region[] = [];
  const allocate = (bytes: number): Region => {
    const region = pinnedRegion(bytes);
    regions.push(region);
    return region;
  };
  const { cname } = session.offer;
  const media = new MediaSender({ sections: session.media, cname, random, allocate });
  return { session, media, links, regions };
}

/** Ends the peer and frees its memory; the session at the server is not its business. */
export function release({ session, links, regions }: WhipConnection): void {
  session.end(monotonicUs());
  links.flush();
  for (const region of regions) unpin(region);
}

function random(limit: number): number {
  return randomInt(limit);
}
