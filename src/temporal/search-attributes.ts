import type { Client } from '@temporalio/client';
import { defineSearchAttributeKey, type SearchAttributePair } from '@temporalio/common';
import { type Phase, SEARCH_ATTRIBUTES, type VmRef } from '../contract';
import { within } from './connection';

export const SearchAttributeKeys = {
  phase: defineSearchAttributeKey(SEARCH_ATTRIBUTES.phase, 'KEYWORD'),
  source: defineSearchAttributeKey(SEARCH_ATTRIBUTES.source, 'KEYWORD'),
  namespace: defineSearchAttributeKey(SEARCH_ATTRIBUTES.namespace, 'KEYWORD'),
  requestedBy: defineSearchAttributeKey(SEARCH_ATTRIBUTES.requestedBy, 'KEYWORD'),
} as const;

/** What a clone can be found by in lists. `namespace` is the target's. */
export function searchAttributesOf(clone: {
  phase: Phase;
  source: VmRef;
  target: VmRef;
  requestedBy: string;
}): SearchAttributePair[] {
  return [
    { key: SearchAttributeKeys.phase, value: clone.phase },
    { key: SearchAttributeKeys.source, value: `${clone.source.namespace}/${clone.source.name}` },
    { key: SearchAttributeKeys.namespace, value: clone.target.namespace },
    { key: SearchAttributeKeys.requestedBy, value: clone.requestedBy },
  ];
}

/** `temporal.api.enums.v1.IndexedValueType` */
const KEYWORD = 2;

/** Registers those search attributes that the namespace lacks: without them no clone can be started. */
export async function ensureSearchAttributes(client: Client): Promise<void> {
  const { namespace } = client.options;
  const { operatorService } = client.connection;
  const { customAttributes } = await within(client, () =>
    operatorService.listSearchAttributes({ namespace }),
  );
  const missing = Object.values(SEARCH_ATTRIBUTES).filter((name) => !(name in customAttributes));
  if (missing.length === 0) return;
  const searchAttributes = Object.fromEntries(missing.map((name) => [name, KEYWORD]));
  await within(client, () => operatorService.addSearchAttributes({ namespace, searchAttributes }));
}
