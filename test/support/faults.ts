import { type AdmissionRequest, failure, internalError } from '../../simulator/apiserver';
import type { VirtualMachine } from '../../src/clone';
import type { VmRef } from '../../src/contract';
import type { Environment } from './environment';

/** Lets the test decide whether a Manual VM of that name can be started: virt-api notes a Start in its status. */
export function refuseStarts({ simulator }: Environment, name: string) {
  let refusing = false;
  simulator.apiServer.addAdmission({
    validating: [
      async ({ kind, object, oldObject, ...request }) => {
        if (!refusing || kind.kind !== 'VirtualMachine' || request.name !== name) return;
        if (startsIn(object) > startsIn(oldObject)) {
          throw internalError('no starts now');
        }
      },
    ],
  });
  return {
    refuse: () => {
      refusing = true;
    },
    allow: () => {
      refusing = false;
    },
  };
}

function startsIn(object: unknown): number {
  const requests = (object as VirtualMachine | undefined)?.status?.stateChangeRequests ?? [];
  return requests.filter(({ action }) => action === 'Start').length;
}

/** The cluster's admission refuses those requests, with that answer, until the returned function is called. */
export function refuse(
  { simulator }: Environment,
  isRefused: (request: AdmissionRequest) => boolean,
  answer: { code: number; reason: string; message: string } = {
    code: 403,
    reason: 'Forbidden',
    message: 'admission webhook "policy.example.org" denied the request',
  },
): () => void {
  return simulator.apiServer.addAdmission({
    validating: [
      (request) => {
        if (isRefused(request)) throw failure(answer.code, answer.reason, answer.message);
      },
    ],
  });
}

/** Whether it would write to, or delete, that VM itself, and not only tries. */
export function concerns(
  { operation, kind, subresource, namespace, name, dryRun }: AdmissionRequest,
  asked: 'CREATE' | 'UPDATE' | 'DELETE',
  vm: VmRef,
): boolean {
  const isVm = kind.kind === 'VirtualMachine' && !subresource && !dryRun;
  return isVm && operation === asked && namespace === vm.namespace && name === vm.name;
}
