import { newIdentity } from '../../../src/clone/identity';
import { MARKS } from '../../../src/contract';
import { CLONE_UID, counting, SOURCE_UID, vm, withTemplateSpec, withVolume } from '../objects';
import { asked, cloned, type Rule, warningsOf } from './rule';

/** What becomes of labels or annotations that stand on the VM and on its template. */
function carried(what: 'labels' | 'annotations', entries: Record<string, string>) {
  const metadata = { [what]: entries };
  const { made } = cloned({ source: vm({ metadata, spec: { template: { metadata } } }) });
  const kept = (on: Record<string, string> = {}) =>
    Object.fromEntries(Object.keys(entries).flatMap((key) => (key in on ? [[key, on[key]]] : [])));
  const [own, template] = [kept(made.metadata[what]), kept(made.spec.template.metadata?.[what])];
  expect(own).toEqual(template);
  return template;
}

const interfaces = (...macs: (string | undefined)[]) =>
  withTemplateSpec({
    domain: {
      devices: {
        interfaces: macs.map((macAddress, index) => ({ name: `nic${index}`, macAddress, bridge: {} })),
      },
    },
  });

export const IDENTITY: readonly Rule[] = [
  {
    rule: '8',
    what: 'nothing that the cluster writes',
    check: () => {
      const source = vm({
        metadata: { finalizers: ['f'], ownerReferences: [{ uid: 'o' }], managedFields: [{}], selfLink: '/x' },
      });
      const { made } = cloned({ source });
      expect(Object.keys(made).sort()).toEqual(['apiVersion', 'kind', 'metadata', 'spec']);
      expect(Object.keys(made.metadata).sort()).toEqual(['annotations', 'labels', 'name', 'namespace']);
      expect(JSON.stringify(made)).not.toContain(SOURCE_UID);
    },
  },
  {
    rule: '9a',
    what: 'annotations of its restores, of kubectl, of the API versions that it was seen in',
    check: () =>
      expect(
        carried('annotations', {
          'restore.kubevirt.io/lastRestoreUID': 'x',
          'kubectl.kubernetes.io/last-applied-configuration': '{}',
          'kubevirt.io/latest-observed-api-version': 'v1',
          'kubevirt.io/storage-observed-api-version': 'v1',
          'kubevirt.io/pci-topology-version': 'v3',
        }),
      ).toEqual({ 'kubevirt.io/pci-topology-version': 'v3' }),
  },
  {
    rule: '9b',
    what: 'annotations and labels of deployment tools, annotations of networks',
    check: () => {
      expect(
        carried('annotations', {
          'argocd.argoproj.io/tracking-id': 'x',
          'kustomize.toolkit.fluxcd.io/checksum': 'x',
          'meta.helm.sh/release-name': 'x',
          'helm.sh/hook': 'x',
          'k8s.v1.cni.cncf.io/network-status': 'x',
          'cni.projectcalico.org/ipAddrs': 'x',
          'ovn.kubernetes.io/ip_address': 'x',
          team: 'x',
        }),
      ).toEqual({ team: 'x' });
      expect(
        carried('labels', {
          'argocd.argoproj.io/instance': 'x',
          'app.kubernetes.io/managed-by': 'Helm',
          'helm.sh/chart': 'x',
          'kustomize.toolkit.fluxcd.io/name': 'x',
          'kubevirt.io/vm-pool-revision-name': 'x',
          tier: 'x',
        }),
      ).toEqual({ tier: 'x' });
    },
  },
  {
    rule: '9c',
    what: 'our own marks',
    check: () => {
      const marks = { [MARKS.lock]: '[]', [MARKS.power]: '{}', [`${MARKS.prefix}later`]: 'x' };
      expect(carried('annotations', marks)).toEqual({});
      const labels = { [MARKS.cloneUid]: 'of-another' };
      const { made } = cloned({ source: vm({ metadata: { labels } }) });
      expect(made.metadata.labels?.[MARKS.cloneUid]).toBe(CLONE_UID);
    },
  },
  {
    rule: '10a',
    what: 'labels by which KubeVirt and templates name the VM name the clone',
    check: () => {
      const labels = { 'vm.kubevirt.io/name': 'db', 'kubevirt.io/vm': 'x', 'kubevirt.io/domain': 'db' };
      expect(new Set(Object.values(carried('labels', labels)))).toEqual(new Set(['db-clone']));
    },
  },
  {
    rule: '10b',
    what: 'labels like app are renamed where they hold the name of the source, and only there',
    check: () => {
      expect(carried('labels', { app: 'db' })).toEqual({ app: 'db-clone' });
      expect(carried('labels', { app: 'shop', tier: 'db' })).toEqual({ app: 'shop', tier: 'db' });
    },
  },
  {
    rule: '11',
    what: 'a Service that would select the clone is told of',
    check: () => {
      const source = vm({ spec: { template: { metadata: { labels: { tier: 'data' } } } } });
      const service = (selector: Record<string, string>) => [
        { metadata: { name: 's', namespace: 'shop' }, spec: { selector } },
      ];
      expect(warningsOf({ source, services: service({ tier: 'data' }) })).toEqual(['ServiceSelectsClone']);
      expect(warningsOf({ source, services: service({ tier: 'data', 'kubevirt.io/vm': 'db' }) })).toEqual([]);
    },
  },
  {
    rule: '12',
    what: 'no host name of the source',
    check: () =>
      expect(
        cloned({ source: withTemplateSpec({ hostname: 'db' }) }).made.spec.template.spec,
      ).not.toHaveProperty('hostname'),
  },
  {
    rule: '13',
    what: 'firmware UUID and serial are drawn, also where the source has none',
    check: () => {
      const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
      for (const source of [vm(), withTemplateSpec({ domain: { firmware: undefined } })]) {
        const { firmware } = cloned({ source }).made.spec.template.spec.domain;
        expect(firmware).toEqual({
          uuid: expect.stringMatching(uuid),
          serial: expect.stringMatching(uuid),
        });
        expect(firmware?.uuid).not.toBe(firmware?.serial);
      }
    },
  },
  {
    rule: '14',
    what: 'the name decides nothing: the same name elsewhere is another machine',
    check: () => {
      const random = counting();
      const [first, second] = [newIdentity(vm(), random), newIdentity(vm(), random)];
      expect(first.firmware.uuid).not.toBe(second.firmware.uuid);
    },
  },
  {
    rule: '15a',
    what: 'each interface gets a MAC, locally administered and unicast, also where none was set',
    check: () => {
      const source = interfaces('02:00:00:00:00:01', undefined);
      const { interfaces: made = [] } = cloned({ source }).made.spec.template.spec.domain.devices ?? {};
      const macs = made.map(({ macAddress }) => macAddress);
      expect(new Set([...macs, '02:00:00:00:00:01']).size).toBe(3);
      for (const mac of macs) expect(mac).toMatch(/^[0-9a-f][26ae](:[0-9a-f]{2}){5}$/);
    },
  },
  {
    rule: '15b',
    what: 'one that another VM or VMI has is drawn again',
    check: () => {
      const first = newIdentity(interfaces(undefined), counting()).macs.nic0 as string;
      const next = newIdentity(interfaces(undefined), counting(), [first.toUpperCase()]).macs.nic0;
      expect(next).not.toBe(first);
    },
  },
  {
    rule: '16',
    what: 'that cloud-init runs again is said in the plan',
    check: () => {
      for (const kind of ['cloudInitNoCloud', 'cloudInitConfigDrive']) {
        expect(warningsOf({ source: withVolume({ [kind]: {} }) })).toEqual(['CloudInitRunsAgain']);
      }
      expect(warningsOf({ ...asked({ startAfterClone: true }) })).not.toContain('CloudInitRunsAgain');
    },
  },
];
