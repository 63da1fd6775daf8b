import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { projectRoot } from '../../launcher/paths';

const STARTS = '#!/bin/sh\necho "Chromium 1.0"\n';
const LACKS_A_LIBRARY = '#!/bin/sh\necho "error while loading libnss3.so" >&2\nexit 127\n';
/** Keeps a record of its calls, and installs. */
const APT = `#!/bin/sh
echo "apt-get $*" >> "$APT_CALLS"
[ "$2" = install ] || exit 0
printf '${STARTS.replaceAll('\n', '\\n')}' > "$BIN/chromium"
"$NODE" -e 'fs.chmodSync(process.env.BIN + "/chromium", 0o755)'
`;

describe('scripts/browser.mjs', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'browser-'));
    mkdirSync(join(folder, 'bin'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const program = (name: string, content = STARTS) => {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
    chmodSync(path, 0o755);
    return path;
  };
  /** With nothing of this machine's in reach, and no network. */
  const run = (env: NodeJS.ProcessEnv = {}) => {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [join(projectRoot(), 'scripts', 'browser.mjs')],
      {
        encoding: 'utf8',
        env: {
          HOME: folder,
          PATH: join(folder, 'bin'),
          PLAYWRIGHT_BROWSERS_PATH: join(folder, 'playwright'),
          PLAYWRIGHT_DOWNLOAD_HOST: 'http://127.0.0.1:1',
          BIN: join(folder, 'bin'),
          NODE: process.execPath,
          APT_CALLS: join(folder, 'apt-calls'),
          ...env,
        },
      },
    );
    return { status, stdout, stderr, last: (status === 0 ? stdout : stderr).trim().split('\n').at(-1) };
  };

  it.each(['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'])(
    'finds %s on PATH',
    (name) => {
      const path = program(`bin/${name}`);
      expect(run()).toMatchObject({ status: 0, stdout: `${path}\n` });
    },
  );

  it('prefers CHROMIUM_PATH, then chromium', () => {
    program('bin/google-chrome');
    const chromium = program('bin/chromium');
    const mine = program('mine');
    expect(run().last).toBe(chromium);
    expect(run({ CHROMIUM_PATH: mine }).last).toBe(mine);
  });

  it('takes no other browser for a CHROMIUM_PATH that is none', () => {
    program('bin/chromium');
    const path = join(folder, 'nothing');
    expect(run({ CHROMIUM_PATH: path })).toMatchObject({
      status: 1,
      last: `CHROMIUM_PATH=${path} is no program. Install Chromium, or set CHROMIUM_PATH to one.`,
    });
  });

  it('says so when the browser does not start', () => {
    const path = program('bin/chromium', LACKS_A_LIBRARY);
    const { status, last } = run();
    expect(status).toBe(1);
    expect(last).toContain(`${path} does not start (error while loading libnss3.so).`);
  });

  it('says what to do when there is none and none can be had', () => {
    program('bin/apt-get', '#!/bin/sh\nexit 100\n');
    expect(run()).toMatchObject({
      status: 1,
      last: 'There is no browser for the end-to-end tests, and none could be installed. Install Chromium, or set CHROMIUM_PATH to one.',
    });
  }, 120_000);

  (mayUseApt() ? it : it.skip)("installs Debian's package as root, and shows that it does", () => {
    program('bin/apt-get', APT);
    const { status, stdout, last } = run();
    expect({ status, last }).toEqual({ status: 0, last: join(folder, 'bin', 'chromium') });
    expect(stdout).toContain('Installing the package chromium …');
    expect(readFileSync(join(folder, 'apt-calls'), 'utf8').split('\n')).toEqual([
      'apt-get -q update',
      'apt-get -q install -y --no-install-recommends chromium',
      '',
    ]);
  });
});

function mayUseApt(): boolean {
  try {
    return process.getuid?.() === 0 && /^ID=debian$/m.test(readFileSync('/etc/os-release', 'utf8'));
  } catch {
    return false;
  }
}
