import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { COLLECTION_STYLE, dump, load, type Node, visit } from 'js-yaml';
import { newIdentity } from '../../src/clone/identity';
import { type PlanFacts, planClone } from '../../src/clone/plan';
import type { VirtualMachine, VirtualMachineInstance } from '../../src/clone/resources';
import { buildTarget } from '../../src/clone/target';
import type { CloneInput } from '../../src/contract';
import { CLONE_UID, claim, counting, INSTALLATION, merged, type Patch, targetRequest } from './objects';

const folder = join(__dirname, 'golden');
const EXPECTED = '.expected.yaml';

/** Where a case and what it gives are written. */
export const caseFile = (name: string) => join(folder, `${name}.yaml`);
export const expectedFile = (name: string) => join(folder, `${name}${EXPECTED}`);

const files = readdirSync(folder).filter((file) => file.endsWith('.yaml'));
/** Names of all cases. */
export const CASES = files
  .filter((file) => !file.endsWith(EXPECTED))
  .map((file) => file.slice(0, -'.yaml'.length));
/** Names of those whose outcome is written down. */
export const EXPECTED_CASES = files
  .filter((file) => file.endsWith(EXPECTED))
  .map((file) => file.slice(0, -EXPECTED.length));

/** What a case's file holds: the source as its cluster has it, and of the rest what differs from the usual. */
interface Written {
  /** What is special about it, in a sentence. */
  about: string;
  facts: Patch & {
    request?: Patch & { description?: string };
    source: VirtualMachine;
    /** What differs from an instance that runs the VM's template. Without it there is none. */
    vmi?: Patch;
    /** What differs from a bound block volume of class `fast`. */
    sourceClaims?: Patch[];
  };
}

export interface GoldenCase {
  about: string;
  facts: PlanFacts;
  request: CloneInput & { runId: string };
}

/** The classes of the cluster: two of one driver, its third with snapshots, a file server, and the nodes' own disks. */
const CLASSES = [
  {
    name: 'fast',
    provisioner: 'san.csi.example.com',
    strategy: 'csi-clone',
    mode: 'Block',
    access: 'ReadWriteMany',
  },
  {
    name: 'fast-encrypted',
    provisioner: 'san.csi.example.com',
    strategy: 'csi-clone',
    mode: 'Block',
    access: 'ReadWriteMany',
  },
  {
    name: 'snap',
    provisioner: 'san.csi.example.com',
    strategy: 'snapshot',
    snapshotClass: 'san',
    mode: 'Block',
    access: 'ReadWriteMany',
  },
  {
    name: 'standard',
    provisioner: 'files.csi.example.com',
    strategy: 'copy',
    mode: 'Filesystem',
    access: 'ReadWriteOnce',
  },
  {
    name: 'local',
    provisioner: 'local.csi.example.com',
    strategy: 'copy',
    mode: 'Filesystem',
    access: 'ReadWriteOnce',
    late: true,
  },
] as const;

export function readCase(name: string): GoldenCase {
  const { about, facts: written } = load(readFileSync(caseFile(name), 'utf8')) as Written;
  const { request: wish, source, vmi, sourceClaims = [], ...rest } = written;
  const { name: sourceName, namespace } = source.metadata as { name: string; namespace: string };
  const { description, ...request } = merged(
    {
      source: { namespace, name: sourceName },
      target: { namespace, name: `${sourceName}-clone` },
      startAfterClone: false,
      options: {},
      cloneUid: CLONE_UID,
    } as PlanFacts['request'] & { description?: string },
    wish,
  );
  const usual: Omit<PlanFacts, 'request' | 'source' | 'vmi'> = {
    sourceClaims: sourceClaims.map((patch) => sourceClaim(patch, namespace)),
    pods: [],
    storageProfiles: CLASSES.map(
      ({ name: storageClass, provisioner, strategy, mode, access, ...others }) => ({
        metadata: { name: storageClass },
        status: {
          claimPropertySets: [{ accessModes: [access], volumeMode: mode }],
          cloneStrategy: strategy,
          ...('snapshotClass' in others && { snapshotClass: others.snapshotClass }),
          provisioner,
          storageClass,
        },
      }),
    ),
    storageClasses: CLASSES.map(({ name: storageClass, provisioner, ...others }) => ({
      metadata: { name: storageClass },
      provisioner,
      volumeBindingMode: 'late' in others ? 'WaitForFirstConsumer' : 'Immediate',
    })),
    migrations: [],
    unread: [],
    sourceDataVolumes: [],
    targetClaims: [],
    targetDataVolumes: [],
    targetNamespaceExists: true,
    installation: INSTALLATION,
    otherMacs: [],
    quotas: [],
    services: [],
    revisions: [],
    availableInTarget: [],
    availableInSource: [],
  };
  return {
    about,
    facts: { ...usual, ...rest, request, source, ...(vmi && { vmi: instance(source, vmi) }) },
    request: targetRequest({ ...request, ...(description && { description }) }),
  };
}

function sourceClaim(patch: Patch, namespace: string) {
  const { storage } = (patch as { spec: { resources: { requests: { storage: string } } } }).spec.resources
    .requests;
  const { name } = patch.metadata as { name: string };
  return merged(claim(name, { metadata: { namespace }, status: { capacity: { storage } } }), patch);
}

function instance({ metadata, spec }: VirtualMachine, patch: Patch): VirtualMachineInstance {
  const { name, namespace, uid } = metadata;
  const owner = { apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachine', name, uid, controller: true };
  return merged<VirtualMachineInstance>(
    {
      metadata: { name, namespace, uid: `${uid}-vmi`, ownerReferences: [owner as never] },
      spec: spec.template.spec,
      status: { phase: 'Running', nodeName: 'node-1' },
    },
    patch,
  );
}

/** What cloning gives: the clone's objects and what is said of them, or what stands against it. */
export function outcomeOf({ facts, request }: GoldenCase) {
  const plan = planClone(facts);
  if (plan.blockers.length > 0) return { blockers: plan.blockers, warnings: plan.warnings };
  const source = facts.source as VirtualMachine;
  const identity = newIdentity(source, counting(), facts.otherMacs, facts.request.options);
  const { vm, dataVolumes } = buildTarget({ source, plan, request, identity });
  return {
    warnings: plan.warnings,
    sourceOn: plan.sourceOn,
    shutdownTimeoutSeconds: plan.shutdownTimeoutSeconds,
    expectedDowntime: plan.expectedDowntime,
    configuration: plan.configuration,
    disks: plan.disks,
    changes: plan.changes.map(({ field, change }) => `${change} ${field}`),
    copies: plan.copies,
    vm,
    dataVolumes,
  };
}

const LINE = 100;

/** For people to read and compare: keys in order, what is short on one line. */
export function toYaml(value: object): string {
  return dump(JSON.parse(JSON.stringify(value)), {
    noRefs: true,
    lineWidth: -1,
    transform: (documents) => {
      visit(documents, (node, { depth }) => {
        if (node.kind === 'mapping' && depth > 0)
          node.items.sort((a, b) => (keyOf(a.key) < keyOf(b.key) ? -1 : 1));
        if ((node.kind === 'mapping' || node.kind === 'sequence') && depth > 0 && isShort(node)) {
          node.style = COLLECTION_STYLE.FLOW;
        }
      });
    },
  });
}

function keyOf(key: Node): string {
  return key.kind === 'scalar' ? key.value : '';
}

function isShort(node: Node): boolean {
  return lengthOf(node) <= LINE;
}

function lengthOf(node: Node): number {
  if (node.kind === 'scalar')
    return node.value.includes('\n') ? Number.POSITIVE_INFINITY : node.value.length + 2;
  if (node.kind === 'sequence') return node.items.reduce((sum, item) => sum + lengthOf(item) + 2, 2);
  if (node.kind === 'mapping')
    return node.items.reduce((sum, { key, value }) => sum + lengthOf(key) + lengthOf(value) + 2, 2);
  return 0;
}
