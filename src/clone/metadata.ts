import { DESCRIPTION_ANNOTATION, type Edits, MARKS } from '../contract';

type Entries = Record<string, string> | undefined;

/** Labels by which KubeVirt and templates name the VM. */
const NAME_LABELS = new Set([
  'vm.kubevirt.io/name',
  'kubevirt.io/vm',
  'kubevirt.io/domain',
  'harvesterhci.io/vmName',
]);
/** Labels that often hold the VM's name, and then select it. */
const APP_LABELS = new Set([
  'app',
  'app.kubernetes.io/name',
  'app.kubernetes.io/instance',
  'k8s-app',
  'name',
  'vm',
  'instance',
]);

/** Tools that deploy, restore and prune, by the labels and annotations that they leave: a clone is not theirs. */
const DEPLOYMENT_TOOLS: readonly RegExp[] = [
  /^argocd\.argoproj\.io\//,
  /\.toolkit\.fluxcd\.io\//,
  /^fluxcd\.io\//,
  /^helm\.sh\//,
  /^applyset\.kubernetes\.io\//,
  /^objectset\.rio\.cattle\.io\//,
  /^kapp\.k14s\.io\//,
  /^velero\.io\//,
];

/** Labels of them, and of what scales: of no clone either. */
const DEPLOYMENT_LABELS: readonly RegExp[] = [
  ...DEPLOYMENT_TOOLS,
  /^app\.kubernetes\.io\/managed-by$/,
  /^app\.kubernetes\.io\/instance$/,
  // The VirtualMachinePool that made the source has not made the clone.
  /^kubevirt\.io\/vm-pool-/,
];

/** Annotations that tell of the source's own past, place or addresses (kubevirt-rules, Identity). */
const OWN_ANNOTATIONS: readonly RegExp[] = [
  /^restore\.kubevirt\.io\//,
  /^kubectl\.kubernetes\.io\/last-applied-configuration$/,
  /^kubevirt\.io\/[a-z]+-observed-api-version$/,
  ...DEPLOYMENT_TOOLS,
  /^meta\.helm\.sh\//,
  /^config\.k8s\.io\/owning-inventory$/,
  // Networks: what was given out to the source; what chooses a network stays.
  /^k8s\.v1\.cni\.cncf\.io\/networks?-status$/,
  /^cni\.projectcalico\.org\/(ipAddrs|ipAddrsNoIpam|floatingIPs|podIPs?|hwAddr|containerID)$/,
  /^cni\.cilium\.io\/mac-address$/,
  /^k8s\.ovn\.org\//,
  /(^|\.)ovn\.kubernetes\.io\/(allocated|routed|cidr|gateway|ip_address|ip_pool|mac_address)$/,
  /^kubemacpool\.io\//,
  /^network\.kubevirt\.io\/addresses$/,
  /^network\.harvesterhci\.io\//,
  /^harvesterhci\.io\/volumeClaimTemplates$/,
];

/** They choose networks, and may ask for addresses there (Multus). */
const NETWORK_CHOICES = ['k8s.v1.cni.cncf.io/networks', 'v1.multus-cni.io/default-network'];
const ASKS_FOR_ADDRESS = /"(ips|mac)"/;

/**
 * Labels that a clone takes over: ours and the deployment tools' go; those that name the VM name the clone.
 * Otherwise a deployment tool would prune the clone, and Services and selectors would mistake it for its source.
 */
export function carriedLabels(labels: Entries, source: string, target: string): Record<string, string> {
  const carried: Record<string, string> = {};
  for (const [key, value] of Object.entries(labels ?? {})) {
    if (key.startsWith(MARKS.prefix)) continue;
    if (NAME_LABELS.has(key) || (APP_LABELS.has(key) && value === source)) carried[key] = target;
    else if (!DEPLOYMENT_LABELS.some((pattern) => pattern.test(key))) carried[key] = value;
  }
  return carried;
}

/** Annotations that a clone takes over: not ours, and none that belongs to the source alone. */
export function carriedAnnotations(annotations: Entries): Record<string, string> {
  return Object.fromEntries(
    Object.entries(annotations ?? {}).filter(
      ([key, value]) =>
        !key.startsWith(MARKS.prefix) &&
        key !== DESCRIPTION_ANNOTATION &&
        !OWN_ANNOTATIONS.some((pattern) => pattern.test(key)) &&
        !(NETWORK_CHOICES.includes(key) && ASKS_FOR_ADDRESS.test(value)),
    ),
  );
}

/** What the caller wants to stand there, or not to; our own marks are nobody's to set. */
export function edited(entries: Record<string, string>, edits: Edits = {}): Record<string, string> {
  const merged: Edits = { ...entries, ...edits };
  return Object.fromEntries(
    Object.entries(merged).filter(
      (entry): entry is [string, string] => entry[1] !== null && !entry[0].startsWith(MARKS.prefix),
    ),
  );
}
