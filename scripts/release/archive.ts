/**
 * Tar archives that are the same bytes whenever they are made of the same files: sorted by name, owned
 * by root, all of one time.
 */

/** A file in an archive. */
export interface ArchiveFile {
  /** Relative, such as "usr/bin/spillway". */
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly mode: number;
}

const BLOCK = 512;
const FOLDER_MODE = 0o755;
const encoder = new TextEncoder();

/** A file of text. */
export function textFile(path: string, text: string, mode = 0o644): ArchiveFile {
  return { path, bytes: encoder.encode(text), mode };
}

/** gzip of a tar archive (ustar) with the folders of all files before them. `time`: seconds. */
export function tarball(files: readonly ArchiveFile[], time: number): Uint8Array {
  return Bun.gzipSync(tar(files, time), { level: 9 });
}

function tar(files: readonly ArchiveFile[], time: number): Uint8Array<ArrayBuffer> {
  const sorted = files.toSorted((a, b) => (a.path < b.path ? -1 : 1));
  const parts: Uint8Array[] = [];
  const made = new Set<string>();
  for (const file of sorted) {
    for (const folder of foldersAbove(file.path)) {
      if (made.has(folder)) continue;
      made.add(folder);
      parts.push(header({ name: `${folder}/`, mode: FOLDER_MODE, size: 0, type: "5", time }));
    }
    const { bytes, mode } = file;
    parts.push(header({ name: file.path, mode, size: bytes.length, type: "0", time }), bytes);
    parts.push(new Uint8Array(-bytes.length & (BLOCK - 1)));
  }
  parts.push(new Uint8Array(2 * BLOCK));
  return joined(parts);
}

/** "usr" and "usr/bin" for "usr/bin/spillway". */
function foldersAbove(path: string): string[] {
  const parts = path.split("/").slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join("/"));
}

interface Head {
  readonly name: string;
  readonly mode: number;
  readonly size: number;
  readonly type: "0" | "5";
  readonly time: number;
}

/** POSIX.1-2001, "ustar Interchange Format". */
function header({ name, mode, size, type, time }: Head): Uint8Array {
  const block = new Uint8Array(BLOCK);
  const put = (at: number, length: number, text: string) => {
    const { read } = encoder.encodeInto(text, block.subarray(at, at + length));
    if (read < text.length) throw new Error(`${name}: does not fit into a tar header`);
  };
  const octal = (at: number, length: number, value: number) =>
    put(at, length - 1, value.toString(8).padStart(length - 1, "0"));
  put(0, 100, name);
  octal(100, 8, mode);
  octal(108, 8, 0);
  octal(116, 8, 0);
  octal(124, 12, size);
  octal(136, 12, time);
  put(148, 8, " ".repeat(8));
  put(156, 1, type);
  put(257, 8, "ustar\x0000");
  put(265, 32, "root");
  put(297, 32, "root");
  octal(
    148,
    7,
    block.reduce((sum, byte) => sum + byte, 0),
  );
  return block;
}

/** One after the other. */
export function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
