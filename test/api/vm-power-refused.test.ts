import { forbidden } from '../../simulator/apiserver/errors';
import { Kinds } from '../../src/kubernetes';
import { expectProblem } from './support';
import { useVmStage } from './vm-stage';

/* What KubeVirt refuses of a VM whose status alone would allow it: the list says so, and so does the answer. */

const at = useVmStage();

async function expectBothRefuse(verb: 'start' | 'stop', action: 'run' | 'shutDown', reason: RegExp) {
  const { stage } = at;
  const row = async () => (await stage.ask('GET')).body.actions[action];
  await stage.until(async () => !(await row()).enabled);
  expect((await row()).reason).toMatch(reason);
  const answer = await stage.ask('POST', verb);
  expectProblem(answer, 409, 'action-refused');
  expect(answer.body.detail).toMatch(reason);
  expect(stage.logged).toEqual([]);
}

test.each([
  ['snapshotInProgress', 'Halted', 'start', 'run', /is in a snapshot right now/],
  ['restoreInProgress', 'Halted', 'start', 'run', /is being restored/],
  ['snapshotInProgress', 'Always', 'stop', 'shutDown', /is in a snapshot right now/],
] as const)('%s, %s: %s', async (mark, runStrategy, verb, action, reason) => {
  const { cluster, namespace, ref } = at.stage;
  if (runStrategy === 'Always') await cluster.runVm(namespace, 'vm', { runStrategy });
  else await cluster.makeVm(namespace, 'vm', { runStrategy });
  await at.stage.untilShown(runStrategy === 'Always' ? 'Running' : 'Off');
  await cluster.client.patchMerge(
    Kinds.VirtualMachine,
    ref,
    { status: { [mark]: 'it' } },
    { subresource: 'status' },
  );
  await expectBothRefuse(verb, action, reason);
});

test('what a policy refuses KubeVirt of its own patch is a refusal in the cluster’s words, and no fault', async () => {
  const { stage } = at;
  await stage.cluster.makeVm(stage.namespace, 'vm', { runStrategy: 'Halted' });
  await stage.untilShown('Off');
  stage.onNextWrite(
    ({ user }) => user.name.endsWith(':kubevirt-apiserver'),
    async () => {
      throw forbidden(
        { group: 'kubevirt.io', plural: 'virtualmachines' },
        'vm',
        "ValidatingAdmissionPolicy 'quiet-hours' with binding 'all' denied request: not at night",
      );
    },
  );
  const answer = await stage.ask('POST', 'start');
  expectProblem(answer, 409, 'action-refused');
  expect(answer.body.detail).toMatch(/^The cluster refused: .*quiet-hours.*not at night$/);
  expect(stage.logged).toEqual([]);
});
