import type { TailCommand } from "../../contract/tail.ts";
import { isOfPictures, RETRACT, type Remark } from "./remark.ts";

/** Makes the playlists of a stream, by its number, tell of what is said of its pictures; null: they do not. */
export function datingOf(stream: number, remark: Remark): TailCommand | null {
  if (remark.type === RETRACT) return { type: "tail-undate", stream, id: Number(remark.data.id) };
  if (!isOfPictures(remark)) return null;
  const { id, type, at: atMs } = remark;
  return { type: "tail-date", stream, date: { id, type, atMs, json: JSON.stringify(remark) } };
}
