import {
  closeSync,
  existsSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import type { KubernetesObject } from './object';

interface StoredObject {
  kind: string;
  key: string;
  object: KubernetesObject;
}

/** A write as the journal takes it; without `json` it is a removal. */
export interface JournalEntry {
  resourceVersion: number;
  kind: string;
  key: string;
  json?: string;
}

/** A journal that has grown by this much over twice its last compacted size is compacted. */
const SLACK = 16 * 1024 * 1024;

/**
 * The objects on disk: a file with a JSON line for each write, appended before the write is answered, so that it
 * outlives the process (SIGKILL; not a power failure). Compacted when it is opened and when it has grown large.
 */
export class Journal {
  private descriptor: number;
  private size = 0;
  private compactAbove = 0;

  private constructor(
    private readonly file: string,
    private objects: Map<string, StoredObject>,
    private latest: number,
  ) {
    this.descriptor = this.rewrite(
      [...objects.values()].map(({ kind, key, object }) => ({ kind, key, json: JSON.stringify(object) })),
    );
  }

  /** Reads a journal, or begins one. A torn last line, the mark of a killed process, is left out. */
  static open(file: string): Journal {
    mkdirSync(dirname(file), { recursive: true });
    const objects = new Map<string, StoredObject>();
    let latest = 1;
    const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n') : [];
    lines.forEach((line, index) => {
      if (line === '') return;
      let entry: { resourceVersion: number; kind?: string; key: string; object?: KubernetesObject };
      try {
        entry = JSON.parse(line);
      } catch {
        if (index === lines.length - 1) return;
        throw new Error(
          `${file}: line ${index + 1} is damaged; restore the file, or remove it to start afresh`,
        );
      }
      latest = Math.max(latest, entry.resourceVersion);
      const { kind, key, object } = entry;
      if (kind === undefined) return;
      const id = `${kind} ${key}`;
      if (object) objects.set(id, { kind, key, object });
      else objects.delete(id);
    });
    return new Journal(file, objects, latest);
  }

  /** The highest resourceVersion that was ever written. */
  get resourceVersion(): number {
    return this.latest;
  }

  /** The objects that were read; the journal itself forgets them. */
  takeObjects(): StoredObject[] {
    const taken = [...this.objects.values()];
    this.objects = new Map();
    return taken;
  }

  /** Throws, with the file as it was, when the disk refuses. */
  append(entry: JournalEntry): void {
    const line = Buffer.from(lineOf(entry));
    try {
      this.size += writeAll(this.descriptor, line);
    } catch (error) {
      ftruncateSync(this.descriptor, this.size);
      throw error;
    }
    this.latest = entry.resourceVersion;
  }

  compactWhenLarge(everything: () => Iterable<Omit<JournalEntry, 'resourceVersion'>>): void {
    if (this.size <= this.compactAbove) return;
    const old = this.descriptor;
    try {
      this.descriptor = this.rewrite(everything());
      closeSync(old);
    } catch {
      // The file as it was is whole, and what was written is in it: only its size is left for a later attempt.
      this.compactAbove = 2 * this.size;
    }
  }

  close(): void {
    closeSync(this.descriptor);
  }

  /** Writes a new file beside the old one and puts it in its place; either is whole at any moment. */
  private rewrite(objects: Iterable<Omit<JournalEntry, 'resourceVersion'>>): number {
    const fresh = `${this.file}.new`;
    rmSync(fresh, { force: true });
    const descriptor = openSync(fresh, 'a');
    let size = 0;
    try {
      size += writeAll(descriptor, Buffer.from(`${JSON.stringify({ resourceVersion: this.latest })}\n`));
      for (const object of objects) {
        size += writeAll(descriptor, Buffer.from(lineOf({ ...object, resourceVersion: this.latest })));
      }
      renameSync(fresh, this.file);
    } catch (error) {
      closeSync(descriptor);
      throw error;
    }
    this.size = size;
    this.compactAbove = 2 * size + SLACK;
    return descriptor;
  }
}

function lineOf({ resourceVersion, kind, key, json }: JournalEntry): string {
  const head = `{"resourceVersion":${resourceVersion},"kind":${JSON.stringify(kind)},"key":${JSON.stringify(key)}`;
  return json === undefined ? `${head}}\n` : `${head},"object":${json}}\n`;
}

function writeAll(descriptor: number, bytes: Buffer): number {
  let written = 0;
  while (written < bytes.length) written += writeSync(descriptor, bytes, written);
  return bytes.length;
}
