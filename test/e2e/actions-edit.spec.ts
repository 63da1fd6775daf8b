import type { Locator } from '@playwright/test';
import { KubeVirtKinds } from '../../simulator/controllers/kubevirt/kinds';
import { MARKS, type VmRef } from '../../src/contract';
import { Kinds } from '../../src/kubernetes';
import type { ConsolePage } from './console-page';
import { COPIED_DISK, expect, testsWith, type World } from './world';

const test = testsWith();

const ON = { disks: [] };
const OFF = { power: { runStrategy: 'Halted' }, disks: [] } as const;

class EditForm {
  constructor(readonly root: Locator) {}

  get description(): Locator {
    return this.root.getByRole('textbox', { name: 'Description' });
  }

  get cpus(): Locator {
    return this.root.getByRole('spinbutton', { name: 'CPU' });
  }

  get memory(): Locator {
    return this.root.getByRole('spinbutton', { name: 'Memory' });
  }

  get unit(): Locator {
    return this.root.getByRole('combobox', { name: 'Unit of memory' });
  }

  button(name: string): Locator {
    return this.root.getByRole('button', { name, exact: true });
  }
}

async function openEdit(ui: ConsolePage, vm: VmRef): Promise<EditForm> {
  const form = new EditForm(await ui.openDialog(vm, 'Edit', `Edit ${vm.name}`));
  await expect(form.description).toBeFocused();
  return form;
}

/** What the cluster has of what can be edited. */
async function editedOf(world: World, vm: VmRef) {
  const { metadata, spec } = await world.vmNow(vm);
  const { cpu, memory } = spec.template.spec.domain;
  return { description: metadata.annotations?.description, cpu, memory: memory?.guest };
}

/** An icon with its own words may follow. */
const startingWith = (text: string) => new RegExp(`^${text.replaceAll('.', '\\.')}`);

/** What somebody else does to a VM meanwhile. */
const THEIRS = {
  metadata: { annotations: { description: 'theirs' } },
  spec: { template: { spec: { domain: { memory: { guest: '2Gi' } } } } },
};

test('Edit: description, CPU and memory are written to the VM.', async ({ world, ui }) => {
  const vm = await world.vm('edit', OFF);
  await ui.open('?name=edit');
  const form = await openEdit(ui, vm);
  await expect(form.description).toHaveValue('');
  await expect(form.cpus).toHaveValue('1');
  await expect(form.memory).toHaveValue('1');
  await expect(form.unit).toHaveValue('GiB');
  await expect(form.button('Save')).toBeDisabled();
  const writes = ui.writes();
  await form.description.fill('The shop’s database');
  await form.root.getByRole('button', { name: 'More CPU' }).click();
  await form.cpus.fill('3');
  await form.memory.fill('1536');
  await form.unit.selectOption('MiB');
  await form.button('Save').dblclick();
  await expect(form.root).toBeHidden();
  await expect(ui.toast('The changes of edit are saved.')).toBeVisible();
  await expect(ui.kebab(vm)).toBeFocused();
  expect(await editedOf(world, vm)).toEqual({
    description: 'The shop’s database',
    cpu: { cores: 1, threads: 1, sockets: 3 },
    memory: '1536Mi',
  });
  expect(writes).toEqual(['PATCH /vms/demo/edit']);
  await openEdit(ui, vm);
  await expect(form.description).toHaveValue('The shop’s database');
  await expect(form.cpus).toHaveValue('3');
  await expect(form.memory).toHaveValue('1536');
});

test('Edit of a running VM says that a size takes effect at its restart, and leaves it running.', async ({
  world,
  ui,
}) => {
  const vm = await world.vm('edit-on', ON);
  const instance = () => world.environment.client.get(Kinds.VirtualMachineInstance, vm);
  const before = await instance();
  await ui.open('?name=edit-on');
  const form = await openEdit(ui, vm);
  await expect(form.root).toContainText(
    'Changes of CPU and memory take effect when the virtual machine is restarted.',
  );
  await form.cpus.fill('2');
  await form.button('Save').click();
  await expect(form.root).toBeHidden();
  expect((await editedOf(world, vm)).cpu).toMatchObject({ sockets: 2 });
  expect((await instance())?.metadata.uid).toBe(before?.metadata.uid);
});

/** Somebody else changes a VM after its form has been opened and filled in. */
async function conflict(world: World, ui: ConsolePage, vm: VmRef): Promise<EditForm> {
  await ui.open(`?name=${vm.name}`);
  const form = await openEdit(ui, vm);
  await form.description.fill('mine');
  await form.cpus.fill('2');
  await world.patchVm(vm, THEIRS);
  await expect(form.description).toHaveValue('mine');
  await form.button('Save').click();
  const heading = `Somebody else has changed ${vm.name} meanwhile. Nothing of yours was saved yet.`;
  await expect(form.root.getByRole('heading', { name: heading })).toBeVisible();
  await expect(form.root.getByRole('listitem')).toHaveText([
    'Description is now “theirs”; it was empty.',
    'Memory is now 2Gi; it was 1Gi.',
  ]);
  await expect(form.description).toHaveValue('mine');
  await expect(form.cpus).toHaveValue('2');
  expect(await editedOf(world, vm)).toEqual({ description: 'theirs', cpu: undefined, memory: '2Gi' });
  return form;
}

test('Edit, somebody else was faster: what is there now is told, the own input kept; save anyway.', async ({
  world,
  ui,
}) => {
  const vm = await world.vm('edit-anyway', OFF);
  const form = await conflict(world, ui, vm);
  // What was not touched here follows the VM, so that saving takes nothing back.
  await expect(form.memory).toHaveValue('2');
  await form.button('Save anyway').click();
  await expect(form.root).toBeHidden();
  expect(await editedOf(world, vm)).toEqual({
    description: 'mine',
    cpu: { cores: 1, threads: 1, sockets: 2 },
    memory: '2Gi',
  });
});

test('Edit, somebody else was faster: use theirs.', async ({ world, ui }) => {
  const vm = await world.vm('edit-theirs', OFF);
  const form = await conflict(world, ui, vm);
  await form.button('Use theirs').click();
  await expect(form.description).toHaveValue('theirs');
  await expect(form.cpus).toHaveValue('1');
  await expect(form.memory).toHaveValue('2');
  await expect(form.root).not.toContainText('Somebody else');
  await expect(form.button('Save')).toBeDisabled();
  await form.button('Cancel').click();
  await expect(form.root).toBeHidden();
  expect(await editedOf(world, vm)).toEqual({ description: 'theirs', cpu: undefined, memory: '2Gi' });
});

test('Edit: what somebody changes elsewhere in the VM is no conflict.', async ({ world, ui }) => {
  const vm = await world.vm('edit-beside', OFF);
  await ui.open('?name=edit-beside');
  const form = await openEdit(ui, vm);
  await form.description.fill('mine');
  await world.patchVm(vm, { metadata: { labels: { team: 'theirs' } } });
  await form.button('Save').click();
  await expect(form.root).toBeHidden();
  expect((await editedOf(world, vm)).description).toBe('mine');
  expect((await world.vmNow(vm)).metadata.labels).toEqual({ team: 'theirs' });
});

test('Edit of a locked source: said to be “not applied to clones in progress”, and it is not.', async ({
  world,
  ui,
}) => {
  const vm = await world.vm('edit-locked', { ...OFF, disks: [COPIED_DISK] });
  await world.holdCopies(vm, 25);
  await ui.open('?name=edit-locked');
  const clone = await ui.clone(vm);
  await expect(ui.status(clone)).toHaveText('Cloning (25%)');
  const form = await openEdit(ui, vm);
  await expect(form.root).toContainText(/not applied to clones in progress/);
  await form.description.fill('after the clone began');
  await form.memory.fill('3');
  await form.button('Save').click();
  await expect(form.root).toBeHidden();
  expect(await editedOf(world, vm)).toMatchObject({ description: 'after the clone began', memory: '3Gi' });
  await world.releaseCopies(vm);
  await expect(ui.status(clone)).toHaveText('Running');
  expect((await editedOf(world, clone)).memory).toBe('1Gi');
});

test('Edit of a VM that is locked under the open dialogue: said to be “not applied to clones in progress”.', async ({
  world,
  ui,
}) => {
  const vm = await world.vm('edit-before', OFF);
  await ui.open('?name=edit-before');
  const form = await openEdit(ui, vm);
  await form.description.fill('mine');
  const hint = form.root.getByText('Changes are not applied to clones in progress.');
  await expect(hint).toBeHidden();
  await world.lock(vm);
  await expect(hint).toBeVisible();
  await world.patchVm(vm, { metadata: { annotations: { [MARKS.lock]: null } } });
  await expect(hint).toBeHidden();
  await expect(form.description).toHaveValue('mine');
});

test('Edit of a VM with an instancetype: its size can not be changed, its description can.', async ({
  world,
  ui,
}) => {
  await world.environment.client.create(KubeVirtKinds.ClusterInstancetype, {
    metadata: { name: 'large' },
    spec: { cpu: { guest: 4 }, memory: { guest: '8Gi' } },
  });
  const vm = await world.vm('edit-typed', {
    ...OFF,
    more: ({ spec }) => {
      spec.instancetype = { name: 'large' };
      delete spec.template.spec.domain.memory;
    },
  });
  await ui.open('?name=edit-typed');
  const form = await openEdit(ui, vm);
  await expect(form.root).toContainText('4 CPU, 8Gi memory');
  await expect(form.root).toContainText(
    'The instancetype large decides on both: they can not be changed here.',
  );
  await expect(form.root.getByRole('spinbutton')).toHaveCount(0);
  await form.description.fill('typed');
  await form.button('Save').click();
  await expect(form.root).toBeHidden();
  const { metadata, spec } = await world.vmNow(vm);
  expect(metadata.annotations?.description).toBe('typed');
  expect(spec.template.spec.domain).not.toHaveProperty('memory');
});

test('Edit: what is invalid is told at its field, and can not be saved.', async ({ world, ui }) => {
  const vm = await world.vm('edit-invalid', OFF);
  await ui.open('?name=edit-invalid');
  const form = await openEdit(ui, vm);
  const writes = ui.writes();
  const invalid: [field: Locator, values: string[], told: string][] = [
    [form.cpus, ['', '0', '711', '1.5'], 'A whole number from 1 to 710.'],
    [form.memory, ['', '0', '0.0001'], 'Whole MiB, from 1 MiB to 64 TiB.'],
    [form.description, ['x'.repeat(2001)], '2000 characters at most; these are 2001.'],
  ];
  for (const [field, values, told] of invalid) {
    const before = await field.inputValue();
    for (const value of values) {
      await field.fill(value);
      await expect(field).toHaveAttribute('aria-invalid', 'true');
      await expect(field).toHaveAccessibleDescription(startingWith(told));
      await expect(form.button('Save')).toBeDisabled();
    }
    await field.press('Enter');
    await field.fill(before);
    await expect(form.root).not.toContainText(told);
  }
  expect(writes).toEqual([]);
});

test('Edit of a VM that is deleted under the open dialogue: told, and nothing is made of it.', async ({
  world,
  ui,
}) => {
  const vm = await world.vm('edit-gone', OFF);
  await ui.open('?name=edit-gone');
  const form = await openEdit(ui, vm);
  await form.description.fill('too late');
  await world.environment.client.delete(Kinds.VirtualMachine, vm);
  await ui.showsNames([]);
  await expect(form.root).toContainText('There is no VM demo/edit-gone.');
  await form.button('Save').click();
  await expect(form.root).toContainText('The changes were not saved.');
  await ui.page.keyboard.press('Escape');
  await expect(form.root).toBeHidden();
});
