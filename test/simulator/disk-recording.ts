import { Watch } from '@kubernetes/client-node';
import { SimKinds } from '../../simulator/controllers/kinds';
import type { Condition, KubernetesResource } from '../../src/clone/resources';
import { type ClusterClient, type Kind, Kinds, pathOf } from '../../src/kubernetes';

/** One line for each change of an object that shows, as `<kind> <name> <what it is now>`. */
export class DiskRecording {
  readonly lines: string[] = [];
  private readonly last = new Map<string, string>();
  private readonly requests: AbortController[] = [];

  constructor(private readonly client: ClusterClient) {}

  async start(): Promise<void> {
    await Promise.all([
      this.watch(Kinds.DataVolume, 'DV', ({ status = {} }) =>
        [
          `phase=${status.phase ?? ''}`,
          `progress=${status.progress ?? ''}`,
          `restarts=${status.restartCount ?? ''}`,
          `claim=${status.claimName ?? ''}`,
          conditionsText(status.conditions),
        ].join(' '),
      ),
      this.watch(Kinds.PersistentVolumeClaim, 'PVC', ({ status, spec }) =>
        [
          `phase=${status?.phase}`,
          `volume=${spec.volumeName ? 'yes' : 'no'}`,
          `source=${spec.dataSourceRef?.kind ?? ''}`,
        ].join(' '),
      ),
      this.watch(Kinds.Pod, 'Pod', ({ status }) => `phase=${status?.phase}`),
      this.watch(SimKinds.VolumeSnapshot, 'Snapshot', ({ status = {} }) =>
        [`cut=${status.creationTime ? 'yes' : 'no'}`, `ready=${status.readyToUse === true}`].join(' '),
      ),
    ]);
  }

  stop(): void {
    for (const request of this.requests) request.abort();
  }

  /** The distinct lines about one object, without its kind and name. */
  of(kind: string, name: string): string[] {
    const prefix = `${kind} ${name} `;
    return this.lines
      .filter((line) => line.startsWith(prefix))
      .map((line) => line.slice(prefix.length).trim());
  }

  /** Values of one field in the lines about one object, each once in a row. */
  field(kind: string, name: string, field: string): string[] {
    const values = this.of(kind, name).map((line) => new RegExp(`${field}=(\\S*)`).exec(line)?.[1] ?? line);
    return values.filter((value, index) => value !== values[index - 1]);
  }

  /** Index of the first line that begins so; fails when there is none. */
  at(beginning: string): number {
    const index = this.lines.findIndex((line) => line.startsWith(beginning));
    if (index < 0) throw new Error(`no "${beginning}" in\n${this.lines.join('\n')}`);
    return index;
  }

  private async watch<T extends KubernetesResource>(
    kind: Kind<T>,
    label: string,
    show: (object: T) => string,
  ) {
    const { items, resourceVersion } = await this.client.list(kind);
    for (const item of items) this.last.set(`${label} ${item.metadata.name}`, show(item));
    const request = await new Watch(this.client.kubeConfig).watch(
      pathOf(kind),
      { resourceVersion, allowWatchBookmarks: false },
      (type: string, object: T) => {
        const key = `${label} ${object.metadata.name}`;
        const deleting = object.metadata.deletionTimestamp ? ' DELETING' : '';
        const text = type === 'DELETED' ? 'GONE' : `${show(object)}${deleting}`;
        if (this.last.get(key) === text) return;
        this.last.set(key, text);
        this.lines.push(`${key} ${text}`);
      },
      () => {},
    );
    this.requests.push(request);
  }
}

function conditionsText(conditions: Condition[] | undefined): string {
  return [...(conditions ?? [])]
    .sort((left, right) => (left.type < right.type ? -1 : 1))
    .map(({ type, status, reason }) => `${type}=${status}${reason ? `(${reason})` : ''}`)
    .join(' ');
}
