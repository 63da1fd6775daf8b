import { execFile, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { kubeconfigFor } from '../../../simulator/apiserver';
import { Cluster, VMS, vm } from './support';

const execute = promisify(execFile);

function onPath(): boolean {
  try {
    execFileSync('kubectl', ['version', '--client'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const present = onPath();
if (!present) console.warn('kubectl is not on PATH: its test is skipped');

(present ? describe : describe.skip)('kubectl', () => {
  let cluster: Cluster;
  let folder: string;
  let environment: NodeJS.ProcessEnv;

  beforeAll(async () => {
    cluster = await Cluster.start();
    folder = mkdtempSync(join(tmpdir(), 'kubectl-'));
    const kubeconfig = join(folder, 'kubeconfig');
    writeFileSync(kubeconfig, kubeconfigFor(cluster.server.url));
    environment = { ...process.env, KUBECONFIG: kubeconfig, KUBECACHEDIR: join(folder, 'cache') };
  });
  afterAll(async () => {
    await cluster.stop();
    rmSync(folder, { recursive: true });
  });

  async function kubectl(...words: string[]): Promise<string> {
    const { stdout } = await execute('kubectl', ['--namespace', 'demo', ...words], { env: environment });
    return stdout.trim();
  }

  function file(object: unknown): string {
    const path = join(folder, 'object.json');
    writeFileSync(path, JSON.stringify(object));
    return path;
  }

  it('creates, gets, patches, annotates, labels, watches and deletes', async () => {
    expect(await kubectl('create', '-f', file(vm('web')))).toBe('virtualmachine.kubevirt.io/web created');
    await expect(kubectl('create', '-f', file(vm('web')))).rejects.toMatchObject({
      stderr: expect.stringContaining('(AlreadyExists)'),
    });
    expect(await kubectl('get', 'vm')).toMatch(/^NAME\s+AGE\s+web\s/);
    expect(await kubectl('get', 'vm', 'web', '-o', 'yaml')).toContain('runStrategy: Always');

    const watch = spawn(
      'kubectl',
      ['-n', 'demo', 'get', 'vm', 'web', '-w', '-o', 'jsonpath={.spec.runStrategy}{"\\n"}'],
      {
        env: environment,
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    const ended = new Promise((resolve) => watch.once('exit', resolve));
    const lines = createInterface(watch.stdout)[Symbol.asyncIterator]();
    try {
      expect((await lines.next()).value).toBe('Always');
      const test = '[{"op":"test","path":"/spec/runStrategy","value":"Always"},';
      const replace = '{"op":"replace","path":"/spec/runStrategy","value":"Halted"}]';
      await kubectl('patch', 'vm', 'web', '--type=json', '--patch', test + replace);
      expect((await lines.next()).value).toBe('Halted');
      await expect(
        kubectl('patch', 'vm', 'web', '--type=json', '--patch', test + replace),
      ).rejects.toMatchObject({
        stderr: expect.stringContaining('The request is invalid'),
      });
      await kubectl('patch', 'vm', 'web', '--type=merge', '--patch', '{"spec":{"runStrategy":"Manual"}}');
      expect((await lines.next()).value).toBe('Manual');
    } finally {
      watch.kill();
      await ended;
    }

    await kubectl('annotate', 'vm', 'web', 'a/b=c');
    await kubectl('label', 'vm', 'web', 'app=web');
    expect(await kubectl('get', 'vms', '-l', 'app in (web)', '-o', 'name')).toBe(
      'virtualmachine.kubevirt.io/web',
    );
    expect((await cluster.get(`${VMS}/web`)).body.metadata.annotations).toEqual({ 'a/b': 'c' });
    expect(await kubectl('delete', 'vm', 'web')).toContain('deleted');
    expect((await cluster.get(`${VMS}/web`)).code).toBe(404);
  });

  it('waits in delete for finalizers', async () => {
    await kubectl('create', '-f', file(vm('held', { metadata: { finalizers: ['a.io/x'] } })));
    const deletion = kubectl('delete', 'vm', 'held');
    const watch = await cluster.watch(`${VMS}/held`);
    while (!(await watch.next()).object.metadata.deletionTimestamp);
    await kubectl('patch', 'vm', 'held', '--type=merge', '--patch', '{"metadata":{"finalizers":null}}');
    expect(await deletion).toContain('deleted');
  });

  it('applies, annotates and labels core kinds', async () => {
    const map = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'cm' }, data: { a: '1' } };
    expect(await kubectl('apply', '-f', file(map))).toBe('configmap/cm created');
    expect(await kubectl('apply', '-f', file({ ...map, data: { b: '2' } }))).toBe('configmap/cm configured');
    await kubectl('annotate', 'cm', 'cm', 'a=b');
    await kubectl('label', 'cm', 'cm', 'a=b');
    const found = JSON.parse(await kubectl('get', 'cm', 'cm', '-o', 'json'));
    expect(found).toMatchObject({
      data: { b: '2' },
      metadata: { labels: { a: 'b' }, annotations: { a: 'b' } },
    });
    expect(found.data).not.toHaveProperty('a');
  });

  it('creates core objects from words, which it sends as protobuf', async () => {
    await kubectl('create', 'namespace', 'made');
    await kubectl('create', 'serviceaccount', 'robot');
    await kubectl('create', 'configmap', 'words', '--from-literal=a=1', '--from-literal=b=ä');
    await kubectl('create', 'secret', 'generic', 'hidden', '--from-literal=p=q');
    const found = async (...words: string[]) => JSON.parse(await kubectl('get', ...words, '-o', 'json'));
    expect((await found('ns', 'made')).status.phase).toBe('Active');
    expect((await found('cm', 'words')).data).toEqual({ a: '1', b: 'ä' });
    expect(await found('secret', 'hidden')).toMatchObject({ type: 'Opaque', data: { p: 'cQ==' } });
  });

  it('knows the kinds by their short names', async () => {
    const resources = await kubectl('api-resources');
    expect(resources).toMatch(
      /virtualmachineinstances\s+vmi,vmis\s+kubevirt\.io\/v1\s+true\s+VirtualMachineInstance/,
    );
    expect(await kubectl('get', 'all')).not.toContain('error');
  });
});
