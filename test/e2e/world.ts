import { mkdtemp, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { test as base, type Page } from '@playwright/test';
import type { CloneAnswer, VmPage } from '../../src/api/answers';
import { type RunningApi, startApi } from '../../src/api/start';
import type { VirtualMachine } from '../../src/clone';
import { loadConfig } from '../../src/config';
import { MARKS, type VmRef } from '../../src/contract';
import { Kinds } from '../../src/kubernetes';
import { createLogger } from '../../src/log';
import { type Environment, type EnvironmentOptions, startEnvironment } from '../support/environment';
import { type MachineOptions, makeMachine, makeNamespace } from '../support/machines';
import { ConsolePage } from './console-page';
import { Gateway } from './gateway';

/** A copy over the network of so many bytes per second: 2 GiB take some 4 s, long enough to be looked at. */
const COPY_BYTES_PER_SECOND = 2 ** 29;

/** A disk whose copy goes over the network, so that it has a percent and can be held. */
export const COPIED_DISK = { name: 'root', gib: 2, class: 'standard' } as const;

/**
 * Everything that a person at the console works with: cluster, Temporal, workers, API and the built console. Nothing
 * of it is mocked.
 */
export class World {
  private api?: RunningApi;

  private constructor(
    readonly environment: Environment,
    private readonly kubeconfig: string,
  ) {}

  static async start(options: EnvironmentOptions = {}): Promise<World> {
    const environment = await startEnvironment({
      ...options,
      simulator: { copyBytesPerSecond: COPY_BYTES_PER_SECOND, ...options.simulator },
    });
    const kubeconfig = path.join(await mkdtemp(path.join(os.tmpdir(), 'vm-clone-')), 'kubeconfig');
    await writeFile(kubeconfig, environment.simulator.kubeconfig);
    const world = new World(environment, kubeconfig);
    await world.startApi();
    return world;
  }

  async stop(): Promise<void> {
    await this.api?.stop();
    await this.environment.stop();
  }

  get url(): string {
    if (!this.api) throw new Error('The API does not run');
    return this.api.url;
  }

  /** Starts the API, at the port that it had before if it ran. */
  async startApi(port = 0): Promise<void> {
    const { address, namespace } = this.environment.temporal;
    const config = loadConfig({
      PORT: String(port),
      KUBECONFIG: this.kubeconfig,
      TEMPORAL_ADDRESS: address,
      TEMPORAL_NAMESPACE: namespace,
      CONSOLE_DIR: path.join(__dirname, '../../dist/console'),
      HEARTBEAT_TIMEOUT_SECONDS: '3',
      HEARTBEAT_THROTTLE_SECONDS: '0.3',
      SWEEP_INTERVAL_SECONDS: '86400',
      SHUTDOWN_GRACE_SECONDS: '1',
    });
    this.api = await startApi(config, createLogger({ level: 'silent', service: 'api' }));
    await this.environment.poll(async () => ((await fetch(`${this.url}/readyz`)).ok ? true : undefined));
  }

  /** Ends the API; what is to start it again at the same address. */
  async stopApi(): Promise<() => Promise<void>> {
    const { port } = new URL(this.url);
    await this.api?.stop();
    return () => this.startApi(Number(port));
  }

  /** Makes a VM (test/support/machines), and waits until the API has seen it as it is. */
  async vm(name: string, options: MachineOptions = {}): Promise<VmRef> {
    const ref = await makeMachine(this.environment, name, options);
    await this.environment.poll(async () => {
      const response = await fetch(`${this.url}/api/v1/vms/${ref.namespace}/${ref.name}`);
      if (!response.ok) return undefined;
      const { filterGroup } = (await response.json()) as { filterGroup: string };
      return ['Running', 'Offline', 'Error'].includes(filterGroup) ? true : undefined;
    });
    return ref;
  }

  /** Makes VMs that have no disks and are off: cheap, where there are to be many. Waits until the API has seen them. */
  async bareVms(namespace: string, names: readonly string[]): Promise<VmRef[]> {
    const { environment, url } = this;
    await makeNamespace(environment, namespace);
    const spec = { runStrategy: 'Halted', template: { spec: { domain: { devices: {} } } } } as const;
    for (const name of names) {
      await environment.client.create(Kinds.VirtualMachine, { metadata: { namespace, name }, spec });
    }
    await environment.poll(async () => {
      const page = (await (
        await fetch(`${url}/api/v1/vms?namespace=${namespace}&status=Offline`)
      ).json()) as VmPage;
      return page.total >= names.length ? true : undefined;
    });
    return names.map((name) => ({ namespace, name }));
  }

  /** Changes a VM as somebody with `kubectl` does. */
  patchVm(vm: VmRef, patch: object): Promise<VirtualMachine> {
    return this.environment.client.patchMerge(Kinds.VirtualMachine, vm, patch);
  }

  /** The VM as it stands in the cluster. */
  async vmNow(vm: VmRef): Promise<VirtualMachine> {
    const found = await this.environment.client.get(Kinds.VirtualMachine, vm);
    if (!found) throw new Error(`There is no VM ${vm.namespace}/${vm.name}`);
    return found;
  }

  /** The clone once it has ended, as the API tells of it. */
  ended({ namespace, name }: VmRef): Promise<CloneAnswer> {
    return this.environment.poll(async () => {
      const response = await fetch(`${this.url}/api/v1/clones/${namespace}/${name}`);
      const clone = (await response.json()) as CloneAnswer;
      return clone.outcome ? clone : undefined;
    });
  }

  /** Pauses a VM once its guest is ready: until then the cluster may still be writing the state that this tests. */
  async pauseVm(vm: VmRef): Promise<void> {
    await this.environment.untilVm(vm, (found) => found?.status?.ready === true);
    await this.environment.client.actOnInstance(vm, 'pause');
  }

  /** Locks a VM as a clone of it does. */
  lock(vm: VmRef): Promise<VirtualMachine> {
    return this.patchVm(vm, { metadata: { annotations: { [MARKS.lock]: '[]' } } });
  }

  /** Holds the copies of a disk (one of class standard) at so many percent, until `releaseCopies`. */
  holdCopies(source: VmRef, percent: number, disk: string = COPIED_DISK.name): Promise<unknown> {
    return this.annotateClaim(source, disk, `stall:${percent}`);
  }

  releaseCopies(source: VmRef, disk: string = COPIED_DISK.name): Promise<unknown> {
    return this.annotateClaim(source, disk, null);
  }

  private annotateClaim({ namespace, name }: VmRef, disk: string, copy: string | null): Promise<unknown> {
    const { client } = this.environment;
    const ref = { namespace, name: `${name}-${disk}` };
    return client.patchMerge(Kinds.PersistentVolumeClaim, ref, {
      metadata: { annotations: { 'simulator.vm-clone.io/copy': copy } },
    });
  }
}

export interface Fixtures {
  /** The console in this test's browser page. */
  ui: ConsolePage;
  /** Opens the console once more, in a tab of its own. */
  anotherTab: () => Promise<ConsolePage>;
  /** Stands between this test's browser and the API. */
  gateway: Gateway;
  /** The console in this test's browser page, by way of the gateway. */
  behind: ConsolePage;
}

/** Tests of one file share one world; each makes VMs under names of its own. */
export function testsWith(options: EnvironmentOptions = {}) {
  return base.extend<Fixtures, { world: World }>({
    world: [
      // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the fixtures' names from the pattern.
      async ({}, use) => {
        const world = await World.start(options);
        await use(world);
        await world.stop();
      },
      { scope: 'worker', timeout: 120_000 },
    ],
    ui: async ({ page, world }, use) => use(new ConsolePage(page, world)),
    gateway: async ({ world }, use) => {
      const gateway = await Gateway.start(() => world.url);
      await use(gateway);
      await gateway.stop();
    },
    behind: async ({ page, gateway }, use) => use(new ConsolePage(page, gateway)),
    anotherTab: async ({ context, world }, use) => {
      const pages: Page[] = [];
      await use(async () => {
        const page = await context.newPage();
        pages.push(page);
        return new ConsolePage(page, world);
      });
      for (const page of pages) await page.close();
    },
  });
}

export { expect } from '@playwright/test';
