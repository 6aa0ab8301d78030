/** The word in which a reader thread tells a ring's writer whether it wants the ring. */
import { ReaderWord, type RingViews } from "./layout.ts";

/** Reader: says what it wants (Want); returns what it wanted before. */
export function tellWant(views: RingViews, reader: number, want: number): number {
  return Atomics.exchange(views.words, views.readerWord(reader, ReaderWord.wanted), want);
}

/** Writer: what a reader wants (Want). */
export function wantOf(views: RingViews, reader: number): number {
  return Atomics.load(views.words, views.readerWord(reader, ReaderWord.wanted));
}
