/** A disk in memory, whose space, faults and slowness the test holds. */
import type { Disk, Folder, GrowingFile } from "../../src/archive/disk.ts";

export class MemoryDisk implements Disk {
  /** By path: name to bytes. */
  readonly folders = new Map<string, Map<string, Uint8Array<ArrayBuffer>>>();
  freeBytes = 1e12;
  /** What every call fails with that writes; and after how many bytes a write does, if it does. */
  fault: string | null = null;
  breaksAfter = Number.POSITIVE_INFINITY;
  /** Files that are open for writing. */
  openFiles = 0;
  syncs = 0;
  /** While it is set nothing that writes gets on. */
  hangs: Promise<void> | null = null;

  /** What a folder holds, in the order of the names. */
  names(path: string): string[] {
    return [...(this.folders.get(path)?.keys() ?? [])].toSorted();
  }

  bytes(path: string, name: string): Uint8Array<ArrayBuffer> {
    const found = this.folders.get(path)?.get(name);
    if (found === undefined) throw new Error(`no ${name} in ${path}`);
    return found;
  }

  async open(path: string, make: boolean): Promise<Folder | null> {
    await this.use();
    let files = this.folders.get(path);
    if (files === undefined && !make) return null;
    if (files === undefined) {
      files = new Map();
      this.folders.set(path, files);
    }
    return new MemoryFolder(this, files);
  }

  async use(): Promise<void> {
    if (this.hangs !== null) await this.hangs;
    if (this.fault !== null) throw new Error(`${this.fault}: it does not work, write`);
  }
}

class MemoryFolder implements Folder {
  constructor(
    private readonly disk: MemoryDisk,
    private readonly files: Map<string, Uint8Array<ArrayBuffer>>,
  ) {}

  async list(): Promise<readonly string[]> {
    return [...this.files.keys()];
  }

  async create(name: string): Promise<GrowingFile | null> {
    await this.disk.use();
    if (this.files.has(name)) return null;
    this.files.set(name, new Uint8Array(0));
    this.disk.openFiles += 1;
    return new MemoryFile(this.disk, this.files, name);
  }

  async read(name: string, from: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = this.files.get(name);
    if (bytes === undefined) throw new Error(`ENOENT: no ${name}`);
    return bytes.slice(from, from + length);
  }

  async text(name: string): Promise<string | null> {
    const bytes = this.files.get(name);
    return bytes === undefined ? null : new TextDecoder().decode(bytes);
  }

  async replace(name: string, text: string): Promise<void> {
    await this.disk.use();
    this.files.set(name, new TextEncoder().encode(text));
  }

  async rename(from: string, to: string): Promise<void> {
    this.files.set(to, this.files.get(from)!);
    this.files.delete(from);
  }

  async remove(name: string): Promise<void> {
    await this.disk.use();
    this.files.delete(name);
  }

  async freeBytes(): Promise<number> {
    return this.disk.freeBytes;
  }

  async close(): Promise<void> {}
}

class MemoryFile implements GrowingFile {
  constructor(
    private readonly disk: MemoryDisk,
    private readonly files: Map<string, Uint8Array<ArrayBuffer>>,
    private readonly name: string,
  ) {}

  async write(bytes: Uint8Array, at: number): Promise<void> {
    await this.disk.use();
    const taken = bytes.subarray(0, this.disk.breaksAfter);
    const before = this.files.get(this.name)!;
    const after = new Uint8Array(Math.max(before.length, at + taken.length));
    after.set(before);
    after.set(taken, at);
    this.files.set(this.name, after);
    if (taken.length < bytes.length) throw new Error("ENOSPC: no space left on device, write");
  }

  async sync(): Promise<void> {
    await this.disk.use();
    this.disk.syncs += 1;
  }

  async truncate(length: number): Promise<void> {
    this.files.set(this.name, this.files.get(this.name)!.slice(0, length));
  }

  async close(): Promise<void> {
    this.disk.openFiles -= 1;
  }
}
