import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { WorkflowHandle } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils';

const FOLDER = path.join(__dirname, 'histories');

/** A recorded execution: replay needs the id that it ran under. */
export interface RecordedHistory {
  workflowId: string;
  history: { events: { [field: string]: unknown }[] };
}

export function recordedNames(): string[] {
  return readdirSync(FOLDER).map((file) => path.basename(file, '.json'));
}

export function readHistory(name: string): RecordedHistory {
  return JSON.parse(readFileSync(path.join(FOLDER, `${name}.json`), 'utf8'));
}

/** Writes an execution's history, without what tells of the machine that it ran on. */
export async function recordHistory(name: string, handle: WorkflowHandle): Promise<void> {
  const history = JSON.parse(historyToJSON(await handle.fetchHistory()));
  const recorded = { workflowId: handle.workflowId, history: withoutOrigin(history) };
  writeFileSync(path.join(FOLDER, `${name}.json`), `${JSON.stringify(recorded, null, 1)}\n`);
}

const ORIGIN = ['stackTrace', 'identity', 'requestId', 'binaryChecksum'];

function withoutOrigin(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutOrigin);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => !ORIGIN.includes(name))
      .map(([name, each]) => [name, withoutOrigin(each)]),
  );
}
