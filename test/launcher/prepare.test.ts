import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { projectRoot } from '../../launcher/paths';

/** Installs as package-lock.json says, and keeps a record of its calls. */
const NPM = `
const { appendFileSync, copyFileSync, mkdirSync, existsSync } = require('node:fs');
appendFileSync('calls', 'npm ' + process.argv.slice(2).join(' ') + '\\n');
if (existsSync('offline')) { console.error('npm error network'); process.exit(1); }
mkdirSync('node_modules', { recursive: true });
copyFileSync('package-lock.json', 'node_modules/.package-lock.json');
`;
const TSC = `
const { appendFileSync, existsSync } = require('node:fs');
appendFileSync('calls', 'tsc\\n');
process.exit(existsSync('type-error') ? 2 : 0);
`;
const BUNDLER = `require('node:fs').appendFileSync('calls', 'bundle\\n');`;
const VITE = `
const { appendFileSync, existsSync, mkdirSync, writeFileSync } = require('node:fs');
appendFileSync('calls', 'vite ' + process.argv.slice(2, 4).join(' ') + '\\n');
if (existsSync('console-error')) process.exit(1);
mkdirSync('dist/console', { recursive: true });
writeFileSync('dist/console/index.html', '');
`;

const lock = (version: string) =>
  JSON.stringify({
    packages: {
      '': { version: '0' },
      'node_modules/pino': { version },
      'node_modules/other-platform': { version: '1.0.0', optional: true },
    },
  });
const INSTALL = 'npm ci --include=dev --ignore-scripts --no-audit --no-fund';
const CONSOLE = 'vite build console';

describe('scripts/prepare.mjs', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'prepare-'));
    for (const name of ['prepare.mjs', 'start.mjs']) {
      mkdirSync(join(root, 'scripts'), { recursive: true });
      copyFileSync(join(projectRoot(), 'scripts', name), join(root, 'scripts', name));
    }
    for (const path of ['worker.ts', 'src/a.ts', 'simulator/a.ts', 'launcher/a.ts', 'tsconfig.json'])
      write(path, '');
    for (const path of ['console/index.html', 'src/api/answers.ts', 'src/clone/a.ts', 'src/contract.ts'])
      write(path, '');
    write('tsconfig.build.json', '');
    write('package-lock.json', lock('1.0.0'));
    write('npm.js', NPM);
    write('node_modules/typescript/bin/tsc', TSC);
    write('node_modules/vite/bin/vite.js', VITE);
    write('dist/launcher/bundle-workflows.js', BUNDLER);
    write('calls', '');
  });
  afterEach(() => rmSync(root, { recursive: true }));

  const write = (path: string, content: string) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  };
  /** Runs it; answers which programs it called. */
  const run = (script = 'prepare.mjs', ...args: string[]) => {
    const env = { ...process.env, npm_execpath: join(root, 'npm.js') };
    const command = [join(root, 'scripts', script), ...args];
    const { status, stderr, stdout } = spawnSync(process.execPath, command, {
      cwd: root,
      env,
      encoding: 'utf8',
    });
    const calls = readFileSync(join(root, 'calls'), 'utf8').trim().split('\n').filter(Boolean);
    write('calls', '');
    return { status, calls, stderr: stderr.trim(), stdout };
  };

  it('installs and builds on a fresh checkout, and does nothing the second time', () => {
    expect(run()).toMatchObject({ status: 0, calls: [INSTALL, 'tsc', 'bundle', CONSOLE] });
    expect(run()).toMatchObject({ status: 0, calls: [], stdout: '' });
  });

  it('installs anew when package-lock.json asks for another version', () => {
    run();
    write('package-lock.json', lock('1.0.1'));
    expect(run().calls).toContain(INSTALL);
  });

  it('does not install when package-lock.json is only younger', () => {
    run();
    utimesSync(join(root, 'package-lock.json'), new Date(), new Date());
    expect(run().calls).not.toContain(INSTALL);
  });

  it.each([
    ['of the server', 'src/a.ts', ['tsc', 'bundle']],
    ['of the launcher', 'launcher/a.ts', ['tsc', 'bundle']],
    ['of the console', 'console/index.html', [CONSOLE]],
    ['that both share', 'src/contract.ts', ['tsc', 'bundle', CONSOLE]],
    ['of the domain', 'src/clone/a.ts', ['tsc', 'bundle', CONSOLE]],
  ])('builds anew what a source %s goes into, when that has changed', (_whose, path, calls) => {
    run();
    const later = new Date(Date.now() + 60_000);
    utimesSync(join(root, path), later, later);
    expect(run().calls).toEqual(calls);
  });

  it('builds anew when a source has gone', () => {
    write('console/old.ts', '');
    run();
    const later = new Date(Date.now() + 60_000);
    rmSync(join(root, 'console', 'old.ts'));
    utimesSync(join(root, 'console'), later, later);
    expect(run().calls).toEqual([CONSOLE]);
  });

  it('builds the console anew when what was built has gone', () => {
    run();
    rmSync(join(root, 'dist', 'console'), { recursive: true });
    expect(run()).toMatchObject({
      calls: [CONSOLE],
      stdout: expect.stringContaining('Building the console …'),
    });
  });

  it('builds the console anew after a build that failed, and nothing else', () => {
    write('console-error', '');
    expect(run()).toMatchObject({ status: 1, stderr: 'The console could not be built.' });
    rmSync(join(root, 'console-error'));
    expect(run()).toMatchObject({ status: 0, calls: [CONSOLE] });
  });

  it('builds anew after a build that failed', () => {
    write('type-error', '');
    expect(run()).toMatchObject({ status: 1, stderr: 'The sources do not compile.' });
    rmSync(join(root, 'type-error'));
    expect(run()).toMatchObject({ status: 0, calls: ['tsc', 'bundle', CONSOLE] });
  });

  it('says what to do when the dependencies can not be had', () => {
    write('offline', '');
    const { status, stderr } = run();
    expect(status).toBe(1);
    expect(stderr).toMatch(
      /^npm error network\nThe dependencies could not be installed: look at the network .*\.$/,
    );
  });

  describe('npm start', () => {
    it('hands its options to the launcher', () => {
      write(
        'dist/launcher/main.js',
        'exports.main = async (options) => (console.log(JSON.stringify(options)), 7);',
      );
      const { status, stdout } = run('start.mjs', '--cluster=kubeconfig', '--verbose');
      expect(status).toBe(7);
      expect(stdout).toContain('{"cluster":"kubeconfig","verbose":true,"help":false}');
    });

    it('explains its options without installing anything', () => {
      expect(run('start.mjs', '--help')).toMatchObject({
        status: 0,
        calls: [],
        stdout: expect.stringContaining('--cluster=simulator'),
      });
    });

    it.each([
      ['--cluster=moon', '--cluster is either simulator or kubeconfig: see `npm start -- --help`.'],
      ['--speed', "Unknown option '--speed': see `npm start -- --help`."],
    ])('refuses %s with one sentence', (option, sentence) => {
      expect(run('start.mjs', option)).toMatchObject({ status: 1, calls: [], stderr: sentence });
    });
  });
});
