import { cloneWorkflowId, DESCRIPTION_ANNOTATION, type VmRef } from '../../src/contract';
import { powerOf } from '../support/invariants';
import type { MachineOptions } from '../support/machines';
import { PLAN } from './gateway';
import { expect, testsWith } from './world';

/* Each sentence of clone-vm.md on the dialogue, up to the button "Clone Virtual Machine". */

const test = testsWith();
const OFF = { power: { runStrategy: 'Halted' } } as const;

const cloneOf = ({ namespace, name }: VmRef): VmRef => ({ namespace, name: `${name}-clone` });

test('The only required field is the name, which is pre-filled based on the source VM’s name and appended with “-clone”.', async ({
  world,
  ui,
}) => {
  const source = await world.vm('prefilled', OFF);
  await ui.open();
  const modal = await ui.openCloneModal(source);
  await expect(modal.name).toHaveValue('prefilled-clone');
  await expect(modal.name).toBeFocused();
  await expect(modal.root.locator(':required')).toHaveCount(1);
  await expect(modal.name).toHaveAttribute('required');
  await expect(modal.root.locator('label').filter({ hasText: '*' })).toHaveText([/^Name/]);
});

test('The name is the next free “-clone-2” if “-clone” is taken.', async ({ world, ui }) => {
  const source = await world.vm('taken', OFF);
  await world.vm('taken-clone', OFF);
  await ui.open();
  await expect((await ui.openCloneModal(source)).name).toHaveValue('taken-clone-2');
});

test('The user can add a description and change the new VM’s Namespace (which is the same as the target by default).', async ({
  world,
  ui,
}) => {
  const source = await world.vm('described', OFF);
  await world.vm('neighbour', { ...OFF, namespace: 'other' });
  await ui.open();
  const modal = await ui.openCloneModal(source);
  await expect(modal.namespace).toHaveValue('demo');
  await modal.description.fill('For the tests of March');
  await modal.namespace.selectOption('other');
  await modal.submit.click();
  const clone = { namespace: 'other', name: 'described-clone' };
  await expect(ui.status(clone)).toHaveText('Running');
  await expect(ui.cell(clone, 'Namespace')).toContainText('other');
  const { annotations } = (await world.vmNow(clone)).metadata;
  expect(annotations).toMatchObject({ [DESCRIPTION_ANNOTATION]: 'For the tests of March' });
});

test('They can also turn off the option to start the virtual machine after the cloning process finishes.', async ({
  world,
  ui,
}) => {
  const source = await world.vm('stays-off');
  await ui.open();
  const modal = await ui.openCloneModal(source);
  await expect(modal.startAfterClone).toBeChecked();
  await modal.startAfterClone.uncheck();
  await modal.submit.click();
  const clone = cloneOf(source);
  await expect(ui.toast('VM stays-off-clone has been cloned.')).toBeVisible();
  await expect(ui.status(clone)).toHaveText('Off');
  await expect(ui.status(source)).toHaveText('Running');
  expect(await powerOf(world.environment, clone)).toMatchObject({ runStrategy: 'Halted', on: false });
});

test('Because all required fields are filled in by default, the “Clone Virtual Machine” button is active.', async ({
  world,
  behind,
  gateway,
}) => {
  const source = await world.vm('at-once');
  await behind.open();
  const release = gateway.hold(PLAN, 'request');
  const { cloneModal } = behind;
  await behind.choose(source, 'Clone');
  await expect.poll(() => gateway.open(PLAN).length).toBeGreaterThan(0);
  // At once: nothing has been answered yet.
  await expect(cloneModal.name).toHaveValue('at-once-clone');
  await expect(cloneModal.submit).toBeEnabled();
  await expect(cloneModal.configuration).not.toContainText('Flavor');
  release();
  await expect(cloneModal.configuration).toContainText('Flavor');
  await expect(cloneModal.submit).toBeEnabled();
});

test('If the user deletes the Name field this button will become inactive.', async ({ world, ui }) => {
  const source = await world.vm('nameless', OFF);
  await ui.open();
  const modal = await ui.openCloneModal(source);
  await modal.name.clear();
  await expect(modal.submit).toBeDisabled();
  await expect(modal.root.getByText('A name is required.')).toBeVisible();
  await modal.name.fill('named-again');
  await expect(modal.submit).toBeEnabled();
});

for (const [what, name, reason] of [
  ['invalid', 'Not_a name', /Use 1 to 63 lower-case letters, digits or "-"/],
  ['occupied', 'occupied-by-this', /occupied-by-this/],
] as const) {
  test(`The button is inactive when the name is ${what}.`, async ({ world, ui }) => {
    const source = await world.vm(what, OFF);
    await world.vm(`${what}-by-this`, OFF);
    await ui.open();
    const modal = await ui.openCloneModal(source);
    await modal.name.fill(name);
    await expect(modal.name).toHaveAccessibleDescription(reason);
    await expect(modal.submit).toBeDisabled();
  });
}

test('When a clone is impossible, Clone is disabled in the kebab menu, with the reason.', async ({
  world,
  ui,
}) => {
  const source = await world.vm('asleep');
  await ui.open();
  await ui.choose(source, 'Pause');
  await expect(ui.status(source)).toHaveText('Paused');
  await ui.isImpossible(source, 'Clone', 'asleep is paused: unpause it first, so that it can shut down.');
});

test('The button is inactive while a blocker of the plan stands.', async ({ world, ui }) => {
  const source = await world.vm('sealed', {
    ...OFF,
    more: ({ spec }) => {
      Object.assign(spec.template.spec.domain.devices ?? {}, { tpm: { persistent: true } });
    },
  });
  await ui.open();
  const modal = await ui.openCloneModal(source);
  await expect(modal.root.getByText('This virtual machine can not be cloned so')).toBeVisible();
  await expect(modal.submit).toBeDisabled();
  await modal.root.getByRole('checkbox', { name: 'Begin with an empty TPM and EFI state' }).check();
  await expect(modal.submit).toBeEnabled();
});

const CONFIGURED = {
  disks: [{ name: 'root' }, { name: 'data', gib: 2, class: 'standard' }],
  more: ({ metadata, spec: { template } }) => {
    const marks = { os: 'Red Hat Enterprise Linux 9.6', flavor: 'large', workload: 'High performance' };
    metadata.annotations = Object.fromEntries(
      Object.entries(marks).map(([mark, value]) => [`vm.kubevirt.io/${mark}`, value]),
    );
    const { domain } = template.spec;
    domain.cpu = { cores: 2 };
    const [nic] = domain.devices?.interfaces ?? [];
    if (nic) nic.macAddress = '02:76:6d:00:00:0d';
  },
} satisfies MachineOptions;

test('Details of the source VM’s configuration are displayed for the user’s reference.', async ({
  world,
  ui,
}) => {
  const source = await world.vm('configured', { ...OFF, ...CONFIGURED });
  await ui.open();
  const { configuration } = await ui.openCloneModal(source);
  await expect(configuration.getByRole('term')).toHaveText([
    'Operating system',
    'Flavor',
    'Workload profile',
    'NICs',
    'Disks',
  ]);
  await expect(configuration.getByRole('definition')).toHaveText([
    'Red Hat Enterprise Linux 9.6',
    'Large – 2 CPU, 1 GiB memory',
    'High performance',
    'default – VirtIO – 02:76:6d:00:00:0d',
    /.*/,
  ]);
  await expect(configuration.getByRole('definition').last().getByRole('listitem')).toHaveText([
    'root (Bootable) – 1 GiB – csi – CSI clone',
    'data – 2 GiB – standard – copied over the network',
  ]);
});

test('These options cannot be modified here prior to cloning.', async ({ world, ui }) => {
  const source = await world.vm('not-changed', OFF);
  await ui.open();
  const modal = await ui.openCloneModal(source);
  const operable = 'input, textarea, select, button, a, [contenteditable], [tabindex]';
  await expect(modal.configuration.locator(operable)).toHaveCount(0);
  const changeable = modal.root.locator('input, textarea, select');
  await expect(changeable).toHaveCount(4);
  for (const field of [modal.name, modal.description, modal.namespace, modal.startAfterClone]) {
    await expect(changeable.and(field)).toBeEditable();
  }
});

test('The user would then click “Clone Virtual Machine”.', async ({ world, ui }) => {
  const source = await world.vm('clicked', OFF);
  await ui.open();
  const modal = await ui.openCloneModal(source);
  await modal.submit.dblclick();
  await expect(modal.root).toBeHidden();
  const clone = cloneOf(source);
  await expect(ui.status(clone)).toHaveText('Running');
  const { workflow } = world.environment.temporal.client;
  const { status, memo } = await workflow.getHandle(cloneWorkflowId(clone)).describe();
  expect(status.name).toBe('COMPLETED');
  expect(memo).toMatchObject({ request: { source, target: clone, startAfterClone: true } });
  await ui.page.reload();
  await expect(ui.row({ ...clone, name: 'clicked-clone-2' })).toBeHidden();
});
