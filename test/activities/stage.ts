import { ApplicationFailure, defaultFailureConverter, defaultPayloadConverter } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { type AdmissionRequest, internalError } from '../../simulator/apiserver';
import { createActivities, createCopyActivities } from '../../src/activities';
import type { ActivityDeps } from '../../src/activities/deps';
import type { KubernetesResource } from '../../src/clone';
import type { FailureType, VmRef } from '../../src/contract';
import {
  awaitChange,
  ClusterClient,
  createCaches,
  type Kind,
  PooledKubeConfig,
  type WatchCache,
} from '../../src/kubernetes';
import type { CloneRun } from '../../src/temporal';
import { type Environment, type EnvironmentOptions, startEnvironment } from '../support/environment';
import { SECRET } from './staged-clone';

type AllActivities = ReturnType<typeof createActivities> & ReturnType<typeof createCopyActivities>;
export type ActivityName = keyof AllActivities;
type InputOf<N extends ActivityName> = Parameters<AllActivities[N]>[0];
type ResultOf<N extends ActivityName> = Awaited<ReturnType<AllActivities[N]>>;

/** The account that activities act under here, so that admission can tell their writes from anyone's. */
const WORKER = 'system:serviceaccount:vm-clone:worker';
/** Writes a start or a stop into the VM, on the worker's behalf. */
const VIRT_API = 'system:serviceaccount:kubevirt:kubevirt-apiserver';
const logger = new DefaultLogger('ERROR', () => {});

export interface Run<R> {
  ended: Promise<R>;
  heartbeats: unknown[];
  cancel(): void;
}

export interface RunOptions {
  /** Of the attempt before. */
  heartbeatDetails?: unknown;
  deps?: ActivityDeps;
}

/** What a write of an activity meets, by its number (1 is the first). */
type Reaction = (write: number, request: AdmissionRequest) => void | Promise<void>;

/**
 * Activities one by one, each in a Temporal activity context of its own, against a whole simulated cluster.
 * One for all tests of a file (`useStage`).
 */
export class Stage {
  environment!: Environment;
  deps!: ActivityDeps;
  private readonly caches: { stop(): Promise<void> }[] = [];
  private readonly runs = new Set<Run<unknown>>();
  private reaction?: Reaction;
  private writesSeen = 0;
  /** All that runs have handed to Temporal: results, heartbeats, failures. */
  private said: string[] = [];

  constructor(private readonly options: EnvironmentOptions) {}

  async begin(): Promise<void> {
    this.environment = await startEnvironment({ ...this.options, withoutWorker: true });
    const { client, caches, ...others } = await this.environment.activityDeps();
    await caches.stop();
    this.deps = { ...others, ...(await this.eyesAndHands()) };
    this.environment.simulator.apiServer.addAdmission({ validating: [(request) => this.admit(request)] });
  }

  /** After each test: nothing goes on, and nothing secret has left the cluster. */
  async settle(): Promise<void> {
    this.reaction = undefined;
    for (const run of this.runs) run.cancel();
    await Promise.allSettled([...this.runs].map(({ ended }) => ended));
    this.runs.clear();
    expect(this.said.filter((text) => text.includes(SECRET))).toEqual([]);
    this.said = [];
  }

  async end(): Promise<void> {
    for (const each of this.caches) await each.stop();
    await this.environment?.stop();
  }

  /** Activities' deps on caches of their own, which a test may stop, or that lag by so many milliseconds. */
  async depsWith(lagMs?: number): Promise<ActivityDeps> {
    return { ...this.deps, ...(await this.eyesAndHands(lagMs)) };
  }

  /** Deps whose caches know only what is there now. */
  async staleDeps(): Promise<ActivityDeps> {
    const deps = await this.depsWith();
    await deps.caches.stop();
    return deps;
  }

  /** Deps for which Temporal says this of every clone. */
  async depsTold(run: CloneRun): Promise<ActivityDeps> {
    return { ...(await this.depsWith()), clones: { find: async () => run } };
  }

  start<N extends ActivityName>(name: N, input: InputOf<N>, options: RunOptions = {}): Run<ResultOf<N>> {
    const { heartbeatDetails, deps = this.deps } = options;
    const activities: AllActivities = { ...createActivities(deps), ...createCopyActivities(deps) };
    const context = new MockActivityEnvironment({ heartbeatDetails }, { logger });
    const heartbeats: unknown[] = [];
    context.on('heartbeat', (details) => {
      heartbeats.push(details);
      this.said.push(JSON.stringify(details) ?? '');
    });
    const activity = activities[name] as (input: InputOf<N>) => Promise<ResultOf<N>>;
    const ended = context.run(activity, input) as Promise<ResultOf<N>>;
    ended.then(
      (result) => this.said.push(JSON.stringify(result) ?? ''),
      (error) =>
        this.said.push(
          JSON.stringify(defaultFailureConverter.errorToFailure(error, defaultPayloadConverter)) +
            JSON.stringify(error.details ?? ''),
        ),
    );
    const run = { ended, heartbeats, cancel: () => context.cancel('CANCELLED') };
    this.runs.add(run);
    return run;
  }

  run<N extends ActivityName>(name: N, input: InputOf<N>, options?: RunOptions): Promise<ResultOf<N>> {
    return this.start(name, input, options).ended;
  }

  /** As Temporal runs it: again, for as long as nothing final stands against it. */
  persist<N extends ActivityName>(name: N, input: InputOf<N>): Promise<ResultOf<N>> {
    return this.environment
      .poll(async () => {
        try {
          return { result: await this.run(name, input) };
        } catch (error) {
          if (error instanceof ApplicationFailure) throw error;
          return undefined;
        }
      })
      .then(({ result }) => result);
  }

  /** From now on, what each write of an activity meets before the cluster has it. */
  onWrite(reaction: Reaction): void {
    this.writesSeen = 0;
    this.reaction = reaction;
  }

  undisturbed(): void {
    this.reaction = undefined;
  }

  /**
   * Runs an activity whose process ends at its n-th write, `lost` on its way or `taken` by the cluster. Its
   * attempt fails, and for nothing that would keep Temporal from trying again.
   */
  async crash<N extends ActivityName>(
    name: N,
    input: InputOf<N>,
    write: number,
    how: 'lost' | 'taken',
  ): Promise<void> {
    let run: Run<unknown> | undefined;
    let struck = false;
    this.onWrite((number) => {
      if (number !== write) return;
      struck = true;
      if (how === 'lost') throw internalError('the connection broke');
      run?.cancel();
    });
    run = this.start(name, input);
    const error = await run.ended.then(
      () => undefined,
      (reason) => reason,
    );
    this.undisturbed();
    expect(struck).toBe(true);
    expect(error).toMatchObject({ name: how === 'lost' ? 'ApiError' : 'CancelledFailure' });
  }

  /** What activities have written while `work` ran, as `verb path`; what was refused is left out. */
  async writesOf(work: () => Promise<unknown>): Promise<string[]> {
    this.environment.clearRequests();
    await work();
    return this.environment
      .workerRequests()
      .filter(
        ({ verb, code, query }) => !['get', 'list'].includes(verb) && code < 300 && !query.has('dryRun'),
      )
      .map(({ verb, path }) => `${verb} ${path.replace(/^.*\/namespaces\//, '')}`);
  }

  /** Waits until a cache of a test shows an object as `reached` says. */
  async seen<T extends KubernetesResource>(
    cache: WatchCache<T>,
    ref: { namespace?: string; name: string },
    reached: (object: T | undefined) => boolean,
  ): Promise<void> {
    await awaitChange(
      [(wake) => cache.onChange(ref, wake)],
      () => reached(cache.get(ref.namespace, ref.name)) || undefined,
      { signal: AbortSignal.timeout(10_000) },
    );
  }

  get<T extends KubernetesResource>(kind: Kind<T>, ref: VmRef): Promise<T | undefined> {
    return this.environment.client.get(kind, ref);
  }

  private async admit(request: AdmissionRequest): Promise<void> {
    const { user, kind, operation, dryRun } = request;
    const acts = user.name === VIRT_API && kind.kind === 'VirtualMachine' && operation === 'UPDATE';
    if (!this.reaction || dryRun || (user.name !== WORKER && !acts)) return;
    this.writesSeen += 1;
    await this.reaction(this.writesSeen, request);
  }

  private async eyesAndHands(lagMs?: number) {
    const kubeConfig = new PooledKubeConfig();
    kubeConfig.loadFromClusterAndUser(
      { name: 'simulator', server: this.environment.simulator.url, skipTLSVerify: true },
      { name: 'worker', impersonateUser: WORKER },
    );
    const client = new ClusterClient(kubeConfig, { userAgent: 'vm-clone-worker' });
    const caches = createCaches(client, { lagMs });
    await caches.start();
    this.caches.push(caches);
    return { client, caches };
  }
}

/** A stage for all tests of a file: begun before them, settled after each, ended after the last. */
export function useStage(options: EnvironmentOptions = {}): Stage {
  const stage = new Stage(options);
  beforeAll(() => stage.begin());
  afterEach(() => stage.settle());
  afterAll(() => stage.end());
  return stage;
}

/** A failure that ends the clone for good, with a sentence that holds `words`. */
export function finalFailure(type: FailureType, words: string | RegExp) {
  return { type, nonRetryable: true, message: expect.stringMatching(words) };
}

/** Each way in which the process of an activity may end at each of its writes. */
export function crashesAt(writes: number): [number, 'lost' | 'taken'][] {
  return Array.from({ length: writes }, (_, index) => index + 1).flatMap((write) => [
    [write, 'lost'],
    [write, 'taken'],
  ]);
}
