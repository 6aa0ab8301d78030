/**
 * Folders on a disk, all by calls that do not hold up the thread. A folder is opened once and then held:
 * names are looked up in it, wherever its path leads by then.
 *
 * A disk that hangs (NFS) holds threads of the pool that runs such calls. Signatures of tokens are
 * checked there, too: half of it is left alone, or nobody could join.
 */
import { constants } from "node:fs";
import { type FileHandle, mkdir, open, readdir, rename, statfs, unlink } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { Turns } from "./turns.ts";

const { O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY } = constants;
/** Whoever reads recordings is of the same group. */
const FOLDER_MODE = 0o750;
const FILE_MODE = 0o640;
/** Beside what it is put in the place of. */
const FRESH = ".new";

/** The pool has a thread a core, and at least two. */
const turns = new Turns(Math.max(1, Math.floor(availableParallelism() / 2)));

/** What writes goes before what reads: viewers can ask for more than a disk gives. */
function writing<T>(work: () => Promise<T>): Promise<T> {
  return turns.run(work, true);
}

function reading<T>(work: () => Promise<T>): Promise<T> {
  return turns.run(work, false);
}

/** Opens a folder; null where there is none and none is to be made. */
export function openFolder(path: string, make: boolean): Promise<OpenFolder | null> {
  return writing(async () => {
    const there = await orNull("ENOENT", () => hold(path));
    if (there !== null || !make) return there;
    await mkdir(path, FOLDER_MODE);
    const handle = await hold(path);
    await allow(handle, FOLDER_MODE);
    return handle;
  }).then((handle) => (handle === null ? null : new OpenFolder(handle)));
}

function hold(path: string): Promise<FileHandle> {
  return open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
}

class OpenFolder {
  constructor(private readonly handle: FileHandle) {}

  list(): Promise<readonly string[]> {
    return writing(() => readdir(this.#path));
  }

  create(name: string): Promise<OpenFile | null> {
    return writing(() => this.#create(name));
  }

  read(name: string, from: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    return reading(() => this.#open(name, (file) => readPart(file, from, length)));
  }

  text(name: string): Promise<string | null> {
    const read = () => this.#open(name, (file) => file.readFile("utf8"));
    return writing(() => orNull("ENOENT", read));
  }

  replace(name: string, text: string): Promise<void> {
    return writing(() => this.#replace(name, text));
  }

  rename(from: string, to: string): Promise<void> {
    return writing(() => rename(this.#at(from), this.#at(to)));
  }

  remove(name: string): Promise<void> {
    return writing(() => this.#remove(name));
  }

  freeBytes(): Promise<number> {
    return writing(async () => {
      const { bavail, bsize } = await statfs(this.#path);
      return bavail * bsize;
    });
  }

  close(): Promise<void> {
    return writing(() => this.handle.close());
  }

  async #create(name: string): Promise<OpenFile | null> {
    const flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW;
    const handle = await orNull("EEXIST", () => open(this.#at(name), flags, FILE_MODE));
    if (handle === null) return null;
    await allow(handle, FILE_MODE);
    return new OpenFile(handle);
  }

  async #remove(name: string): Promise<void> {
    await orNull("ENOENT", () => unlink(this.#at(name)));
  }

  async #replace(name: string, text: string): Promise<void> {
    const fresh = `${name}${FRESH}`;
    await this.#remove(fresh);
    const flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW;
    const file = await open(this.#at(fresh), flags, FILE_MODE);
    try {
      await allow(file, FILE_MODE);
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(this.#at(fresh), this.#at(name));
    // Not every disk can.
    await this.handle.sync().catch(ignore);
  }

  /** Only a file: to open a pipe would be to wait. */
  async #open<T>(name: string, read: (file: FileHandle) => Promise<T>): Promise<T> {
    const file = await open(this.#at(name), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    try {
      if (!(await file.stat()).isFile()) throw new Error(`${name} is no file`);
      return await read(file);
    } finally {
      await file.close();
    }
  }

  /** The open folder itself, whatever its path leads to by now. */
  get #path(): string {
    return `/proc/self/fd/${this.handle.fd}`;
  }

  #at(name: string): string {
    if (name.includes("/") || name === ".." || name === ".") throw new Error(`${name} is no name`);
    return `${this.#path}/${name}`;
  }
}

class OpenFile {
  constructor(private readonly handle: FileHandle) {}

  write(bytes: Uint8Array, at: number): Promise<void> {
    return writing(async () => {
      let done = 0;
      while (done < bytes.length) {
        const left = bytes.length - done;
        const { bytesWritten } = await this.handle.write(bytes, done, left, at + done);
        if (bytesWritten === 0) throw new Error("nothing more can be written");
        done += bytesWritten;
      }
    });
  }

  sync(): Promise<void> {
    return writing(() => this.handle.datasync());
  }

  truncate(length: number): Promise<void> {
    return writing(() => this.handle.truncate(length));
  }

  close(): Promise<void> {
    return writing(() => this.handle.close());
  }
}

/** Whatever the process's mask says. Some disks have no modes. */
async function allow(handle: FileHandle, mode: number): Promise<void> {
  await handle.chmod(mode).catch(ignore);
}

function ignore(): void {}

async function readPart(
  file: FileHandle,
  from: number,
  length: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(length);
  let at = 0;
  while (at < length) {
    const { bytesRead } = await file.read(bytes, at, length - at, from + at);
    if (bytesRead === 0) break;
    at += bytesRead;
  }
  return bytes.subarray(0, at);
}

/** Null where it fails with this code. */
async function orNull<T>(code: string, work: () => Promise<T>): Promise<T | null> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === code) return null;
    throw error;
  }
}
