import { buildCopy } from '../../../src/clone/copies';
import { ownedBy } from '../../../src/clone/ownership';
import { vm, withTemplateSpec } from '../objects';
import { asked, blockersOf, byOwnUid, cloned, ELSEWHERE, type Rule, warningsOf } from './rule';

const REVISION = { metadata: { name: 'db-u1' }, revision: 1, data: {} };
const TYPED = {
  source: vm({
    spec: { instancetype: { name: 'u1', kind: 'VirtualMachineInstancetype' } },
    status: { instancetypeRef: { name: 'u1', controllerRevisionRef: { name: 'db-u1' } } },
  }),
  revisions: [REVISION],
};
const OWN_REVISION = 'db-clone-instancetype-0f0f0f0f';

/** Volumes: what else of a VM depends on where it is. */
export const TYPES: readonly Rule[] = [
  {
    rule: '31a',
    what: 'a network without a namespace is another one elsewhere',
    check: () => {
      const on = (networkName: string) =>
        withTemplateSpec({ networks: [{ name: 'n', multus: { networkName } }] });
      expect(warningsOf({ source: on('vlan'), ...asked(ELSEWHERE) })).toEqual(['NetworkResolvesElsewhere']);
      expect(warningsOf({ source: on('net/vlan'), ...asked(ELSEWHERE) })).toEqual([]);
      expect(warningsOf({ source: on('vlan') })).toEqual([]);
    },
  },
  {
    rule: '31b',
    what: 'host devices, GPUs and node rules are copied, and told of',
    check: () => {
      const devices = { hostDevices: [{ name: 'd' }], gpus: [{ name: 'g' }] };
      const source = withTemplateSpec({ domain: { devices }, affinity: { nodeAffinity: {} } });
      expect(warningsOf({ source })).toEqual(['HostDevices', 'NodePlacement']);
      const { spec } = cloned({ source }).made.spec.template;
      expect(spec).toMatchObject({ domain: { devices }, affinity: { nodeAffinity: {} } });
    },
  },
  {
    rule: '32a',
    what: 'the revision that counts is the one in the status, unless the spec names one',
    check: () => {
      expect(byOwnUid(TYPED).plan.copies.map(({ from }) => from)).toEqual(['db-u1']);
      const named = vm({ spec: { instancetype: { name: 'u1', revisionName: 'fixed' } } });
      const revisions = [{ ...REVISION, metadata: { name: 'fixed' } }];
      expect(byOwnUid({ source: named, revisions }).plan.copies.map(({ from }) => from)).toEqual(['fixed']);
    },
  },
  {
    rule: '32b',
    what: 'the clone gets a copy of it under another name, in its own namespace',
    check: () => {
      const { plan, made } = byOwnUid(TYPED, ELSEWHERE);
      expect(plan.copies).toEqual([{ kind: 'ControllerRevision', from: 'db-u1', name: OWN_REVISION }]);
      const owner = { ...made, metadata: { ...made.metadata, uid: 'made' } };
      const copy = buildCopy(REVISION, plan.copies[0] as (typeof plan.copies)[0], owner);
      expect(copy.metadata).toMatchObject({ namespace: 'lab', name: OWN_REVISION });
    },
  },
  {
    rule: '33a',
    what: 'the clone owns its copy, and goes by it',
    check: () => {
      const { plan, made } = byOwnUid(TYPED);
      expect(made.spec.instancetype?.revisionName).toBe(OWN_REVISION);
      const owner = { ...made, metadata: { ...made.metadata, uid: 'made' } };
      const copy = ownedBy(buildCopy(REVISION, plan.copies[0] as (typeof plan.copies)[0], owner), owner);
      expect(copy.metadata).toMatchObject({ ownerReferences: [{ uid: 'made', controller: true }] });
    },
  },
  {
    rule: '33b',
    what: 'a type of the source’s namespace is none elsewhere, unless its revision is recorded',
    check: () => {
      const unrecorded = vm({ spec: { instancetype: TYPED.source.spec.instancetype } });
      const given = asked(ELSEWHERE);
      expect(blockersOf({ source: unrecorded, ...given })).toEqual(['InstancetypeNotAvailable']);
      expect(blockersOf({ ...TYPED, ...given })).toEqual([]);
      expect(warningsOf({ ...TYPED, ...given })).toEqual(['InstancetypeElsewhereOnly']);
    },
  },
];
