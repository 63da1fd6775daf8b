import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream, existsSync, mkdirSync, renameSync, type WriteStream } from 'node:fs';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import { LaunchError } from './launch-error';

export interface ChildOptions {
  /** Names it in messages. */
  name: string;
  program: string;
  args: readonly string[];
  env: NodeJS.ProcessEnv;
  /** Gets everything it prints; what the start before left there is kept as `<logFile>.previous`. */
  logFile: string;
  /** Resolves once others may rely on it; polls end with `signal`. */
  ready: (child: Child, signal: AbortSignal) => Promise<unknown>;
  /** Milliseconds it may take to become ready. Default 60 s. */
  readyWithinMs?: number;
  /** Milliseconds between SIGTERM and SIGKILL. Default 15 s. */
  stopWithinMs?: number;
  /** Gets each line it prints. */
  onLine?: (line: string) => void;
}

const TAIL_LINES = 12;

/**
 * One process that the launcher runs. It has a process group of its own: a Ctrl-C at the terminal reaches the launcher
 * alone, which then stops its children in its own order.
 */
export class Child {
  readonly name: string;
  /** Resolves when the process has gone, to how: `exit code 1`, `SIGKILL`, `spawn ENOENT`. */
  readonly exited: Promise<string>;
  private readonly process: ChildProcess;
  private readonly log: WriteStream;
  private readonly tail: string[] = [];
  private readonly listeners = new Set<(line: string) => void>();
  isRunning = true;

  constructor(private readonly options: ChildOptions) {
    this.name = options.name;
    this.log = openLog(options.logFile);
    if (options.onLine) this.listeners.add(options.onLine);
    this.process = spawn(options.program, options.args, {
      env: options.env,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.process.stdout, this.process.stderr]) {
      if (stream) createInterface({ input: stream }).on('line', (line) => this.take(line));
    }
    this.exited = new Promise((resolve) => {
      const gone = (how: string) => {
        if (!this.isRunning) return;
        this.isRunning = false;
        this.log.end(() => resolve(how));
      };
      this.process.once('error', (error) => {
        if (this.pid === undefined) gone(error.message);
      });
      this.process.once('close', (code, signal) => gone(described(code, signal)));
      // A process that it has left behind may hold its output open for ever.
      this.process.once('exit', (code, signal) =>
        setTimeout(() => gone(described(code, signal)), 500).unref(),
      );
    });
  }

  get pid(): number | undefined {
    return this.process.pid;
  }

  /** @throws LaunchError when it dies or stays unready; `signal`'s reason when that ends the wait. */
  async untilReady(signal: AbortSignal): Promise<void> {
    const withinMs = this.options.readyWithinMs ?? 60_000;
    const deadline = AbortSignal.timeout(withinMs);
    const over = new AbortController();
    const ends = AbortSignal.any([signal, deadline, over.signal]);
    const ended = new Promise<never>((_, reject) => {
      ends.addEventListener('abort', () => reject(ends.reason), { once: true });
    });
    const died = this.exited.then((how) => Promise.reject(this.failure(how)));
    try {
      await Promise.race([this.options.ready(this, ends), died, ended]);
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      if (deadline.aborted) throw this.failure(`not ready after ${withinMs / 1000} s`);
      throw error;
    } finally {
      over.abort();
    }
  }

  /** Resolves at the first line for which `matches` answers true. */
  untilLine(matches: (line: string) => boolean): Promise<string> {
    return new Promise((resolve) => {
      const listener = (line: string) => {
        if (!matches(line)) return;
        this.listeners.delete(listener);
        resolve(line);
      };
      this.listeners.add(listener);
    });
  }

  /** SIGTERM, and SIGKILL when that did not help in time; resolves when the process has gone. */
  async stop(): Promise<void> {
    if (!this.isRunning) return;
    this.process.kill('SIGTERM');
    const killer = setTimeout(() => this.kill(), this.options.stopWithinMs ?? 15_000);
    await this.exited;
    clearTimeout(killer);
  }

  kill(): void {
    if (this.isRunning) this.process.kill('SIGKILL');
  }

  /** One sentence about its end, and the last lines that it printed. */
  failure(how: string): LaunchError {
    const tail = this.tail.length ? `\n${this.tail.map((line) => `  | ${line}`).join('\n')}` : '';
    return new LaunchError(`The ${this.name} failed (${how}); its log is ${this.options.logFile}.${tail}`);
  }

  private take(line: string): void {
    this.log.write(`${line}\n`);
    this.tail.push(line);
    if (this.tail.length > TAIL_LINES) this.tail.shift();
    for (const listener of [...this.listeners]) listener(line);
  }
}

function described(code: number | null, signal: NodeJS.Signals | null): string {
  return signal ?? `exit code ${code}`;
}

function openLog(file: string): WriteStream {
  mkdirSync(dirname(file), { recursive: true });
  if (existsSync(file)) renameSync(file, `${file}.previous`);
  return createWriteStream(file);
}
