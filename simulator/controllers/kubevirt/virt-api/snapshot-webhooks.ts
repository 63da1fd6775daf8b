import type { ClusterClient } from '../../../../src/kubernetes';
import type { AdmissionFunction, AdmissionRequest, StatusCause } from '../../../apiserver';
import { KubeVirtKinds, type VmRestore, type VmSnapshot } from '../kinds';
import { same } from '../objects';
import { denied, invalidField } from './causes';

/** virt-api's webhook for snapshots of VMs and their restores (pkg/storage/admitters/vmsnapshot.go, vmrestore.go). */
export function snapshotWebhooks(client: ClusterClient): AdmissionFunction {
  async function restoreCauses({ metadata, spec }: VmRestore): Promise<StatusCause[]> {
    const causes = referenceCauses('spec.target', spec.target);
    const { items } = await client.list(KubeVirtKinds.VmRestore, { namespace: metadata.namespace });
    const others = items.filter((other) => same(other.spec.target, spec.target) && !other.status?.complete);
    return [
      ...causes,
      ...others.map((other) =>
        invalidField('spec.target', `VirtualMachineRestore "${other.metadata.name}" in progress`),
      ),
    ];
  }

  return async (request) => {
    const which = about(request);
    if (!which) return;
    const webhook = `${which}-validator.snapshot.kubevirt.io`;
    const { object, oldObject, operation } = request;
    if (operation === 'UPDATE') {
      if (same(object?.spec, oldObject?.spec)) return;
      throw denied(webhook, [invalidField('spec', 'spec in immutable after creation')]);
    }
    const causes =
      which === 'virtualmachinesnapshot'
        ? referenceCauses('spec.source', (object as unknown as VmSnapshot).spec?.source)
        : await restoreCauses(object as unknown as VmRestore);
    if (causes.length > 0) throw denied(webhook, causes);
  };
}

function referenceCauses(field: string, reference: VmSnapshot['spec']['source'] | undefined): StatusCause[] {
  if (reference?.apiGroup === undefined) {
    return [{ reason: 'FieldValueNotFound', message: 'missing apiGroup', field: `${field}.apiGroup` }];
  }
  if (reference.apiGroup !== 'kubevirt.io') return [invalidField(`${field}.apiGroup`, 'invalid apiGroup')];
  return reference.kind === 'VirtualMachine' ? [] : [invalidField(`${field}.kind`, 'invalid kind')];
}

function about({ kind, subresource, operation }: AdmissionRequest): string | undefined {
  if (subresource !== '' || (operation !== 'CREATE' && operation !== 'UPDATE')) return undefined;
  const kinds: string[] = [KubeVirtKinds.VmSnapshot.plural, KubeVirtKinds.VmRestore.plural];
  return kinds.includes(kind.plural) ? kind.plural.slice(0, -1) : undefined;
}
