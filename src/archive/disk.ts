/**
 * A disk as the archive needs it. Every call may fail, with an Error that a person can read. None
 * follows a symbolic link, and names have no slash: nothing outside the folder is touched.
 */
export interface Disk {
  /** `make`: where there is none, though the folder above it is there. Null: there is none. */
  open(path: string, make: boolean): Promise<Folder | null>;
}

export interface Folder {
  /** Names of what is in it. */
  list(): Promise<readonly string[]>;
  /** A new file; null where there is something of that name. */
  create(name: string): Promise<GrowingFile | null>;
  /** A part of a file; shorter where the file ends before. */
  read(name: string, from: number, length: number): Promise<Uint8Array<ArrayBuffer>>;
  /** A whole file as text; null where there is none. */
  text(name: string): Promise<string | null>;
  /** Puts a file of this text in the place of what is there: a crash leaves the old one or the new. */
  replace(name: string, text: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** Also where there is none. */
  remove(name: string): Promise<void>;
  /** What may still be written to the disk that it lies on. */
  freeBytes(): Promise<number>;
  close(): Promise<void>;
}

/** A file that is written. */
export interface GrowingFile {
  /** All of it. */
  write(bytes: Uint8Array, at: number): Promise<void>;
  /** What is written outlives a failure of the power. */
  sync(): Promise<void>;
  truncate(length: number): Promise<void>;
  close(): Promise<void>;
}
