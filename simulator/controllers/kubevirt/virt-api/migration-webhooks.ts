import type { VirtualMachineInstance } from '../../../../src/clone/resources';
import { type ClusterClient, Kinds } from '../../../../src/kubernetes';
import type { AdmissionFunction, AdmissionRequest } from '../../../apiserver';
import { KubeVirtKinds, type Migration } from '../kinds';
import { ACCOUNTS, FINALIZERS, LABELS } from '../names';
import { conditionOf, isFinal, same } from '../objects';
import { denied, deniedAsBad, required } from './causes';

const CREATE = 'migration-create-validator.kubevirt.io';
const UPDATE = 'migration-update-validator.kubevirt.io';

/** virt-api's webhooks for migrations (migration-create-mutator.go, migration-create-admitter.go). */
export function migrationWebhooks(client: ClusterClient): {
  mutate: AdmissionFunction;
  validate: AdmissionFunction;
} {
  async function validateNew({ spec, metadata }: Migration, user: string): Promise<void> {
    const { vmiName } = spec;
    if (!vmiName) throw denied(CREATE, [required('spec.vmiName', 'vmiName is missing')]);
    if (spec.priority !== undefined && user !== ACCOUNTS['virt-controller']) {
      const message = 'Migration priority queue, only virt-controller is allowed to set priority field';
      throw denied(CREATE, [{ reason: 'FieldValueForbidden', message, field: 'spec.migrationPriority' }]);
    }
    const { namespace } = metadata;
    const vmi = await client.get(Kinds.VirtualMachineInstance, { namespace, name: vmiName });
    if (!vmi) throw deniedAsBad(CREATE, `the VMI "${namespace}/${vmiName}" does not exist`);
    if (isFinal(vmi)) throw deniedAsBad(CREATE, 'Cannot migrate VMI in finalized state.');
    refuseUnmovable(vmi);
    const labelSelector = `${LABELS.migrationSelector} in (${vmiName})`;
    const { items } = await client.list(KubeVirtKinds.Migration, { namespace, labelSelector });
    const active = items.find(({ status }) => status?.phase !== 'Succeeded' && status?.phase !== 'Failed');
    if (!active) return;
    const why = `in-flight migration detected. Active migration job (${active.metadata.uid}) is currently already in progress for VMI ${active.spec.vmiName}.`;
    throw deniedAsBad(CREATE, why);
  }

  return {
    mutate(request) {
      if (!isAbout(request) || request.operation !== 'CREATE') return;
      const { metadata, spec } = request.object as unknown as Migration;
      metadata.labels = { ...metadata.labels, [LABELS.migrationSelector]: spec?.vmiName ?? '' };
      metadata.finalizers = [...(metadata.finalizers ?? []), FINALIZERS.migration];
    },
    async validate(request) {
      if (!isAbout(request)) return;
      const migration = request.object as unknown as Migration;
      if (request.operation === 'CREATE') await validateNew(migration, request.user.name);
      else refuseChange(migration, request.oldObject as unknown as Migration);
    },
  };
}

function refuseUnmovable({ status }: VirtualMachineInstance): void {
  const migratable = conditionOf(status?.conditions, 'LiveMigratable');
  if (migratable?.status !== 'False') return;
  const { reason = '', message = '' } = migratable;
  throw deniedAsBad(CREATE, `Cannot migrate VMI, Reason: ${reason}, Message: ${message}`);
}

function refuseChange(migration: Migration, old: Migration): void {
  const refuse = (message: string) => denied(UPDATE, [{ reason: 'FieldValueNotSupported', message }]);
  if (!same(migration.spec, old.spec)) throw refuse("update of Migration object's spec is restricted");
  const { phase } = old.status ?? {};
  if (phase === 'Succeeded' || phase === 'Failed') return;
  const selector = (object: Migration) => object.metadata.labels?.[LABELS.migrationSelector];
  if (selector(old) === undefined || selector(migration) === selector(old)) return;
  const what = migration.metadata.labels ? 'modified on' : 'removed from';
  throw refuse(`selector label can't be ${what} an in-flight migration`);
}

function isAbout({ kind, subresource, operation }: AdmissionRequest): boolean {
  const written = operation === 'CREATE' || operation === 'UPDATE';
  return written && subresource === '' && kind.plural === KubeVirtKinds.Migration.plural;
}
