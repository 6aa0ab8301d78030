import type { MediaSection } from "../contract/session.ts";
import { VIEWER_MEDIA } from "../sdp/client.ts";
import { Extension } from "../wire/extensions.ts";

/** The sections that a viewer of a load offers. */
export function viewerMedia(wanted: {
  readonly audio: boolean;
  readonly video: boolean;
  readonly captureTime: boolean;
}): readonly MediaSection[] {
  return VIEWER_MEDIA.filter((section) => wanted[section.kind]).map((section) => {
    const extensionIds = [...section.extensionIds];
    if (!wanted.captureTime) extensionIds[Extension.absCaptureTime] = 0;
    return { ...section, extensionIds };
  });
}
