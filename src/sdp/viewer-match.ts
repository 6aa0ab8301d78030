import type { MediaFormat } from "../commands.ts";
import type { LiveTrack } from "./answer.ts";

/**
 * The accepted format that carries a publisher's track, or null when the viewer has none. Also
 * used when the publisher returns with another codec.
 */
export declare function formatFor<F extends Pick<MediaFormat, "codec" | "fmtp">>(
  formats: readonly F[],
  track: LiveTrack,
): F | null;
