import { MARKS } from '../contract';
import type { VirtualMachine } from './resources';

/** A field in which the clone's VM differs from its source's. Named elements of lists stand in brackets. */
export interface FieldChange {
  /** `spec.template.spec.domain.devices.interfaces[default].macAddress` */
  field: string;
  change: 'added' | 'changed' | 'removed';
}

type Parts = Pick<VirtualMachine, 'spec'> & {
  metadata: Pick<VirtualMachine['metadata'], 'labels' | 'annotations'>;
};

/** Written by the cluster, by itself. */
const BOOKKEEPING = /-observed-api-version$|^kubemacpool\.io\//;

/**
 * The fields that a clone changes, as the two objects themselves tell: name and namespace, what only the cluster
 * writes, and our own marks left aside. Says no values: they may be secret.
 */
export function fieldChanges(source: VirtualMachine, target: VirtualMachine): FieldChange[] {
  const changes: FieldChange[] = [];
  compare(changes, '', parts(source), parts(target));
  return changes;
}

function parts({ metadata: { labels = {}, annotations = {} }, spec }: VirtualMachine): Parts {
  return { metadata: { labels: unmarked(labels), annotations: unmarked(annotations) }, spec };
}

function unmarked(entries: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(entries).filter(([key]) => !key.startsWith(MARKS.prefix) && !BOOKKEEPING.test(key)),
  );
}

function compare(changes: FieldChange[], field: string, before: unknown, after: unknown): void {
  if (isEmpty(before) && isEmpty(after)) return;
  if (isObject(before) && isObject(after)) {
    const [a, b] = [entriesOf(before), entriesOf(after)];
    for (const key of new Set([...a.keys(), ...b.keys()])) {
      compare(changes, joined(field, key, before), a.get(key), b.get(key));
    }
  } else if (isEmpty(before) !== isEmpty(after)) {
    changes.push({ field, change: isEmpty(before) ? 'added' : 'removed' });
  } else if (before !== after) {
    changes.push({ field, change: 'changed' });
  }
}

/** Elements of a list go by their name where they have one: their place says nothing. */
function entriesOf(holder: object): Map<string, unknown> {
  if (!Array.isArray(holder)) return new Map(Object.entries(holder));
  return new Map(
    holder.map((element, index) => [element?.name ?? element?.metadata?.name ?? String(index), element]),
  );
}

function joined(field: string, key: string, holder: object): string {
  const isPlain = /^[A-Za-z_][\w-]*$/.test(key);
  if (Array.isArray(holder) || !isPlain) return `${field}[${key}]`;
  return field ? `${field}.${key}` : key;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** The API server writes null where there is no time. */
function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || (isObject(value) && Object.keys(value).length === 0);
}
