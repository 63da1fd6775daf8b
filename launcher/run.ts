import { spawn } from 'node:child_process';

export interface RunOptions {
  env?: NodeJS.ProcessEnv;
  cwd?: string;
  /** Milliseconds until it is killed; none: only `signal` ends it. */
  timeoutMs?: number;
  signal?: AbortSignal;
}

export interface RunResult {
  /** Exit code; null when it was killed or could not be started. */
  code: number | null;
  /** stdout and stderr as they came. */
  output: string;
  /** Why it could not be started: `ENOENT` when there is no such program. */
  errorCode?: string;
}

/** Runs a program to its end without a shell. Never throws: a program that is missing is a result, too. */
export function run(program: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const { timeoutMs, ...rest } = options;
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      ...rest,
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    const collect = (chunk: Buffer) => {
      output += chunk.toString();
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    let errorCode: string | undefined;
    child.on('error', (error: NodeJS.ErrnoException) => {
      errorCode = error.code;
      if (child.pid === undefined) resolve({ code: null, output, errorCode });
    });
    child.on('close', (code) => resolve({ code, output, errorCode }));
  });
}
