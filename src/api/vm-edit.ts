import type { RequestHandler } from 'express';
import { type EditedPart, editFaults, editOperations, type VmEdit } from '../clone/edit';
import type { VirtualMachine } from '../clone/resources';
import { vmRow } from '../clone/status';
import type { VmRef } from '../contract';
import { ApiError, isCode, isFailedTest, Kinds } from '../kubernetes';
import { callerOf } from './caller';
import type { ApiDeps } from './deps';
import { type FreshVm, isRefusal, noSuchVm, readFresh, refuseUnlessEnabled } from './fresh-vm';
import { parseBody, parsePath, parseQuery } from './parse';
import { invalidRequest, Problem, unavailable } from './problem';
import { vmPathSchema } from './schemas';
import { changedSince, detailOf } from './vm-detail';
import { editVmSchema, nothingSchema } from './vm-schemas';

/** The second try is for what changed beside the edited parts. */
const TRIES = 2;

/** `PATCH /vms/{namespace}/{name}` */
export function vmEditRoute({ cluster, logger }: Pick<ApiDeps, 'cluster' | 'logger'>): RequestHandler {
  /** Throws `vm-not-found`, `action-refused`, `vm-changed`, `invalid-request`, `vm-refused`. */
  async function edit(ref: VmRef, version: string, wanted: VmEdit): Promise<FreshVm & { written: boolean }> {
    for (let tries = 0; tries < TRIES; tries += 1) {
      const found = await readFresh(cluster, ref);
      refuseUnlessEnabled(found, 'edit');
      await refuseIfChanged(found, version);
      const faults = editFaults(found.vm, wanted);
      if (faults.length > 0) throw invalidRequest(faults);
      const operations = editOperations(found.vm, wanted);
      if (operations.length === 0) return { ...found, written: false };
      const vm = await write(() => cluster.patchJson(Kinds.VirtualMachine, ref, operations), ref);
      if (vm) return { vm, vmi: found.vmi, row: vmRow({ vm, vmi: found.vmi }), written: true };
    }
    throw unavailable(`${ref.namespace}/${ref.name} is being changed by others. Try again in a moment.`);
  }

  async function refuseIfChanged(found: FreshVm, version: string): Promise<void> {
    const changed = changedSince(version, found.vm);
    if (changed.length === 0) return;
    const current = await detailOf(cluster, found);
    const detail = `Somebody has changed ${listed(changed)} of ${found.row.name} meanwhile: look at it again before you change it.`;
    throw new Problem('vm-changed', detail, { current });
  }

  return async (request, response) => {
    const ref = parsePath(vmPathSchema, request);
    parseQuery(nothingSchema, request);
    const { version, ...wanted } = parseBody(editVmSchema, request);
    const { written, ...edited } = await edit(ref, version, wanted);
    if (written) {
      const fields = Object.keys(wanted);
      const vm = `${ref.namespace}/${ref.name}`;
      logger.info({ vm, action: 'edit', fields, requestedBy: callerOf(request) }, 'VM action asked');
    }
    response.json(await detailOf(cluster, edited));
  };
}

/** Undefined where the VM was not as it had been read. */
async function write(patch: () => Promise<VirtualMachine>, ref: VmRef): Promise<VirtualMachine | undefined> {
  try {
    return await patch();
  } catch (error) {
    if (isFailedTest(error) || isCode(error, 409)) return undefined;
    if (isCode(error, 404)) throw noSuchVm(ref);
    if (!(error instanceof ApiError) || !isRefusal(error)) throw error;
    throw new Problem('vm-refused', `The cluster refused the change: ${error.message}`);
  }
}

const WORDS: Readonly<Record<EditedPart, string>> = {
  description: 'the description',
  cpus: 'the CPUs',
  memory: 'the memory',
  instancetype: 'the instancetype',
};

function listed(parts: readonly EditedPart[]): string {
  const words = parts.map((part) => WORDS[part]);
  const last = words.pop();
  return words.length > 0 ? `${words.join(', ')} and ${last}` : (last ?? '');
}
