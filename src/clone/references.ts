import type { VmiSpec } from './resources';
import { kindOf } from './volumes';

/** An object that a VM names and that must exist in the VM's own namespace. */
export interface Reference {
  kind: 'Secret' | 'ConfigMap' | 'ServiceAccount';
  name: string;
  /** What of the VM needs it. */
  usedBy: string;
}

type Path = readonly string[];

/** Where the volumes of a kind name objects (KubeVirt api/core/v1/schema.go). */
const VOLUME_REFERENCES: Readonly<Record<string, readonly [Reference['kind'], Path][]>> = {
  cloudInitNoCloud: [
    ['Secret', ['secretRef', 'name']],
    ['Secret', ['networkDataSecretRef', 'name']],
  ],
  cloudInitConfigDrive: [
    ['Secret', ['secretRef', 'name']],
    ['Secret', ['networkDataSecretRef', 'name']],
  ],
  sysprep: [
    ['Secret', ['secret', 'name']],
    ['ConfigMap', ['configMap', 'name']],
  ],
  secret: [['Secret', ['secretName']]],
  configMap: [['ConfigMap', ['name']]],
  serviceAccount: [['ServiceAccount', ['serviceAccountName']]],
  containerDisk: [['Secret', ['imagePullSecret']]],
};

const CREDENTIAL_SOURCES: readonly Path[] = [
  ['sshPublicKey', 'source', 'secret', 'secretName'],
  ['userPassword', 'source', 'secret', 'secretName'],
];

/** Every namespaced object that a VM's template names, besides claims, networks and instancetypes. */
export function referencesOf(spec: VmiSpec): Reference[] {
  const references: Reference[] = [];
  for (const volume of spec.volumes ?? []) {
    const source = volume[kindOf(volume)];
    if ((source as { optional?: boolean } | undefined)?.optional) continue;
    for (const [kind, path] of VOLUME_REFERENCES[kindOf(volume)] ?? []) {
      const name = textAt(source, path);
      if (name) references.push({ kind, name, usedBy: `volume ${volume.name}` });
    }
  }
  for (const credential of spec.accessCredentials ?? []) {
    for (const path of CREDENTIAL_SOURCES) {
      const name = textAt(credential, path);
      if (name) references.push({ kind: 'Secret', name, usedBy: 'the access credentials' });
    }
  }
  const kernel = textAt(spec.domain.firmware, ['kernelBoot', 'container', 'imagePullSecret']);
  if (kernel) references.push({ kind: 'Secret', name: kernel, usedBy: 'the kernel image' });
  return references;
}

function textAt(object: unknown, path: Path): string | undefined {
  let value = object;
  for (const key of path) value = (value as Record<string, unknown> | undefined)?.[key];
  return typeof value === 'string' ? value : undefined;
}
