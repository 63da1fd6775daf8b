import { createHash } from 'node:crypto';
import type { Client } from '@temporalio/client';
import { executionInfoFromRaw } from '@temporalio/client/lib/helpers';
import { CLONE_WORKFLOW, type CloneView, type Phase, SEARCH_ATTRIBUTES, type VmRef } from '../contract';
import type { CloneReader } from './clone-reader';
import { cloneView } from './clone-view';
import { within } from './connection';

export interface CloneFilters {
  /** Of the target. */
  namespace?: string;
  source?: VmRef;
  phase?: Phase;
  /** Under way, or not. */
  open?: boolean;
  /** Under way, or closed since then. */
  openSince?: Date;
}

export interface ListClones {
  filters?: CloneFilters;
  /** At most so many on the page. */
  limit: number;
  pageToken?: string;
  timeoutMs?: number;
  /** Adds what only their endings tell to those that are closed: timings, warnings, disks, the source's downtime. */
  endings?: Pick<CloneReader, 'withEndings'>;
}

export interface ClonePage {
  items: CloneView[];
  /** Hand it in to get the next page; absent on the last. */
  nextPageToken?: string;
}

/** The page token is not one that a list has answered with the same filters. */
export class BadPageToken extends Error {
  override readonly name = 'BadPageToken';
}

/**
 * Clones from Temporal's visibility store, in its own order: those under way, then the closed ones, the latest
 * first. It lags by a moment, and knows no percent of a copy.
 *
 * @throws BadPageToken
 */
export async function listClones(
  client: Client,
  { filters = {}, limit, pageToken, timeoutMs, endings }: ListClones,
): Promise<ClonePage> {
  const { namespace, loadedDataConverter } = client.options;
  const query = queryFor(filters);
  const request = { namespace, query, pageSize: limit, nextPageToken: openToken(query, pageToken) };
  const { executions, nextPageToken } = await within(
    client,
    () => client.workflowService.listWorkflowExecutions(request),
    timeoutMs,
  );
  const infos = await Promise.all(
    (executions ?? []).map((raw) => executionInfoFromRaw(raw, loadedDataConverter, raw, namespace)),
  );
  return {
    items: endings ? await endings.withEndings(infos) : infos.map((info) => cloneView(info)),
    nextPageToken: nextPageToken?.length ? sealToken(query, nextPageToken) : undefined,
  };
}

/** The server's token with a check sum: it takes a token that it did not make for a fault of its own. */
function sealToken(query: string, token: Uint8Array): string {
  return `${Buffer.from(token).toString('base64url')}.${checkSum(query, token)}`;
}

function openToken(query: string, sealed: string | undefined): Uint8Array {
  if (sealed === undefined) return new Uint8Array();
  const [encoded = '', sum] = sealed.split('.');
  const token = Buffer.from(encoded, 'base64url');
  if (sum !== checkSum(query, token))
    throw new BadPageToken('No list with the same filters has answered it.');
  return token;
}

function checkSum(query: string, token: Uint8Array): string {
  return createHash('sha256').update(query).update('\0').update(token).digest('base64url').slice(0, 16);
}

/** A visibility query. A phase is no more than what the workflow last said of itself: its status comes first. */
export function queryFor({ namespace, source, phase, open, openSince }: CloneFilters): string {
  const parts = [`WorkflowType = ${quoted(CLONE_WORKFLOW)}`];
  if (namespace !== undefined) parts.push(`${SEARCH_ATTRIBUTES.namespace} = ${quoted(namespace)}`);
  if (source) parts.push(`${SEARCH_ATTRIBUTES.source} = ${quoted(`${source.namespace}/${source.name}`)}`);
  if (open !== undefined) parts.push(`ExecutionStatus ${open ? '=' : '!='} 'Running'`);
  if (openSince) {
    parts.push(`(ExecutionStatus = 'Running' OR CloseTime > ${quoted(openSince.toISOString())})`);
  }
  if (phase) parts.push(phaseQuery(phase));
  return parts.join(' AND ');
}

function phaseQuery(phase: Phase): string {
  const said = `${SEARCH_ATTRIBUTES.phase} = ${quoted(phase)}`;
  switch (phase) {
    case 'Completed':
      return `(ExecutionStatus = 'Completed' AND ${said})`;
    case 'Cancelled':
      return `(ExecutionStatus = 'Canceled' OR (ExecutionStatus = 'Completed' AND ${said}))`;
    case 'Failed':
      return `ExecutionStatus IN ('Failed', 'Terminated', 'TimedOut')`;
    default:
      return `(ExecutionStatus = 'Running' AND ${said})`;
  }
}

function quoted(value: string): string {
  return `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
