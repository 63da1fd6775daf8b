import { isOn } from '../../src/clone';
import { MARKS, type VmRef } from '../../src/contract';
import { Kinds } from '../../src/kubernetes';
import type { Clone, Environment } from './environment';

/** What a source looks like: what must be the same before and after, whatever came between. */
export async function powerOf({ client }: Environment, source: VmRef) {
  const [vm, vmi] = await Promise.all([
    client.get(Kinds.VirtualMachine, source),
    client.get(Kinds.VirtualMachineInstance, source),
  ]);
  if (!vm) return undefined;
  const { running, runStrategy } = vm.spec;
  return { running, runStrategy, on: isOn(vm, vmi), marks: marksOf(vm.metadata.annotations) };
}

/** Names of everything that carries a clone's label, or that was made on its way, in its two namespaces. */
export async function tracesOf({ client }: Environment, { input }: Clone): Promise<string[]> {
  const namespaces = [...new Set([input.source.namespace, input.target.namespace])];
  const kinds = [
    Kinds.VirtualMachine,
    Kinds.DataVolume,
    Kinds.PersistentVolumeClaim,
    Kinds.Pod,
    Kinds.ControllerRevision,
    Kinds.VolumeSnapshot,
  ];
  const found = await Promise.all(
    kinds.flatMap((kind) =>
      namespaces.map(async (namespace) => {
        const { items } = await client.list(kind, { namespace });
        return items
          .filter(
            ({ metadata }) =>
              metadata.labels?.[MARKS.cloneUid] === input.cloneUid ||
              metadata.name === input.target.name ||
              metadata.name.startsWith(`${input.target.name}-`) ||
              /^(tmp-pvc|cdi-upload|prep)-|-source-pod$/.test(metadata.name),
          )
          .map(({ metadata }) => `${kind.kind} ${metadata.namespace}/${metadata.name}`);
      }),
    ),
  );
  return found.flat();
}

function marksOf(annotations: Record<string, string> = {}): string[] {
  return Object.keys(annotations).filter((name) => name.startsWith(MARKS.prefix));
}
