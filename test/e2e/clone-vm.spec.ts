import type { VmRef } from '../../src/contract';
import { Kinds } from '../../src/kubernetes';
import { powerOf } from '../support/invariants';
import { ClusterState } from './cluster-state';
import { COPIED_DISK, expect, testsWith } from './world';

/* Each sentence of clone-vm.md on the list, and on what a clone is. The others stand in the files beside this one. */

const test = testsWith();
const OFF = { power: { runStrategy: 'Halted' } } as const;
const SHUT_DOWN_WARNING = (name: string) =>
  `The VM ${name} is still running. It will be powered off while cloning and turned back on once the clone finishes.`;

const cloneOf = ({ namespace, name }: VmRef): VmRef => ({ namespace, name: `${name}-clone` });

test('Cloning a VM allows the user to quickly create an identical copy of a virtual machine while powered off.', async ({
  world,
  ui,
}) => {
  const cluster = new ClusterState(world);
  const data = { name: 'data', gib: 1 };
  const source = await world.vm('identical', { ...OFF, disks: [COPIED_DISK, data] });
  await cluster.writeDisk(source, 'root', 'a system');
  await cluster.writeDisk(source, 'data', 'what people wrote');
  await world.holdCopies(source, 50);
  await ui.open();
  const clone = await ui.clone(source);
  await expect(ui.status(clone)).toHaveText(/^Cloning \(\d+%\)$/);
  expect(await cluster.hasGuest(source)).toBe(false);
  await world.releaseCopies(source);
  await expect(ui.status(clone)).toHaveText('Running');

  const shapeOf = async (vm: VmRef) => {
    const { domain, networks } = (await world.vmNow(vm)).spec.template.spec;
    const { firmware, ...hardware } = domain;
    const interfaces = hardware.devices?.interfaces?.map(({ macAddress, ...nic }) => nic);
    return { hardware: { ...hardware, devices: { ...hardware.devices, interfaces } }, networks };
  };
  expect(await shapeOf(clone)).toEqual(await shapeOf(source));
  for (const disk of ['root', 'data']) {
    expect(await cluster.disk(clone, disk)).toEqual(await cluster.disk(source, disk));
  }
});

test('Cloning is accessed from the VM List View.', async ({ world, ui }) => {
  const source = await world.vm('reached', OFF);
  await ui.page.goto(world.url);
  await expect(ui.page.getByRole('heading', { name: 'Virtual Machines', level: 1 })).toBeVisible();
  const modal = await ui.openCloneModal(source);
  await expect(modal.root.getByRole('heading', { name: 'Clone Virtual Machine' })).toBeVisible();
  await modal.cancel.click();
  await expect(modal.root).toBeHidden();
  await expect(ui.kebab(source)).toBeFocused();
  await expect(ui.row(cloneOf(source))).toBeHidden();
});

test('All item filters should be turned off by default, ensuring that all VMs are shown to the user.', async ({
  world,
  ui,
}) => {
  const cluster = new ClusterState(world);
  const { client } = world.environment;
  await world.vm('shown-running');
  await world.vm('shown-off', { ...OFF, namespace: 'elsewhere' });
  const paused = await world.vm('shown-paused');
  const failing = await world.vm('shown-failing', OFF);
  await cluster.steer(failing, 'boot-seconds', 'fails');
  await client.act(failing, 'start');

  await ui.open();
  await ui.choose(paused, 'Pause');
  await ui.showsActive([]);
  await expect(ui.status(paused)).toHaveText('Paused');
  await expect(ui.status(failing)).toHaveText('Error: CrashLoopBackOff');
  const { items } = await client.list(Kinds.VirtualMachine);
  await expect(ui.itemCount).toHaveText(`${items.length} of ${items.length} items`);
  for (const { metadata } of items) {
    await expect(ui.row({ namespace: metadata.namespace ?? '', name: metadata.name })).toBeVisible();
  }
});

for (const [state, power, entries] of [
  ['online', { runStrategy: 'Always' }, ['Edit', 'Clone', 'Pause', 'Restart', 'Shut down', 'Delete']],
  ['offline', { runStrategy: 'Halted' }, ['Run', 'Edit', 'Clone', 'Delete']],
] as const) {
  test(`The Clone option should appear in the kebab menu whether the source is online or offline: ${state}.`, async ({
    world,
    ui,
  }) => {
    const source = await world.vm(`kebab-${state}`, { power });
    await ui.open();
    const menu = await ui.menu(source);
    await expect(menu.getByRole('menuitem')).toHaveText([...entries]);
    await expect(menu.getByRole('menuitem', { name: 'Clone' })).toBeEnabled();
  });
}

test('If the VM is powered on, a warning will appear at the top of the Clone Virtual Machine modal.', async ({
  world,
  ui,
}) => {
  const on = await world.vm('warned');
  const off = await world.vm('not-warned', OFF);
  await ui.open();
  const modal = await ui.openCloneModal(on);
  await expect(modal.warning).toHaveText(`Warning alert:${SHUT_DOWN_WARNING('warned')}`);
  const [warning, name] = await Promise.all([modal.warning.boundingBox(), modal.name.boundingBox()]);
  expect(warning?.y).toBeLessThan(name?.y ?? 0);
  await modal.cancel.click();
  await expect((await ui.openCloneModal(off)).warning).toBeHidden();
});

test('Running VMs will be shut down automatically if the user proceeds with a clone and then turned back on once the clone finishes.', async ({
  world,
  ui,
}) => {
  const cluster = new ClusterState(world);
  const power = { runStrategy: 'RerunOnFailure' } as const;
  const source = await world.vm('comes-back', { power, disks: [COPIED_DISK] });
  const before = await powerOf(world.environment, source);
  await world.holdCopies(source, 25);
  await ui.open();
  const clone = await ui.clone(source);
  await expect(ui.status(source)).toHaveText('Locked');
  expect(await cluster.hasGuest(source)).toBe(false);
  await world.releaseCopies(source);
  await expect(ui.status(source)).toHaveText('Running');
  await expect(ui.status(clone)).toHaveText('Running');
  expect(before).toMatchObject({ runStrategy: 'RerunOnFailure', on: true });
  expect(await powerOf(world.environment, source)).toEqual(before);
});
