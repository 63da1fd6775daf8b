import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { portUses, readSettings } from '../../launcher/settings';
import { lockState } from '../../launcher/state-lock';
import { welcome } from '../../launcher/welcome';

const read = (env: NodeJS.ProcessEnv, cluster: 'simulator' | 'kubeconfig' = 'simulator') =>
  readSettings(env, { cluster, verbose: false, root: '/checkout' });

describe('readSettings', () => {
  it('has defaults on loopback, with its data in the checkout', () => {
    expect(read({})).toMatchObject({
      host: '127.0.0.1',
      port: 8080,
      stateDir: '/checkout/.state',
      temporal: { address: '127.0.0.1:7233', namespace: 'default' },
      temporalUiUrl: 'http://127.0.0.1:8233',
      kubeconfig: '/checkout/.state/simulator.kubeconfig',
    });
  });

  it.each([
    [{}, 'simulator' as const, ['TEMPORAL_PORT', 'TEMPORAL_UI_PORT', 'SIMULATOR_PORT', 'PORT']],
    [{ TEMPORAL_ADDRESS: 'temporal:7233' }, 'simulator' as const, ['SIMULATOR_PORT', 'PORT']],
    [{ KUBECONFIG: __filename }, 'kubeconfig' as const, ['TEMPORAL_PORT', 'TEMPORAL_UI_PORT', 'PORT']],
  ])('asks for the ports of what it starts: %j on %s', (env, cluster, variables) => {
    expect(portUses(read(env, cluster)).map(({ variable }) => variable)).toEqual(variables);
  });

  it('leaves the kubeconfig to client-node on a real cluster', () => {
    expect(read({ KUBECONFIG: __filename }, 'kubeconfig').kubeconfig).toBeUndefined();
  });

  it('says what to do when there is no kubeconfig', () => {
    expect(() => read({ KUBECONFIG: '/none/a:/none/b' }, 'kubeconfig')).toThrow(
      /^There is no kubeconfig at \/none\/a or \/none\/b: set KUBECONFIG/,
    );
  });
});

describe('lockState', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'state-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('lets one start at a time use a state folder', () => {
    writeFileSync(join(folder, 'launcher.pid'), String(process.ppid));
    expect(() => lockState(folder)).toThrow(`Another start (process ${process.ppid}) uses ${folder}`);
  });

  it('takes over what a killed start has left, and gives it up', () => {
    writeFileSync(join(folder, 'launcher.pid'), '999999999');
    const unlock = lockState(folder);
    expect(existsSync(join(folder, 'launcher.pid'))).toBe(true);
    unlock();
    expect(existsSync(join(folder, 'launcher.pid'))).toBe(false);
  });

  it('says what to do about a folder that can not be written', () => {
    writeFileSync(join(folder, 'file'), '');
    expect(() => lockState(join(folder, 'file'))).toThrow(/can't be written \(\w+\): set STATE_DIR/);
  });
});

describe('welcome', () => {
  it('shows the links, the kubeconfig and a clone to paste', () => {
    const text = welcome(read({ PORT: '9000' }));
    expect(text.match(/^ {2}[A-Z].* http\S+$/gm)).toEqual([
      '  Console       http://127.0.0.1:9000/',
      '  API docs      http://127.0.0.1:9000/api/v1/docs',
      '  Temporal UI   http://127.0.0.1:8233',
    ]);
    expect(text).toContain('kubectl --kubeconfig /checkout/.state/simulator.kubeconfig get vms -A');
    expect(text).toContain(
      `curl -sS http://127.0.0.1:9000/api/v1/clones -H 'content-type: application/json' -d '{"source":{"namespace":"demo","name":"web-1"},"target":{"name":"web-1-clone"}}'`,
    );
  });
});
