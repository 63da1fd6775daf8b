import { internalError } from '../../simulator/apiserver';
import type { VirtualMachine } from '../../src/clone';
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
