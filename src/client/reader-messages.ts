/** What `spillway publish` and the thread that reads its file say to each other. */
import type { PlaybackItem } from "./file-pass.ts";
import type { FileTrack, MediaSelection } from "./media.ts";

/** Each is answered once, in order. */
export type ReaderRequest =
  | {
      readonly type: "open";
      readonly path: string;
      /** The file as the user named it. */
      readonly name: string;
      readonly selection: MediaSelection;
      readonly loop: boolean;
    }
  | { readonly type: "read" }
  /** Answered like `read`, from the keyframe at or before a time. */
  | { readonly type: "seek"; readonly timeUs: number };

export interface FileDescription {
  readonly audio: FileTrack | null;
  readonly video: FileTrack | null;
  /** As the file states it; null when it does not. */
  readonly durationUs: number | null;
  /** What was chosen where there was a choice, in words. */
  readonly notes: readonly string[];
}

export type ReaderReply =
  | ({ readonly type: "opened" } & FileDescription)
  | {
      readonly type: "batch";
      readonly items: readonly PlaybackItem[];
      readonly done: boolean;
      /** Gaps in the file's clock closed so far. */
      readonly gapsClosed: number;
    }
  /** The file cannot be read; nothing more comes. */
  | { readonly type: "failed"; readonly message: string };
