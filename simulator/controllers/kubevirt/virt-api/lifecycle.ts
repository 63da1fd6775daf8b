import type { PatchOperation, VirtualMachine, VirtualMachineInstance } from '../../../../src/clone/resources';
import { type ClusterClient, Kinds } from '../../../../src/kubernetes';
import { badRequest, type SubresourceHandler } from '../../../apiserver';
import { KubeVirtKinds } from '../kinds';
import { hasCondition, isFinal, runStrategyOf } from '../objects';
import { asInternalError, bodyOf, internal, vmConflict, vmiNotFound, vmNotFound } from './answers';

type Request = NonNullable<VirtualMachine['status']>['stateChangeRequests'];

const ACCEPTED = { code: 202 };
const NOT_RUNNING = 'VM is not running';
const NEEDS_RECOVERY =
  'VM recovery required: Volume migration failed, leaving some volumes pointing to non-consistent targets; manual intervention is needed to reassign them to their original volumes.';

/** What one request to `start`, `stop` or `restart` works with. */
interface Call {
  client: ClusterClient;
  vm: VirtualMachine;
  vmi?: VirtualMachineInstance;
  strategy: string;
  body: Record<string, unknown>;
}

/**
 * The power subresources of a VirtualMachine, by run strategy (pkg/virt-api/rest/lifecycle.go). They write the
 * VM with virt-api's account, and answer before anything has happened.
 */
export function lifecycleHandlers(client: ClusterClient): Record<string, SubresourceHandler> {
  const handler =
    (act: (call: Call) => Promise<void>): SubresourceHandler =>
    async ({ namespace, name, body }) => {
      const sent = bodyOf(body);
      const vm = await client.get(Kinds.VirtualMachine, { namespace, name });
      if (!vm) throw vmNotFound(name);
      const vmi = await client.get(Kinds.VirtualMachineInstance, { namespace, name });
      await act({ client, vm, vmi, strategy: runStrategyOf(vm), body: sent });
      return ACCEPTED;
    };
  return {
    start: handler(start),
    stop: handler(stop),
    restart: handler(restart),
    migrate: handler(migrate),
  };
}

async function start(call: Call): Promise<void> {
  const { vm, vmi, strategy, body } = call;
  const { name } = vm.metadata;
  if (vmi && !isFinal(vmi) && vmi.status?.phase && vmi.status.phase !== 'Unknown') {
    throw vmConflict(name, 'VM is already running');
  }
  if (hasCondition(vm.status?.conditions, 'ManualRecoveryRequired', 'True')) {
    throw vmConflict(name, NEEDS_RECOVERY);
  }
  const data = body.paused === true ? { paused: 'true' } : undefined;
  const request = { action: 'Start' as const, ...(data && { data }) };
  switch (strategy) {
    case 'Halted':
      return data ? requestChange(call, request) : setRunning(call, true);
    case 'RerunOnFailure':
    case 'Manual': {
      const phase = vmi?.status?.phase;
      if (strategy === 'RerunOnFailure' && phase === 'Failed') {
        throw vmConflict(name, `${strategy} does not support starting VM from failed state`);
      }
      const stopFirst = vmi && (phase === 'Succeeded' || phase === 'Failed');
      if (!stopFirst) return requestChange(call, request);
      return requestChange(call, { action: 'Stop', uid: vmi.metadata.uid }, request);
    }
    case 'Always':
    case 'Once':
      throw vmConflict(name, `${strategy} does not support manual start requests`);
  }
}

async function stop(call: Call): Promise<void> {
  const { vm, vmi, strategy, body } = call;
  const { name } = vm.metadata;
  const asked = body.gracePeriod as number | null | undefined;
  const running = vmi && !isFinal(vmi) ? vmi : undefined;
  const before = running?.spec?.terminationGracePeriodSeconds;
  if (running && typeof asked === 'number') await shortenGracePeriod(call, running, asked);
  switch (strategy) {
    case 'Halted': {
      if (!running) throw vmConflict(name, NOT_RUNNING);
      const shorter = typeof asked === 'number' && (before === undefined || asked < before);
      if (!shorter) {
        throw vmConflict(name, `${strategy} only supports manual stop requests with a shorter graceperiod`);
      }
      return requestChange(call, { action: 'Stop', uid: running.metadata.uid });
    }
    case 'RerunOnFailure':
    case 'Manual':
      if (!running) throw vmConflict(name, NOT_RUNNING);
      return requestChange(call, { action: 'Stop', uid: running.metadata.uid });
    case 'Always':
    case 'Once':
      return setRunning(call, false);
  }
}

async function restart(call: Call): Promise<void> {
  const { vm, vmi, strategy, body } = call;
  const { name } = vm.metadata;
  const asked = body.gracePeriodSeconds as number | null | undefined;
  if (typeof asked === 'number' && asked > 0) {
    throw badRequest('For force restart, only gracePeriod=0 is supported for now');
  }
  if (typeof asked === 'number' && asked < 0) {
    throw badRequest('gracePeriod has to be greater or equal to 0');
  }
  if (hasCondition(vm.status?.conditions, 'VolumesChange', 'True')) throw vmConflict(name, NEEDS_RECOVERY);
  if (strategy === 'Halted' || strategy === 'Once') {
    throw vmConflict(name, `RunStategy ${strategy} does not support manual restart requests`);
  }
  if (!vmi) throw vmConflict(name, 'VM is not running: Halted');
  if (asked === 0) await shortenGracePeriod(call, vmi, 1);
  await requestChange(call, { action: 'Stop', uid: vmi.metadata.uid }, { action: 'Start' });
}

/** Asks for a migration of the VMI; what its webhook has against it is an internal error. */
async function migrate({ client, vm, vmi, body }: Call): Promise<void> {
  const { namespace, name } = vm.metadata;
  if (!vmi) throw vmiNotFound(name);
  if (vmi.status?.phase !== 'Running') throw vmConflict(name, NOT_RUNNING);
  const addedNodeSelector = body.addedNodeSelector as Record<string, string> | undefined;
  await asInternalError(
    client.create(KubeVirtKinds.Migration, {
      metadata: { name: '', generateName: 'kubevirt-migrate-vm-', namespace },
      spec: { vmiName: name, addedNodeSelector },
    }),
  );
}

/** Leaves requests for virt-controller; refuses when earlier ones are still there, but for a lone stop. */
async function requestChange(call: Call, ...requests: NonNullable<Request>): Promise<void> {
  const { client, vm } = call;
  const { namespace, name } = vm.metadata;
  const path = '/status/stateChangeRequests';
  const operations: PatchOperation[] = [];
  const pending = vm.status?.stateChangeRequests ?? [];
  if (!vm.status || Object.keys(vm.status).length === 0) {
    operations.push({ op: 'add', path: '/status', value: { stateChangeRequests: requests } });
  } else {
    operations.push({ op: 'test', path, value: vm.status.stateChangeRequests ?? null });
    const isStop = requests.length === 1 && requests[0]?.action === 'Stop';
    if (pending.length > 0 && !isStop) {
      throw internal('unable to complete request: stop/start already underway');
    }
    operations.push({ op: pending.length > 0 ? 'replace' : 'add', path, value: requests });
  }
  if (vm.status?.startFailure) operations.push({ op: 'remove', path: '/status/startFailure' });
  await asInternalError(
    client.patchJson(Kinds.VirtualMachine, { namespace, name }, operations, { subresource: 'status' }),
  );
}

/** Switches the VM in the form that its spec uses. */
async function setRunning({ client, vm }: Call, running: boolean): Promise<void> {
  const { namespace, name } = vm.metadata;
  const byStrategy = vm.spec.runStrategy !== undefined;
  const path = byStrategy ? '/spec/runStrategy' : '/spec/running';
  const strategy = running ? 'Always' : 'Halted';
  await asInternalError(
    client.patchJson(Kinds.VirtualMachine, { namespace, name }, [
      { op: 'test', path, value: byStrategy ? vm.spec.runStrategy : vm.spec.running },
      { op: 'replace', path, value: byStrategy ? strategy : running },
    ]),
  );
}

async function shortenGracePeriod(
  { client }: Call,
  { metadata, spec }: VirtualMachineInstance,
  seconds: number,
): Promise<void> {
  const { namespace, name } = metadata;
  const path = '/spec/terminationGracePeriodSeconds';
  const old = spec?.terminationGracePeriodSeconds;
  await asInternalError(
    client.patchJson(Kinds.VirtualMachineInstance, { namespace, name }, [
      { op: 'test', path, value: old ?? null },
      { op: old === undefined ? 'add' : 'replace', path, value: seconds },
    ]),
  );
}
