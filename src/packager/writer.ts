import { writeFragment } from "./mp4/fragment.ts";
import { writeInit } from "./mp4/init.ts";
import type { Writer } from "./part.ts";

/** Writes the files of a tail. */
export const WRITER: Writer = {
  init: (video, audio) => writeInit({ video, audio }),
  fragment: writeFragment,
};
