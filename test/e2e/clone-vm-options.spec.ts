import type { VmRef } from '../../src/contract';
import { powerOf } from '../support/invariants';
import { ClusterState } from './cluster-state';
import type { ConsolePage } from './console-page';
import { COPIED_DISK, expect, testsWith } from './world';

/* Each sentence of clone-vm.md on what can be done while a clone is in progress, and what becomes of it. */

const test = testsWith();
const COPIED = { disks: [COPIED_DISK] };
const OFF = { power: { runStrategy: 'Halted' } } as const;

/** A clone that stands at 25 % until `world.releaseCopies(source)`, asked for in a tab. */
async function heldClone(ui: ConsolePage, source: VmRef): Promise<VmRef> {
  const clone = await ui.clone(source);
  await expect(ui.status(clone)).toHaveText('Cloning (25%)');
  await expect(ui.status(source)).toHaveText('Locked');
  return clone;
}

test('While the clone is in progress, the source VM’s `Run` and `Delete` options are disabled.', async ({
  world,
  ui,
}) => {
  const source = await world.vm('disabled', COPIED);
  await world.holdCopies(source, 25);
  await ui.open();
  const clone = await heldClone(ui, source);
  const reason = 'disabled is locked while it is being cloned.';
  await ui.isImpossible(source, 'Run', reason);
  await ui.isImpossible(source, 'Delete', reason);
  const menu = await ui.menu(source);
  await expect(menu.getByRole('menuitem')).toHaveText(['Run', 'Edit', 'Clone', 'Delete']);
  for (const entry of ['Edit', 'Clone']) {
    const item = menu.getByRole('menuitem', { name: entry });
    await expect(item).toBeEnabled();
    await expect(item).not.toHaveAttribute('aria-disabled', 'true');
  }
  await ui.page.keyboard.press('Escape');
  await world.releaseCopies(source);
  await expect(ui.status(clone)).toHaveText('Running');
  await expect(ui.status(source)).toHaveText('Running');
});

test('The user can still Edit the source VM’s configuration (which will not be applied to the in-progress clone).', async ({
  world,
  ui,
}) => {
  const source = await world.vm('edited', COPIED);
  await world.holdCopies(source, 25);
  await ui.open();
  const clone = await heldClone(ui, source);
  await ui.choose(source, 'Edit');
  const dialog = ui.page.getByRole('dialog', { name: 'Edit edited' });
  await expect(dialog).toContainText('Changes are not applied to clones in progress.');
  await dialog.getByRole('spinbutton', { name: 'CPU' }).fill('3');
  await dialog.getByRole('spinbutton', { name: 'Memory' }).fill('2');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(dialog).toBeHidden();
  await world.releaseCopies(source);
  await expect(ui.status(clone)).toHaveText('Running');
  await expect(ui.status(source)).toHaveText('Running');

  const domainOf = async (vm: VmRef) => (await world.vmNow(vm)).spec.template.spec.domain;
  expect(await domainOf(source)).toMatchObject({ memory: { guest: '2Gi' }, cpu: expect.anything() });
  const { memory, cpu } = await domainOf(clone);
  expect({ memory, cpu }).toEqual({ memory: { guest: '1Gi' } });
});

test('The user can create another clone of the source VM: both finish, and the source is back on after the last.', async ({
  world,
  ui,
}) => {
  const cluster = new ClusterState(world);
  const source = await world.vm('both', COPIED);
  const before = await powerOf(world.environment, source);
  await world.holdCopies(source, 25);
  await ui.open();
  const first = await heldClone(ui, source);
  const modal = await ui.openCloneModal(source);
  await expect(modal.warning).toBeHidden();
  await expect(modal.root.getByRole('heading', { name: /both is kept off by another clone/ })).toBeVisible();
  await expect(modal.name).toHaveValue('both-clone-2');
  await modal.submit.click();
  const second = { ...source, name: 'both-clone-2' };
  await expect(ui.toast('VM both-clone-2 cloning has started.')).toBeVisible();
  await expect(ui.toast('Shutting down both to clone it.')).toHaveCount(1);
  await expect(ui.status(second)).toHaveText('Cloning (25%)');
  const letGo = await cluster.holdCopyOf(source, second, 50);
  await world.releaseCopies(source);
  await expect(ui.status(first)).toHaveText('Running');
  await expect(ui.status(second)).toHaveText('Cloning (50%)');
  await expect(ui.status(source)).toHaveText('Locked');
  expect(await cluster.hasGuest(source)).toBe(false);
  await letGo();
  await expect(ui.status(second)).toHaveText('Running');
  await expect(ui.status(source)).toHaveText('Running');
  expect(await powerOf(world.environment, source)).toEqual(before);
});

test('The in-progress clone only has one option available: to `Cancel cloning`.', async ({ world, ui }) => {
  const source = await world.vm('only', { ...COPIED, ...OFF });
  await world.holdCopies(source, 25);
  await ui.open();
  const clone = await heldClone(ui, source);
  const menu = await ui.menu(clone);
  await expect(menu.getByRole('menuitem')).toHaveText(['Cancel cloning']);
  await expect(menu.getByRole('menuitem')).not.toHaveAttribute('aria-disabled', 'true');
  await menu.getByRole('menuitem').click();
  const dialog = ui.page.getByRole('dialog', { name: 'Cancel cloning?' });
  await expect(dialog).toContainText('The clone only-clone is removed');
  // Kept, it goes on as if nothing had been asked.
  await dialog.getByRole('button', { name: 'Keep cloning' }).click();
  await expect(dialog).toBeHidden();
  await expect(ui.status(clone)).toHaveText('Cloning (25%)');
  await world.releaseCopies(source);
  await expect(ui.status(clone)).toHaveText('Running');
});

test('This will stop the cloning process and remove the clone from the VM list.', async ({ world, ui }) => {
  const cluster = new ClusterState(world);
  const source = await world.vm('cancelled', { ...COPIED, namespace: 'alone' });
  const before = await powerOf(world.environment, source);
  await world.holdCopies(source, 25);
  await ui.open();
  const clone = await heldClone(ui, source);
  const traces = await cluster.traces(source, clone);
  expect(await traces.names()).toContain('DataVolume alone/cancelled-clone-root');
  const letGo = await cluster.keep(clone);
  await ui.choose(clone, 'Cancel cloning');
  const dialog = ui.page.getByRole('dialog', { name: 'Cancel cloning?' });
  await dialog.getByRole('button', { name: 'Cancel cloning' }).click();
  await expect(dialog).toBeHidden();
  await expect(ui.status(clone)).toHaveText('Cancelling…');
  await ui.isImpossible(clone, 'Cancel cloning', 'Cloning is already being cancelled.');
  await letGo();
  await expect(ui.row(clone)).toBeHidden();
  await expect(ui.toast('Cloning of cancelled-clone was cancelled.')).toBeVisible();
  await expect(ui.status(source)).toHaveText('Running');
  expect(await powerOf(world.environment, source)).toEqual(before);
  expect(await traces.names()).toEqual([]);
});

test('One of two clones is cancelled: the source stays locked, and nobody says that it is back on.', async ({
  world,
  ui,
}) => {
  const source = await world.vm('two', COPIED);
  await world.holdCopies(source, 25);
  await ui.open();
  const kept = await heldClone(ui, source);
  const cancelled = await ui.clone(source);
  await expect(ui.status(cancelled)).toHaveText('Cloning (25%)');
  const dialog = await ui.openDialog(cancelled, 'Cancel cloning', 'Cancel cloning?');
  await dialog.getByRole('button', { name: 'Cancel cloning' }).click();
  const toast = ui.toast('Cloning of two-clone-2 was cancelled.');
  await expect(toast).toContainText(
    'two gets its power state back, unless another clone of it is still under way.',
  );
  await expect(ui.status(source)).toHaveText('Locked');
  await world.releaseCopies(source);
  await expect(ui.status(kept)).toHaveText('Running');
  await expect(ui.status(source)).toHaveText('Running');
});

test('A clone that has finished under the open dialogue can not be cancelled any more: it says so.', async ({
  world,
  ui,
}) => {
  const source = await world.vm('too-late', { ...COPIED, ...OFF });
  await world.holdCopies(source, 25);
  await ui.open();
  const clone = await heldClone(ui, source);
  const dialog = await ui.openDialog(clone, 'Cancel cloning', 'Cancel cloning?');
  const button = dialog.getByRole('button', { name: 'Cancel cloning' });
  await expect(button).toBeEnabled();
  await world.releaseCopies(source);
  await expect(dialog.getByText('The clone has finished: there is nothing to cancel.')).toBeVisible();
  await expect(button).toBeDisabled();
  await dialog.getByRole('button', { name: 'Keep cloning' }).click();
  await expect(ui.status(clone)).toHaveText('Running');
});

test('Completion toast if this tab saw the start.', async ({ world, ui, anotherTab }) => {
  const source = await world.vm('finished', COPIED);
  await world.holdCopies(source, 25);
  await ui.open();
  const other = await (await anotherTab()).open();
  const clone = await heldClone(ui, source);
  await world.releaseCopies(source);
  await expect(ui.toast('VM finished-clone has been cloned.')).toBeVisible();
  await expect(other.status(clone)).toHaveText('Running');
  await expect(other.status(source)).toHaveText('Running');
  await expect(other.page.getByRole('list', { name: 'Notifications' }).getByRole('listitem')).toHaveCount(0);
});

test('Failures always: the toast is there in every tab, and nothing is left of the clone.', async ({
  world,
  ui,
  anotherTab,
}) => {
  const cluster = new ClusterState(world);
  const source = await world.vm('failing', { ...COPIED, namespace: 'alone' });
  await world.holdCopies(source, 25);
  await ui.open();
  const other = await (await anotherTab()).open();
  const clone = await heldClone(ui, source);
  const traces = await cluster.traces(source, clone);
  // Somebody starts the source with kubectl: its disks change under the copy.
  await world.environment.client.act(source, 'start');
  for (const tab of [ui, other]) {
    const toast = tab.toast('Cloning VM failing to failing-clone failed.');
    await expect(toast).toBeVisible();
    await expect(toast.getByRole('link', { name: 'View workflow' })).toBeVisible();
    await expect(tab.row(clone)).toBeHidden();
    await expect(tab.status(source)).toHaveText('Running');
  }
  await expect(await ui.popover(source)).toContainText('Last clone failed');
  expect(await traces.names()).toEqual([]);
});

test('Closing the page loses nothing.', async ({ world, ui, anotherTab }) => {
  const source = await world.vm('unwatched', COPIED);
  const before = await powerOf(world.environment, source);
  await world.holdCopies(source, 25);
  const first = await (await anotherTab()).open();
  const clone = await heldClone(first, source);
  await first.page.close();
  await ui.open();
  await expect(ui.status(clone)).toHaveText('Cloning (25%)');
  await expect(ui.status(source)).toHaveText('Locked');
  await world.releaseCopies(source);
  await expect(ui.status(clone)).toHaveText('Running');
  await expect(ui.status(source)).toHaveText('Running');
  expect(await powerOf(world.environment, source)).toEqual(before);
});
