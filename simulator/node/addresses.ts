import type { Pod } from '../../src/clone/resources';
import type { WatchCache } from '../../src/kubernetes';

/** IP addresses of pods: one network of 254 a node, from 10.244.1.0/24 on. */
export class PodAddresses {
  /** Given out, but perhaps not in the cache yet: address → uid of its pod. */
  private readonly given = new Map<string, string>();

  constructor(
    private readonly pods: WatchCache<Pod>,
    private readonly nodes: readonly string[],
  ) {
    pods.onChange({}, (type, { status }) => {
      if (type === 'deleted') this.given.delete(String(status?.podIP));
    });
  }

  /** The pod's address; the same for the same pod. Throws when its node has none left. */
  of({ metadata, spec }: Pod): string {
    const network = `10.244.${this.nodes.indexOf(spec?.nodeName ?? '') + 1}`;
    const used = new Set(this.pods.list().map(({ status }) => status?.podIP));
    for (let host = 2; host < 255; host += 1) {
      const address = `${network}.${host}`;
      const holder = this.given.get(address);
      if (holder === metadata.uid) return address;
      if (holder !== undefined || used.has(address)) continue;
      this.given.set(address, metadata.uid as string);
      return address;
    }
    throw new Error(`no address left on ${spec?.nodeName}`);
  }
}
