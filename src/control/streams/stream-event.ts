import type { CloseReason } from "../../contract/session.ts";
import type { Remark } from "./remark.ts";
import type { Session } from "./session.ts";
import type { Source } from "./source.ts";
import type { Stream } from "./stream.ts";
import type { ViewerSession } from "./viewer-session.ts";

/** What happens to streams and to the sessions of those who publish and watch them. */
export type StreamEvent =
  /** Somebody publishes, or sends again after a silence; viewers read the new source. */
  | { readonly type: "active"; readonly stream: Stream }
  /** Nobody publishes any more, or what is published has fallen quiet: `reason` is null then. */
  | {
      readonly type: "inactive";
      readonly stream: Stream;
      readonly source: Source;
      readonly reason: CloseReason | null;
    }
  /** A source has the stream from now on: a publisher that has connected, or a link. */
  | { readonly type: "published"; readonly stream: Stream; readonly source: Source }
  /** A source has the stream no more, be it over or another in its place. */
  | {
      readonly type: "unpublished";
      readonly stream: Stream;
      readonly source: Source;
      readonly reason: CloseReason;
    }
  /** The session's media path stands. */
  | { readonly type: "joined"; readonly stream: Stream; readonly session: Session }
  /** Its URL is gone, its worker may still hold it. If it never connected, it has not `joined`. */
  | {
      readonly type: "left";
      readonly stream: Stream;
      readonly session: Session;
      readonly reason: CloseReason;
    }
  /** A session has ended, or its worker has let go of one; whoever waits may look again. */
  | { readonly type: "gone" }
  /** The first keyframe has left for a viewer, `afterUs` after its POST. */
  | {
      readonly type: "first-media";
      readonly stream: Stream;
      readonly session: ViewerSession;
      readonly afterUs: number;
    }
  /** A viewer is sent another layer. */
  | { readonly type: "layer"; readonly stream: Stream; readonly session: ViewerSession }
  /** Somebody says something of it. */
  | { readonly type: "remark"; readonly stream: Stream; readonly remark: Remark };

/** Tells an event to whoever listens. */
export type Publish = (event: StreamEvent) => void;
