import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { transformFileSync } from '@swc/core';
import type { ChildOptions } from '../../launcher/child';
import { Supervisor } from '../../launcher/supervise';

const RUNS = `console.log('ready'); setInterval(() => {}, 1e6);`;
const IGNORES_SIGTERM = `process.on('SIGTERM', () => console.log('no')); ${RUNS}`;

describe('Supervisor', () => {
  let folder: string;
  let supervisor: Supervisor;
  const never = new AbortController().signal;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'supervise-'));
    supervisor = new Supervisor();
  });
  afterEach(async () => {
    supervisor.kill();
    await supervisor.stop();
    rmSync(folder, { recursive: true });
  });

  const child = (name: string, script: string, more: Partial<ChildOptions> = {}): ChildOptions => ({
    name,
    program: process.execPath,
    args: ['-e', script],
    env: process.env,
    logFile: join(folder, `${name}.log`),
    ready: (it) => it.untilLine((line) => line === 'ready'),
    ...more,
  });
  const pidOf = async (name: string, script = RUNS, more: Partial<ChildOptions> = {}) => {
    let pid = 0;
    await supervisor.start(
      child(name, script, {
        ...more,
        ready: (it) => {
          pid = it.pid ?? 0;
          return it.untilLine((line) => line === 'ready');
        },
      }),
      never,
    );
    return pid;
  };

  it('stops its children in reverse order', async () => {
    const pids = [await pidOf('first'), await pidOf('second')];
    const lines: string[] = [];
    await supervisor.stop((line) => lines.push(line));
    expect(lines).toEqual(['Stopping the second …', 'Stopping the first …']);
    expect(pids.map(isAlive)).toEqual([false, false]);
  });

  it('kills a child that does not heed SIGTERM in time', async () => {
    const pid = await pidOf('stubborn', IGNORES_SIGTERM, { stopWithinMs: 200 });
    await supervisor.stop();
    expect(isAlive(pid)).toBe(false);
    expect(readFileSync(join(folder, 'stubborn.log'), 'utf8')).toBe('ready\nno\n');
  });

  it('reports a child that dies after it was ready, with the end of its log', async () => {
    await pidOf(
      'brittle',
      `console.log('ready'); setTimeout(() => { console.error('out of luck'); process.exit(3); }, 50);`,
    );
    await expect(supervisor.failed).rejects.toThrow(
      /^The brittle failed \(exit code 3\); its log is .*\n.*ready\n.*out of luck$/,
    );
  });

  it('reports a child that dies before it is ready', async () => {
    const start = supervisor.start(
      child('stillborn', `console.error('bad config'); process.exit(1);`),
      never,
    );
    await expect(start).rejects.toThrow(/The stillborn failed \(exit code 1\).*\n.*bad config/);
  });

  it('reports a program that is not there', async () => {
    const start = supervisor.start(child('missing', '', { program: join(folder, 'nothing') }), never);
    await expect(start).rejects.toThrow(/The missing failed \(spawn .* ENOENT\)/);
  });

  it('reports a child that never becomes ready', async () => {
    const start = supervisor.start(
      child('dawdler', 'setInterval(() => {}, 1e6)', { readyWithinMs: 300 }),
      never,
    );
    await expect(start).rejects.toThrow('The dawdler failed (not ready after 0.3 s)');
  });

  it('ends a wait for readiness when it is asked to stop', async () => {
    const asked = new AbortController();
    const start = supervisor.start(
      child('slow', 'setInterval(() => {}, 1e6)', {
        ready: (it) => {
          asked.abort(new Error('Ctrl-C'));
          return it.untilLine(() => false);
        },
      }),
      asked.signal,
    );
    await expect(start).rejects.toThrow('Ctrl-C');
  });

  it('keeps the log of the start before', async () => {
    writeFileSync(join(folder, 'web.log'), 'earlier\n');
    await pidOf('web');
    expect(readFileSync(join(folder, 'web.log.previous'), 'utf8')).toBe('earlier\n');
  });
});

describe('Ctrl-C', () => {
  let folder: string;
  let launcher: ChildProcess;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ctrl-c-'));
    for (const name of ['child', 'supervise', 'launch-error', 'stop-signals']) compile(name);
    writeFileSync(join(folder, 'run.js'), RUN);
  });
  afterEach(() => {
    launcher.kill('SIGKILL');
    rmSync(folder, { recursive: true });
  });
  const compile = (name: string) => {
    const { code } = transformFileSync(join(__dirname, '..', '..', 'launcher', `${name}.ts`), {
      swcrc: false,
      jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
      module: { type: 'commonjs' },
    });
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, `${name}.js`), code);
  };

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    '%s stops every child of a real launcher',
    async (signal) => {
      launcher = spawn(process.execPath, [join(folder, 'run.js'), folder], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const lines: string[] = [];
      const output = createInterface({ input: launcher.stdout as NodeJS.ReadableStream });
      const exited = once(launcher, 'exit');
      for await (const line of output) {
        lines.push(line);
        if (line.startsWith('pids')) launcher.kill(signal);
      }
      expect(await exited).toEqual([0, null]);
      const pids = (lines[0] ?? '').split(' ').slice(1).map(Number);
      expect(pids).toHaveLength(2);
      expect(pids.map(isAlive)).toEqual([false, false]);
    },
  );
});

/** A launcher of two children that run until they are stopped. */
const RUN = `
const { Supervisor } = require('./supervise.js');
const { stopSignals } = require('./stop-signals.js');
(async () => {
  const supervisor = new Supervisor();
  const asked = stopSignals(() => {});
  const pids = [];
  for (const name of ['one', 'two']) {
    await supervisor.start({
      name, program: process.execPath, args: ['-e', ${JSON.stringify(RUNS)}], env: process.env,
      logFile: process.argv[2] + '/' + name + '.log',
      ready: (child) => (pids.push(child.pid), child.untilLine((line) => line === 'ready')),
    }, asked);
  }
  console.log('pids', ...pids);
  await new Promise((resolve) => asked.addEventListener('abort', resolve));
  await supervisor.stop();
})();
`;

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
