import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { LaunchError } from '../../launcher/launch-error';
import { findTemporalCli } from '../../launcher/temporal-cli';
import { type Download, TEMPORAL_CLI_VERSION } from '../../launcher/temporal-download';

describe('findTemporalCli', () => {
  let folder: string;
  let cached: string;
  const lines: string[] = [];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'temporal-cli-'));
    cached = join(folder, 'cache', 'vm-clone', 'temporal-cli', TEMPORAL_CLI_VERSION, 'temporal');
    lines.length = 0;
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const fake = (path: string, version = TEMPORAL_CLI_VERSION) => {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, `#!/bin/sh\necho "temporal version ${version} (Server 1.32.0)"\n`);
    chmodSync(path, 0o755);
    return path;
  };
  const env = (more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv => ({
    PATH: join(folder, 'bin'),
    XDG_CACHE_HOME: join(folder, 'cache'),
    ...more,
  });
  const giving = (name: string): Download => ({
    name,
    fetch: async ({ into }) => fake(join(into, name)),
  });
  const failing = (message: string): Download => ({
    name: message,
    fetch: async () => {
      throw new LaunchError(message);
    },
  });
  const find = (more: NodeJS.ProcessEnv, downloads: Download[]) =>
    findTemporalCli({ env: env(more), downloads, onProgress: (line) => lines.push(line) });

  it('takes TEMPORAL_CLI_PATH before all else', async () => {
    const named = fake(join(folder, 'named'));
    fake(join(folder, 'bin', 'temporal'));
    await expect(find({ TEMPORAL_CLI_PATH: named }, [])).resolves.toBe(named);
  });

  it('refuses a TEMPORAL_CLI_PATH that does not run instead of looking elsewhere', async () => {
    fake(join(folder, 'bin', 'temporal'));
    await expect(find({ TEMPORAL_CLI_PATH: join(folder, 'nothing') }, [])).rejects.toThrow(
      /^TEMPORAL_CLI_PATH names .*: correct it or unset it\.$/,
    );
  });

  it('takes the one on PATH before the cache', async () => {
    const installed = fake(join(folder, 'bin', 'temporal'));
    fake(cached);
    await expect(find({}, [])).resolves.toBe(installed);
  });

  it.each([
    ['too old', '0.10.7', /is too old/],
    ['broken', 'none', /does not run/],
  ])('passes over one on PATH that is %s, and says so', async (_name, version, reason) => {
    fake(join(folder, 'bin', 'temporal'), version);
    fake(cached);
    await expect(find({}, [])).resolves.toBe(cached);
    expect(lines.join('\n')).toMatch(reason);
  });

  it('takes the cached one without a download', async () => {
    fake(cached);
    await expect(find({}, [failing('never asked')])).resolves.toBe(cached);
    expect(lines).toEqual([]);
  });

  it('downloads from the first that gives one, into the cache, and leaves nothing else there', async () => {
    await expect(find({}, [failing('first fails'), giving('second'), failing('third')])).resolves.toBe(
      cached,
    );
    expect(lines.join('\n')).toContain('first fails');
    expect(lines.join('\n')).not.toContain('third');
    expect(readdirSync(dirname(cached))).toEqual(['temporal']);
  });

  it('throws the last sentence when no download gives one, and leaves nothing behind', async () => {
    await expect(find({}, [failing('one'), failing('two')])).rejects.toThrow('two');
    expect(readdirSync(dirname(cached))).toEqual([]);
  });

  it('never uses a torn download', async () => {
    const torn: Download = {
      name: 'torn',
      fetch: async ({ into }) => {
        writeFileSync(join(into, 'temporal'), '\x7fELF and no more');
        return join(into, 'temporal');
      },
    };
    await expect(find({}, [torn])).rejects.toThrow('does not run');
    expect(existsSync(cached)).toBe(false);
  });

  it('gets it anew when the cached one is damaged', async () => {
    mkdirSync(dirname(cached), { recursive: true });
    writeFileSync(cached, '\x7fELF and no more');
    await expect(find({}, [giving('anew')])).resolves.toBe(cached);
    expect(readFileSync(cached, 'utf8')).toContain('temporal version');
  });

  it('serves two starts at once', async () => {
    const both = await Promise.all([find({}, [giving('a')]), find({}, [giving('b')])]);
    expect(both).toEqual([cached, cached]);
    expect(readdirSync(dirname(cached))).toEqual(['temporal']);
  });

  it('says what to do when the cache can not be written', async () => {
    writeFileSync(join(folder, 'file'), '');
    await expect(find({ XDG_CACHE_HOME: join(folder, 'file') }, [giving('a')])).rejects.toThrow(
      /can't be kept in .*: set XDG_CACHE_HOME/,
    );
  });

  it('ends with its reason when it is interrupted in mid-download', async () => {
    const interrupt = new AbortController();
    const slow: Download = {
      name: 'slow',
      fetch: ({ signal }) =>
        new Promise((_, reject) => {
          signal?.addEventListener('abort', () => reject(new LaunchError('cut off')));
          interrupt.abort(new Error('Ctrl-C'));
        }),
    };
    await expect(
      findTemporalCli({ env: env(), downloads: [slow], signal: interrupt.signal }),
    ).rejects.toThrow('Ctrl-C');
    expect(readdirSync(dirname(cached))).toEqual([]);
  });
});
