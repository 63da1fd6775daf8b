import fc from 'fast-check';
import type { Interface, VirtualMachine } from '../../src/clone/resources';
import { MARKS } from '../../src/contract';
import { type Attached, label, mac, objectName, subdomain } from './generated-volumes';
import { merged, vm } from './objects';

const nic: fc.Arbitrary<Omit<Interface, 'name'>> = fc.record(
  { macAddress: mac, model: fc.constantFrom('virtio', 'e1000e'), masquerade: fc.constant({}) },
  { requiredKeys: ['masquerade'] },
);

const power = fc.oneof(
  fc.record({ runStrategy: fc.constantFrom('Always', 'Halted', 'Manual', 'RerunOnFailure', 'Once') }),
  fc.record({ running: fc.boolean() }),
);

const labels = fc.dictionary(
  fc.constantFrom(
    'app',
    'kubevirt.io/vm',
    'kubevirt.io/domain',
    'vm.kubevirt.io/name',
    'app.kubernetes.io/instance',
    'helm.sh/chart',
    'team',
    MARKS.cloneUid,
    MARKS.installation,
    `${MARKS.prefix}other`,
  ),
  fc.constantFrom('a', 'b', 'web'),
  { maxKeys: 5 },
);
const annotations = fc.dictionary(
  fc.constantFrom(
    'team',
    'description',
    'kubectl.kubernetes.io/last-applied-configuration',
    MARKS.runId,
    MARKS.source,
    MARKS.startStrategy,
    MARKS.workflowId,
    `${MARKS.prefix}other`,
  ),
  fc.constantFrom('a', 'b', 'web'),
  { maxKeys: 5 },
);

interface Typed {
  /** Where the revision is recorded. */
  recorded: 'status' | 'spec' | 'nowhere';
  kind: string;
}
const typed = (kinds: readonly string[]): fc.Arbitrary<Typed> =>
  fc.record({ recorded: fc.constantFrom('status', 'spec', 'nowhere'), kind: fc.constantFrom(...kinds) });

/** What a generated VM is made of. */
export interface Drawn {
  name: string;
  volumes: (Attached & { name: string })[];
  nics: (Omit<Interface, 'name'> & { name: string })[];
  power: { runStrategy: string } | { running: boolean };
  metadata: { labels: Record<string, string>; annotations: Record<string, string> };
  template: { labels: Record<string, string>; annotations: Record<string, string> };
  instancetype?: Typed;
  preference?: Typed;
  chassis: boolean;
  hostname: boolean;
  credentials: string[];
}

export function drawn(volume: fc.Arbitrary<Attached>): fc.Arbitrary<Drawn> {
  const named = <T extends object>(what: fc.Arbitrary<T>, max: number) =>
    fc.uniqueArray(
      fc.tuple(label(), what).map(([name, value]) => ({ ...value, name })),
      {
        selector: ({ name }) => name,
        maxLength: max,
        size: 'max',
      },
    );
  return fc.record(
    {
      name: fc.oneof({ weight: 3, arbitrary: label(40) }, { weight: 1, arbitrary: subdomain }),
      volumes: named(volume, 10),
      nics: named(nic, 4),
      power,
      metadata: fc.record({ labels, annotations }),
      template: fc.record({ labels, annotations }),
      instancetype: typed(['VirtualMachineInstancetype', 'VirtualMachineClusterInstancetype']),
      preference: typed(['VirtualMachinePreference', 'VirtualMachineClusterPreference']),
      chassis: fc.boolean(),
      hostname: fc.boolean(),
      credentials: fc.array(objectName, { maxLength: 2 }),
    },
    {
      requiredKeys: [
        'name',
        'volumes',
        'nics',
        'power',
        'metadata',
        'template',
        'chassis',
        'hostname',
        'credentials',
      ],
    },
  );
}

/** The ControllerRevision of a generated instancetype or preference. */
export const revisionName = (what: string) => `source-${what}-v1beta1-1`;

export function sourceOf(given: Drawn): VirtualMachine {
  const { name, volumes, nics } = given;
  const { dataVolumeTemplates, runStrategy, ...spec } = vm().spec;
  const types = (['instancetype', 'preference'] as const).flatMap((what) => {
    const type = given[what];
    return type ? [{ what, ...type }] : [];
  });
  const base: VirtualMachine = { ...vm(), spec: { ...spec, ...given.power } };
  const source = merged(base, {
    metadata: { name, ...given.metadata },
    status: Object.fromEntries(
      types
        .filter(({ recorded }) => recorded === 'status')
        .map(({ what, kind }) => [
          `${what}Ref`,
          { name: what, kind, controllerRevisionRef: { name: revisionName(what) } },
        ]),
    ),
  });
  for (const { what, kind, recorded } of types) {
    source.spec[what] = {
      name: what,
      kind,
      ...(recorded === 'spec' && { revisionName: revisionName(what) }),
    };
  }
  const { domain } = source.spec.template.spec;
  source.spec.template = {
    metadata: given.template,
    spec: {
      domain: {
        ...domain,
        ...(given.chassis && { chassis: { serial: 'chassis-serial' } }),
        devices: {
          disks: volumes
            .filter(({ shown }) => shown === 'disk')
            .map(({ name: volume, disk }) => ({ ...disk, name: volume })),
          filesystems: volumes
            .filter(({ shown }) => shown === 'filesystem')
            .map(({ name: volume }) => ({ name: volume, virtiofs: {} })),
          interfaces: nics,
        },
      },
      networks: nics.map((interfaceOf) => ({ name: interfaceOf.name, pod: {} })),
      volumes: volumes.map(({ name: volume, source: what }) => ({ ...what, name: volume })),
      ...(given.hostname && { hostname: 'fixed' }),
      accessCredentials: given.credentials.map((secretName) => ({
        sshPublicKey: { source: { secret: { secretName } }, propagationMethod: { noCloud: {} } },
      })),
    },
  };
  return source;
}
