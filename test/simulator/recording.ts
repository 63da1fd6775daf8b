import type {
  Condition,
  DataVolume,
  KubernetesResource,
  Pod,
  VirtualMachine,
  VirtualMachineInstance,
} from '../../src/clone/resources';
import { type ClusterClient, type Kind, Kinds, WatchCache } from '../../src/kubernetes';

/** How long anything may take before a test gives up, in milliseconds. */
export const PATIENCE_MS = 20_000;

/** One line each time an object of a namespace comes to look different; the words are those of the real runs. */
export class Recording {
  readonly lines: string[] = [];
  private readonly listeners = new Set<() => void>();
  private readonly last = new Map<string, string>();
  private readonly caches: WatchCache<KubernetesResource>[] = [];

  constructor(
    private readonly client: ClusterClient,
    private readonly namespace: string,
  ) {}

  async start(): Promise<void> {
    await Promise.all([
      this.watch(Kinds.VirtualMachine, 'VM', vmLine),
      this.watch(Kinds.VirtualMachineInstance, 'VMI', vmiLine),
      this.watch(Kinds.Pod, 'Pod', ({ status }: Pod) => `${status?.phase}`),
      this.watch(Kinds.DataVolume, 'DV', ({ status }: DataVolume) => `${status?.phase ?? 'None'}`),
    ]);
  }

  async stop(): Promise<void> {
    await Promise.all(this.caches.splice(0).map((cache) => cache.stop()));
  }

  /** The lines of one kind, without the kind and the name. */
  of(kind: 'VM' | 'VMI' | 'Pod' | 'DV', name?: string): string[] {
    return this.lines
      .map((line) => line.split(' '))
      .filter(([of, object]) => of === kind && (name === undefined || object === name))
      .map(([, , ...rest]) => rest.join(' '));
  }

  /** The VM's words, each once as long as it stays. */
  words(name: string): string[] {
    const words = this.of('VM', name).map((line) => line.split(' ')[1] as string);
    return words.filter((word, index) => word !== words[index - 1]);
  }

  /** Resolves once lines like these have come in this order. */
  async untilInOrder(...patterns: RegExp[]): Promise<void> {
    await this.until(() => {
      let after = 0;
      for (const pattern of patterns) {
        const index = this.lines.findIndex((line, at) => at >= after && pattern.test(line));
        if (index < 0) return `no line ${pattern} after line ${after}`;
        after = index + 1;
      }
      return undefined;
    });
  }

  /** Resolves once the VM's words are these, each once as long as it stays; `passing` ones may come in between. */
  async untilWords(name: string, expected: string[], passing: string[] = []): Promise<void> {
    await this.until(() => {
      const words = this.words(name);
      const told = words.filter((word, index) => !passing.includes(word) || expected[index] === word);
      return told.join(' ') === expected.join(' ') ? undefined : `the words are ${words.join(' ')}`;
    });
  }

  /** Asks again at each new line, until there is nothing wrong. */
  private async until(wrong: () => string | undefined): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const look = () => {
        if (wrong() !== undefined) return;
        clearTimeout(timer);
        this.listeners.delete(look);
        resolve();
      };
      const timer = setTimeout(() => {
        this.listeners.delete(look);
        reject(new Error(`${wrong()}, in\n${this.lines.join('\n')}`));
      }, PATIENCE_MS);
      this.listeners.add(look);
      look();
    });
  }

  clear(): void {
    this.lines.length = 0;
  }

  private async watch<T extends KubernetesResource>(
    kind: Kind<T>,
    word: string,
    describe: (object: T) => string,
  ) {
    const cache = new WatchCache(this.client, kind, { namespace: this.namespace });
    cache.onChange({}, (type, object) => {
      const id = `${word} ${object.metadata.name}`;
      const deleting = object.metadata.deletionTimestamp ? ' DELETING' : '';
      const line = type === 'deleted' ? `${id} GONE` : `${id} ${describe(object)}${deleting}`;
      if (this.last.get(id) === line) return;
      this.last.set(id, line);
      this.lines.push(line);
      for (const listener of [...this.listeners]) listener();
    });
    this.caches.push(cache as unknown as WatchCache<KubernetesResource>);
    await cache.start();
  }
}

function vmLine({ metadata, spec, status }: VirtualMachine): string {
  const {
    printableStatus,
    created = 'None',
    ready = 'None',
    observedGeneration,
    stateChangeRequests,
  } = status ?? {};
  const requests = (stateChangeRequests ?? []).map(({ action }) => action).join(',');
  return [
    spec.runStrategy ?? spec.running,
    printableStatus ?? 'None',
    `created=${created}`,
    `ready=${ready}`,
    `gen=${metadata.generation}/${observedGeneration ?? 'None'}`,
    `srs=${requests}`,
    conditionsOf(status?.conditions),
  ].join(' ');
}

function vmiLine({ metadata, status }: VirtualMachineInstance): string {
  const finalizers = metadata.finalizers?.map((finalizer) => finalizer.split('/')[1]).join(',') ?? '';
  return `${status?.phase} node=${status?.nodeName ?? 'None'} fin=${finalizers} ${conditionsOf(status?.conditions)}`;
}

function conditionsOf(conditions: Condition[] = []): string {
  return conditions
    .filter(({ type }) => type === 'Ready' || type === 'DataVolumesReady' || type === 'Paused')
    .map(({ type, status, reason }) => `${type}=${status}${reason ? `(${reason})` : ''}`)
    .sort()
    .join(' ');
}
