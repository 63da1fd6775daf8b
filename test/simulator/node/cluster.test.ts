import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ClusterClient, Kinds, loadKubeConfig } from '../../../src/kubernetes';
import { VmCluster } from '../vm-cluster';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'simulator-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('a restart', () => {
  it('goes on from the data: what ran still runs, what was stopping stops, what was asked for starts', async () => {
    const dataFile = join(folder, 'cluster.jsonl');
    const first = await VmCluster.start({ dataFile, stopSeconds: 1 });
    const namespace = await first.makeNamespace();
    await first.runVm(namespace, 'runs', { runStrategy: 'Always' });
    await first.runVm(namespace, 'stops', { runStrategy: 'Always' });
    const running = await first.client.get(Kinds.VirtualMachineInstance, { namespace, name: 'runs' });
    await first.act(namespace, 'stops', 'stop');
    await first.untilWord(namespace, 'stops', 'Stopping');
    await first.makeVm(namespace, 'starts', { runStrategy: 'Manual' });
    await first.untilVm(namespace, 'starts', ({ status }) => status !== undefined);
    await first.simulator.stopController('virt-controller');
    await first.act(namespace, 'starts', 'start');
    await first.close();

    const second = await VmCluster.start({ dataFile });
    await second.untilGone(Kinds.VirtualMachineInstance, { namespace, name: 'stops' });
    await second.untilVm(namespace, 'starts', ({ status }) => status?.ready === true);
    const still = await second.client.get(Kinds.VirtualMachineInstance, { namespace, name: 'runs' });
    expect(still?.metadata.uid).toBe(running?.metadata.uid);
    expect(still?.status).toEqual(running?.status);
    await second.close();
  });
});

describe('a process that is down', () => {
  let cluster: VmCluster;
  let namespace: string;
  beforeAll(async () => {
    cluster = await VmCluster.start();
    namespace = await cluster.makeNamespace();
  });
  afterAll(() => cluster.close());

  it('virt-controller: a started VM says Stopped for ever, a deleted one stays; both go on when it is back', async () => {
    for (const name of ['a', 'b']) {
      await cluster.makeVm(namespace, name, { runStrategy: 'Halted' });
      await cluster.untilVm(namespace, name, ({ metadata }) => Boolean(metadata.finalizers));
    }
    await cluster.untilVm(namespace, 'a', ({ status }) => status?.conditions !== undefined);
    await cluster.simulator.stopController('virt-controller');
    expect(await cluster.act(namespace, 'a', 'start')).toBe('202');
    await cluster.client.delete(Kinds.VirtualMachine, { namespace, name: 'b' });
    const held = await cluster.client.get(Kinds.VirtualMachine, { namespace, name: 'b' });
    expect(held?.metadata).toMatchObject({
      deletionTimestamp: expect.any(String),
      finalizers: ['kubevirt.io/virtualMachineControllerFinalize'],
    });
    const started = await cluster.client.get(Kinds.VirtualMachine, { namespace, name: 'a' });
    expect(started?.status?.printableStatus).toBe('Stopped');
    expect(started?.metadata.generation).toBe(2);
    await cluster.simulator.startController('virt-controller');
    await cluster.untilVm(namespace, 'a', ({ status }) => status?.ready === true);
    await cluster.untilGone(Kinds.VirtualMachine, { namespace, name: 'b' });
  });

  it('virt-handler: a guest neither comes up nor goes down', async () => {
    await cluster.simulator.stopController('virt-handler');
    await cluster.makeVm(namespace, 'c', { runStrategy: 'Always' });
    await cluster.untilVmi(namespace, 'c', ({ status }) => status?.phase === 'Scheduled');
    await cluster.untilReconciled(namespace, 'c');
    const vm = await cluster.client.get(Kinds.VirtualMachine, { namespace, name: 'c' });
    expect(vm?.status?.printableStatus).toBe('Starting');
    await cluster.simulator.startController('virt-handler');
    await cluster.untilVm(namespace, 'c', ({ status }) => status?.ready === true);
  });

  it('restarting any of them loses nothing', async () => {
    await cluster.runVm(namespace, 'd', { runStrategy: 'Always' });
    for (const name of ['virt-controller', 'kubelet', 'virt-handler', 'virt-api'] as const) {
      await cluster.simulator.restartController(name);
    }
    await cluster.act(namespace, 'd', 'restart');
    await cluster.untilVm(
      namespace,
      'd',
      ({ status }) => status?.ready === true && !status.stateChangeRequests,
    );
  });
});

describe('npm start’s cluster', () => {
  let child: ChildProcess | undefined;
  afterEach(() => {
    child?.kill('SIGKILL');
    child = undefined;
  });

  /** Starts the process and resolves with its ready line. */
  async function startProcess(): Promise<{ ready: boolean; url: string; kubeconfig: string }> {
    const hook = join(__dirname, '../../support/typescript-hook.js');
    child = spawn(process.execPath, ['--require', hook, join(__dirname, 'process.ts')], {
      env: { ...process.env, SIMULATOR_PORT: '0', STATE_DIR: folder },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    for await (const line of createInterface({ input: child.stdout as NodeJS.ReadableStream }))
      return JSON.parse(line);
    throw new Error('it ended without a word');
  }

  async function endProcess(): Promise<number | null> {
    const ended = new Promise<number | null>((resolve) => child?.once('exit', resolve));
    child?.kill('SIGTERM');
    return ended;
  }

  it('is seeded once, written down, ends on SIGTERM and goes on at the next start', async () => {
    const { ready, kubeconfig } = await startProcess();
    expect(ready).toBe(true);
    const client = new ClusterClient(loadKubeConfig(kubeconfig));
    const { items } = await client.list(Kinds.VirtualMachine);
    expect(items.length).toBeGreaterThanOrEqual(7);
    expect(new Set(items.map(({ metadata }) => metadata.namespace))).toEqual(new Set(['demo', 'staging']));
    const strategies = items.map(({ spec }) => spec.runStrategy ?? 'running');
    expect(new Set(strategies)).toEqual(
      new Set(['Always', 'RerunOnFailure', 'Once', 'Manual', 'Halted', 'running']),
    );
    const disks = items.map(({ spec }) => spec.dataVolumeTemplates?.length);
    expect(new Set(disks)).toEqual(new Set([1, 2, 3]));
    await client.delete(Kinds.VirtualMachine, { namespace: 'demo', name: 'template-1' });
    expect(await endProcess()).toBe(0);
    expect(readFileSync(join(folder, 'cluster.jsonl'), 'utf8')).toContain('web-1');

    const again = await startProcess();
    const second = new ClusterClient(loadKubeConfig(again.kubeconfig));
    const left = (await second.list(Kinds.VirtualMachine)).items.map(({ metadata }) => metadata.name);
    expect(left).not.toContain('template-1');
    expect(left).toContain('web-1');
    expect(await endProcess()).toBe(0);
  });
});
