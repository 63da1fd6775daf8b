import { CLONE_WORKFLOW, type VmRef } from '../../src/contract';
import { Kinds } from '../../src/kubernetes';
import { type Clone, type Environment, startEnvironment } from '../support/environment';
import { concerns, refuse } from '../support/faults';
import { makeMachine } from '../support/machines';

const PASSWORD = 'correct-horse-battery-staple';
const USER_DATA = `#cloud-config\nchpasswd: {expire: false, list: "root:${PASSWORD}"}`;

let environment: Environment;
beforeAll(async () => {
  environment = await startEnvironment({ simulator: { copyBytesPerSecond: 2 ** 30 } });
});
afterAll(() => environment?.stop());

async function cloneOf(name: string) {
  const source = await makeMachine(environment, name, { disks: [{ name: 'root', class: 'standard' }] });
  await giveSecret(source);
  const target: VmRef = { namespace: 'demo', name: `${name}-clone` };
  return { source, target, start: () => environment.clone(source, target) };
}

/** A password in the VM's spec itself, as cloud-init has it. */
async function giveSecret(source: VmRef): Promise<void> {
  const { client } = environment;
  const { template } = (await client.get(Kinds.VirtualMachine, source))?.spec ?? {};
  const { domain, volumes = [] } = template?.spec ?? {};
  const disks = [...(domain?.devices?.disks ?? []), { name: 'init', disk: { bus: 'virtio' } }];
  const init = { name: 'init', cloudInitNoCloud: { userData: USER_DATA } };
  const spec = { domain: { devices: { disks } }, volumes: [...volumes, init] };
  await client.patchMerge(Kinds.VirtualMachine, source, { spec: { template: { spec } } });
}

/** All that Temporal keeps of a clone: history, memo, search attributes, heartbeats; payloads as they are and decoded. */
async function keptBy({ handle }: Clone): Promise<string> {
  const [history, { raw }] = await Promise.all([handle.fetchHistory(), handle.describe()]);
  const json = JSON.stringify([history, raw]);
  const payloads = [...json.matchAll(/"data":"([\w+/=]+)"/g)].map(([, data]) =>
    Buffer.from(data as string, 'base64').toString(),
  );
  return [json, ...payloads].join('\n');
}

function expectNoSecret(kept: string, { input }: Clone): void {
  const known = [CLONE_WORKFLOW, input.cloneUid, `${input.source.namespace}/${input.source.name}`];
  const secrets = [PASSWORD, 'chpasswd', Buffer.from(USER_DATA).toString('base64')];
  expect([...known, ...secrets].filter((text) => kept.includes(text))).toEqual(known);
}

describe('what stands in a VM’s spec is in nothing that Temporal keeps of a clone', () => {
  test('that completes; and the clone has it', async () => {
    const { target, start } = await cloneOf('whole');
    const clone = await start();
    expect(await clone.result()).toMatchObject({ outcome: 'Completed' });
    expectNoSecret(await keptBy(clone), clone);
    const made = await environment.client.get(Kinds.VirtualMachine, target);
    expect(JSON.stringify(made?.spec)).toContain(PASSWORD);
  });

  test('that is cancelled in mid-copy', async () => {
    const { start } = await cloneOf('cut');
    const clone = await start();
    await environment.untilHeartbeat(clone, ({ percent }) => percent !== null);
    const underWay = await keptBy(clone);
    expect(underWay.includes('"heartbeatDetails"')).toBe(true);
    expectNoSecret(underWay, clone);
    await clone.cancel();
    expect(await clone.result()).toMatchObject({ outcome: 'Cancelled' });
    expectNoSecret(await keptBy(clone), clone);
  });

  test('that fails, when the cluster’s refusal quotes it', async () => {
    const { target, start } = await cloneOf('refused');
    const field = 'spec.template.spec.volumes[1].cloudInitNoCloud.userData';
    const allow = refuse(environment, (request) => concerns(request, 'CREATE', target), {
      code: 422,
      reason: 'Invalid',
      message: `VirtualMachine.kubevirt.io "${target.name}" is invalid: ${field}: Invalid value: ${JSON.stringify(USER_DATA)}: too weak`,
    });
    const clone = await start();
    await expect(clone.result()).rejects.toThrow();
    allow();
    const kept = await keptBy(clone);
    expect(kept.includes(`${field}: Invalid value`)).toBe(true);
    expectNoSecret(kept, clone);
  });
});
