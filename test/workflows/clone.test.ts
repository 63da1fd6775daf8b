import { MARKS } from '../../src/contract';
import { Kinds } from '../../src/kubernetes';
import { type Environment, startEnvironment } from '../support/environment';
import { makeMachine } from '../support/machines';

let environment: Environment;
beforeAll(async () => {
  environment = await startEnvironment();
});
afterAll(() => environment.stop());

test('a running VM is cloned: the source runs again as before, the clone runs under its own identity', async () => {
  const source = await makeMachine(environment, 'web', {
    disks: [{ name: 'root' }, { name: 'data', gib: 2, class: 'standard' }],
  });
  const before = await environment.client.get(Kinds.VirtualMachine, source);
  const target = { namespace: 'demo', name: 'web-clone' };

  const clone = await environment.clone(source, target, { description: 'for tests' });
  const last = await clone.result();

  expect(last).toMatchObject({ outcome: 'Completed', phase: 'Completed' });
  expect(last.disks).toEqual([
    expect.objectContaining({ name: 'root', bytes: 2 ** 30, percent: 100 }),
    expect.objectContaining({ name: 'data', bytes: 2 ** 31, percent: 100 }),
  ]);
  expect(last.sourceDowntimeSeconds).toBeGreaterThan(0);

  const after = await environment.client.get(Kinds.VirtualMachine, source);
  expect(after?.spec).toEqual(before?.spec);
  expect(Object.keys(after?.metadata.annotations ?? {})).not.toContainEqual(
    expect.stringContaining(MARKS.prefix),
  );
  await environment.untilRunning(source);

  await environment.untilRunning(target);
  const made = await environment.client.get(Kinds.VirtualMachine, target);
  expect(made?.spec.runStrategy).toBe('Always');
  expect(made?.metadata.annotations).toMatchObject({ description: 'for tests' });
  expect(made?.metadata.annotations).not.toHaveProperty([MARKS.inProgress]);
  expect(made?.spec.template.spec.domain.firmware?.uuid).not.toBe(
    after?.spec.template.spec.domain.firmware?.uuid,
  );
});
