import type { KubernetesResource, PersistentVolumeClaim, Pod } from '../../../../src/clone/resources';
import type { Kind } from '../../../../src/kubernetes';
import type { ResourceQuota } from '../../kinds';
import { isTerminated, requestOf } from '../../objects';
import { formatQuantity, type Quantity, quantityFrom, sumOf, ZERO } from '../../quantity';

/** Amounts by the names that a quota's `hard` gives them. */
export type Usage = Record<string, Quantity>;

const ONE: Quantity = { value: 1, binary: false };
const STORAGE = 'requests.storage';
const CLAIMS = 'persistentvolumeclaims';
const BY_CLASS = '.storageclass.storage.k8s.io/';
/** Counted under their own names too, as they were before there was `count/`. */
const BY_OWN_NAME = ['pods', 'secrets', 'configmaps', 'services', 'resourcequotas', CLAIMS];

/**
 * What one object uses (kubernetes pkg/quota/v1/evaluator/core; other kinds: apiserver pkg/quota/v1/generic).
 * Of pods only their number is counted, not what their containers ask for.
 */
export function usageOf(kind: Kind, object: KubernetesResource): Usage {
  const usage: Usage = { [countName(kind)]: ONE };
  if (kind.group || !BY_OWN_NAME.includes(kind.plural)) return usage;
  switch (kind.plural) {
    case 'pods':
      return isAtEnd(object as Pod) ? usage : { ...usage, pods: ONE };
    case 'services':
      return { ...usage, services: ONE, ...portsOf(object) };
    case CLAIMS:
      return { ...usage, ...claimUsage(object as PersistentVolumeClaim) };
    default:
      return { ...usage, [kind.plural]: ONE };
  }
}

/** Those of a quota's resources that objects of the kind can use. */
export function resourcesOf(kind: Kind, names: string[]): string[] {
  return names.filter((name) => {
    if (name === countName(kind)) return true;
    if (kind.group || !BY_OWN_NAME.includes(kind.plural)) return false;
    if (name === kind.plural) return true;
    if (kind.plural === 'services') return name.startsWith('services.');
    return kind.plural === CLAIMS && (name === STORAGE || name.includes(BY_CLASS));
  });
}

function countName({ plural, group }: Kind): string {
  return group ? `count/${plural}.${group}` : `count/${plural}`;
}

function claimUsage({ spec }: PersistentVolumeClaim): Usage {
  const size = quantityFrom(requestOf({ spec: spec ?? {} })) ?? ZERO;
  const prefix = spec?.storageClassName ? `${spec.storageClassName}${BY_CLASS}` : undefined;
  return {
    [CLAIMS]: ONE,
    [STORAGE]: size,
    ...(prefix && { [prefix + CLAIMS]: ONE, [prefix + STORAGE]: size }),
  };
}

function portsOf(object: KubernetesResource): Usage {
  const { type, ports = [] } = (object as { spec?: { type?: string; ports?: unknown[] } }).spec ?? {};
  const isBalanced = type === 'LoadBalancer';
  return {
    'services.loadbalancers': { value: isBalanced ? 1 : 0, binary: false },
    'services.nodeports': { value: isBalanced || type === 'NodePort' ? ports.length : 0, binary: false },
  };
}

/** One that is deleted and should have stopped by now counts no more, whatever its node says. */
function isAtEnd(pod: Pod): boolean {
  const deleted = pod.metadata.deletionTimestamp;
  return isTerminated(pod) || (deleted !== undefined && Date.parse(deleted) < Date.now());
}

/** True when the quota has no scopes, or the object is a pod within all of them: nothing else has scopes. */
export function isInScope({ spec }: ResourceQuota, kind: Kind, object: KubernetesResource): boolean {
  const scopes = [
    ...(spec?.scopes ?? []).map((scopeName) => ({ scopeName, operator: 'Exists', values: [] as string[] })),
    ...(spec?.scopeSelector?.matchExpressions ?? []),
  ];
  if (scopes.length === 0) return true;
  if (kind.group || kind.plural !== 'pods') return false;
  return scopes.every(({ scopeName, operator, values = [] }) =>
    scopeName === 'PriorityClass'
      ? hasPriority(object as Pod, operator, values)
      : (POD_SCOPES[scopeName]?.(object as Pod) ?? false),
  );
}

const POD_SCOPES: Record<string, (pod: Pod) => boolean> = {
  Terminating: ({ spec }) => typeof spec?.activeDeadlineSeconds === 'number',
  NotTerminating: ({ spec }) => typeof spec?.activeDeadlineSeconds !== 'number',
  BestEffort: (pod) => !asksForResources(pod),
  NotBestEffort: asksForResources,
};

function asksForResources({ spec }: Pod): boolean {
  const containers = (spec?.containers ?? []) as { resources?: { requests?: object; limits?: object } }[];
  return containers.some(
    ({ resources = {} }) => Object.keys({ ...resources.requests, ...resources.limits }).length > 0,
  );
}

function hasPriority({ spec }: Pod, operator: string, values: string[]): boolean {
  const name = spec?.priorityClassName as string | undefined;
  if (operator === 'Exists') return Boolean(name);
  if (operator === 'DoesNotExist') return !name;
  return values.includes(name ?? '') === (operator === 'In');
}

export function addUsage(left: Usage, right: Usage): Usage {
  const sum = { ...left };
  for (const [name, amount] of Object.entries(right)) sum[name] = sumOf(sum[name] ?? ZERO, amount);
  return sum;
}

export function readUsage(amounts: Record<string, string> = {}): Usage {
  return Object.fromEntries(
    Object.entries(amounts).map(([name, text]) => [name, quantityFrom(text) ?? ZERO] as const),
  );
}

/** In the order of the names, amounts in canonical form. */
export function writeUsage(usage: Usage): Record<string, string> {
  return Object.fromEntries(
    Object.entries(usage)
      .sort(([left], [right]) => (left < right ? -1 : 1))
      .map(([name, amount]) => [name, formatQuantity(amount)] as const),
  );
}
