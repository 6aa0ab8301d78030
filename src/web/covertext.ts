import type { ConnectionState } from "./connection.ts";

/** What the picture is doing, for the page around the player. */
export interface PlayerStatus {
  readonly state: ConnectionState | "inactive";
  readonly message: string;
  readonly status: number;
}

/** What stands over a picture that is not there. */
export function coverText(state: PlayerStatus["state"], message: string): string {
  switch (state) {
    case "waiting":
      return "Waiting for the stream to start…";
    case "inactive":
      return "The publisher is away. Playback goes on when it returns.";
    case "retrying":
      return `${message} Trying again…`;
    case "refused":
      return message;
    case "stopped":
      return "Stopped.";
    case "idle":
      return "No stream chosen.";
    case "connecting":
    case "live":
      return "Connecting…";
  }
}
