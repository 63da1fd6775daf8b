import type { VmiSpec, Volume } from './resources';
import { kindOf } from './volumes';

export type ReferenceKind = 'Secret' | 'ConfigMap' | 'ServiceAccount';

/** An object that a VM names and that must exist in the VM's own namespace. */
export interface Reference {
  kind: ReferenceKind;
  name: string;
  /** What of the VM needs it. */
  usedBy: string;
  /** The VM runs without it, too. */
  optional: boolean;
}

/** The name that is to be read instead, or undefined to leave it. */
export type Rename = (kind: ReferenceKind, name: string) => string | undefined;

type Path = readonly string[];

/** Where the volumes of a kind name objects (KubeVirt api/core/v1/schema.go). */
const VOLUME_REFERENCES: Readonly<Record<string, readonly [ReferenceKind, Path][]>> = {
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

const KERNEL_SECRET: Path = ['firmware', 'kernelBoot', 'container', 'imagePullSecret'];

/** A place in a VM's template that names an object. */
interface Place {
  kind: ReferenceKind;
  holder: unknown;
  path: Path;
  usedBy: string;
  optional?: boolean;
}

/** Every namespaced object that a VM's template names, besides claims, networks and instancetypes. */
export function referencesOf(spec: VmiSpec): Reference[] {
  return placesIn(spec).flatMap(({ kind, holder, path, usedBy, optional = false }) => {
    const name = textAt(holder, path);
    return name ? [{ kind, name, usedBy, optional }] : [];
  });
}

/** Names other objects in a template, which is changed in place. */
export function renameReferences(spec: VmiSpec, rename: Rename): void {
  for (const { kind, holder, path } of placesIn(spec)) {
    const name = textAt(holder, path);
    const other = name && rename(kind, name);
    if (other) setText(holder, path, other);
  }
}

function placesIn(spec: VmiSpec): Place[] {
  return [
    ...(spec.volumes ?? []).flatMap(placesInVolume),
    ...(spec.accessCredentials ?? []).flatMap((holder) =>
      CREDENTIAL_SOURCES.map(
        (path): Place => ({ kind: 'Secret', holder, path, usedBy: 'the access credentials' }),
      ),
    ),
    { kind: 'Secret', holder: spec.domain, path: KERNEL_SECRET, usedBy: 'the kernel image' },
  ];
}

function placesInVolume(volume: Volume): Place[] {
  const holder = volume[kindOf(volume)];
  const optional = (holder as { optional?: boolean } | undefined)?.optional;
  return (VOLUME_REFERENCES[kindOf(volume)] ?? []).map(([kind, path]) => ({
    kind,
    holder,
    path,
    usedBy: `volume ${volume.name}`,
    optional,
  }));
}

function textAt(object: unknown, path: Path): string | undefined {
  let value = object;
  for (const key of path) value = (value as Record<string, unknown> | undefined)?.[key];
  return typeof value === 'string' ? value : undefined;
}

/** The path is there: a name was read from it. */
function setText(object: unknown, path: Path, text: string): void {
  let holder = object as Record<string, unknown>;
  for (const key of path.slice(0, -1)) holder = holder[key] as Record<string, unknown>;
  holder[path[path.length - 1] as string] = text;
}
