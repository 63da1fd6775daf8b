import type { VmRef } from '../../src/contract';
import { Kinds } from '../../src/kubernetes';
import { ConsolePage } from './console-page';
import { type Gateway, NEW_CLONE, PLAN, type Which } from './gateway';
import { COPIED_DISK, expect, testsWith, type World } from './world';

/* What the console lives through: others who change things under an open dialogue, two tabs, a slow network. */

const test = testsWith();
const OFF = { power: { runStrategy: 'Halted' } } as const;
const COPIED = { disks: [COPIED_DISK] };

const cloneOf = ({ namespace, name }: VmRef): VmRef => ({ namespace, name: `${name}-clone` });

const remove = ({ environment }: World, vm: VmRef) => environment.client.delete(Kinds.VirtualMachine, vm);

/** Waits until so many requests have come by. */
const asked = (gateway: Gateway, which: Which, times: number) =>
  expect.poll(() => gateway.requests(which).length).toBe(times);

test.describe('Under an open dialogue', () => {
  test('the VM is deleted: “Clone Virtual Machine” says that it is gone, and its button is inactive', async ({
    world,
    ui,
  }) => {
    const source = await world.vm('gone', OFF);
    await ui.open();
    const modal = await ui.openCloneModal(source);
    await expect(modal.submit).toBeEnabled();
    await remove(world, source);
    await expect(modal.root.getByRole('heading', { name: 'The VM gone is gone.' })).toBeVisible();
    await expect(modal.submit).toBeDisabled();
    await modal.cancel.click();
    await expect(ui.row(source)).toBeHidden();
    await expect(ui.page.getByRole('heading', { level: 1 })).toBeFocused();
  });

  test('the VM is deleted: “Edit” says so and keeps what was typed', async ({ world, ui }) => {
    const source = await world.vm('edit-gone', OFF);
    await ui.open();
    await ui.choose(source, 'Edit');
    const description = ui.dialog.getByRole('textbox', { name: 'Description' });
    await description.fill('too late');
    await remove(world, source);
    await expect(ui.dialog.getByText('The virtual machine can not be read any more.')).toBeVisible();
    await expect(ui.dialog.getByText('There is no VM demo/edit-gone.')).toBeVisible();
    await expect(description).toHaveValue('too late');
    await ui.dialog.getByRole('button', { name: 'Save' }).click();
    await expect(ui.dialog.getByText('The changes were not saved.')).toBeVisible();
  });

  for (const action of ['Shut down', 'Restart']) {
    test(`the VM is deleted: “${action}” says so, and its buttons are inactive`, async ({ world, ui }) => {
      const source = await world.vm(`gone-before-${action.length}`);
      await ui.open();
      await ui.choose(source, action);
      await expect(ui.dialog.getByRole('button', { name: action, exact: true })).toBeEnabled();
      await remove(world, source);
      await expect(ui.dialog.getByText(`The VM ${source.name} is gone.`)).toBeVisible();
      await expect(ui.dialog.getByRole('button', { name: action, exact: true })).toBeDisabled();
      await expect(ui.dialog.getByRole('button', { name: `Force ${action.toLowerCase()}` })).toBeDisabled();
    });
  }

  test('somebody else takes the name that was typed: the check says so until it is free again', async ({
    world,
    ui,
  }) => {
    const source = await world.vm('named', OFF);
    await ui.open();
    const modal = await ui.openCloneModal(source);
    await modal.name.fill('wanted');
    await expect(modal.submit).toBeEnabled();
    const [wanted] = (await world.bareVms('demo', ['wanted'])) as [VmRef];
    await expect(modal.name).toHaveAccessibleDescription(/There is a VM demo\/wanted already/);
    await expect(modal.submit).toBeDisabled();
    await remove(world, wanted);
    await expect(modal.submit).toBeEnabled();
    await expect(modal.name).toHaveAccessibleDescription('');
  });

  test('somebody else takes the name that is proposed: the next free one is proposed', async ({
    world,
    ui,
  }) => {
    const source = await world.vm('proposed', OFF);
    await ui.open();
    const modal = await ui.openCloneModal(source);
    await expect(modal.name).toHaveValue('proposed-clone');
    await world.bareVms('demo', ['proposed-clone']);
    await expect(modal.name).toHaveValue('proposed-clone-2');
    await expect(modal.submit).toBeEnabled();
  });
});

test.describe('Two tabs', () => {
  test('both show a clone; the one that it was asked for in tells of its beginning and its end', async ({
    world,
    ui,
    anotherTab,
  }) => {
    const source = await world.vm('shared', COPIED);
    await world.holdCopies(source, 25);
    await ui.open();
    const other = await (await anotherTab()).open();
    const clone = await ui.clone(source);
    // Toasts go by themselves, so they are looked at first, and for their absence just once.
    await expect(ui.toast('VM shared-clone cloning has started.')).toBeVisible();
    await expect(other.status(clone)).toHaveText('Cloning (25%)');
    expect(await other.toast(/./).count()).toBe(0);
    await expect(ui.status(clone)).toHaveText('Cloning (25%)');
    for (const tab of [ui, other]) await expect(tab.status(source)).toHaveText('Locked');
    await world.releaseCopies(source);
    await expect(ui.toast('VM shared-clone has been cloned.')).toBeVisible();
    for (const vm of [source, clone]) await expect(other.status(vm)).toHaveText('Running');
    expect(await other.toast(/./).count()).toBe(0);
  });

  test('both tell of a failure', async ({ world, ui, anotherTab }) => {
    const source = await world.vm('failing', { ...OFF, ...COPIED });
    await world.holdCopies(source, 25);
    await ui.open();
    const other = await (await anotherTab()).open();
    const clone = await ui.clone(source);
    await expect(other.status(clone)).toHaveText('Cloning (25%)');
    await remove(world, clone);
    for (const tab of [ui, other]) {
      await expect(tab.toast('Cloning VM failing to failing-clone failed.')).toBeVisible();
      await expect(tab.row(clone)).toBeHidden();
      await expect(tab.status(source)).toHaveText('Off');
    }
  });

  test('a clone is cancelled in the one, and the other shows it', async ({ world, ui, anotherTab }) => {
    const source = await world.vm('cancelled', COPIED);
    await world.holdCopies(source, 25);
    await ui.open();
    const other = await (await anotherTab()).open();
    const clone = await ui.clone(source);
    await expect(other.status(clone)).toHaveText('Cloning (25%)');
    await other.choose(clone, 'Cancel cloning');
    await other.dialog.getByRole('button', { name: 'Cancel cloning' }).click();
    await expect(ui.toast('Cloning of cancelled-clone was cancelled.')).toBeVisible();
    for (const tab of [ui, other]) {
      await expect(tab.row(clone)).toBeHidden();
      await expect(tab.status(source)).toHaveText('Running');
    }
  });

  test('both ask for the same name at the same time: one wins, and the other is told and can choose another', async ({
    world,
    behind,
    gateway,
  }) => {
    const source = await world.vm('rivals', { ...OFF, ...COPIED });
    await world.holdCopies(source, 10);
    const release = gateway.hold(NEW_CLONE, 'request');
    const tabs = [behind, new ConsolePage(await behind.page.context().newPage(), gateway)];
    for (const [index, tab] of tabs.entries()) {
      await tab.open();
      const modal = await tab.openCloneModal(source);
      await expect(modal.name).toHaveValue('rivals-clone');
      await modal.description.fill(`by tab ${index}`);
      await modal.submit.click();
    }
    await asked(gateway, NEW_CLONE, 2);
    release();
    const isOpen = () => Promise.all(tabs.map((tab) => tab.cloneModal.root.isVisible()));
    await expect.poll(async () => (await isOpen()).filter(Boolean).length).toBe(1);
    const loser = tabs[(await isOpen()).indexOf(true)] as ConsolePage;
    const { root, name, submit } = loser.cloneModal;
    await expect(root.getByRole('heading', { name: 'The clone was not started.' })).toBeVisible();
    await expect(
      root.getByText(/demo\/rivals-clone is under way|VM demo\/rivals-clone already/).first(),
    ).toBeVisible();
    await name.fill('rivals-other');
    await submit.click();
    await expect(root).toBeHidden();
    await world.releaseCopies(source);
    for (const clone of ['rivals-clone', 'rivals-other']) {
      for (const tab of tabs)
        await expect(tab.status({ namespace: 'demo', name: clone })).toHaveText('Running');
    }
  });

  test('both ask for the very same clone at the same time: it is one, and both follow it', async ({
    world,
    behind,
    gateway,
  }) => {
    const source = await world.vm('twins', { ...OFF, ...COPIED });
    await world.holdCopies(source, 10);
    const release = gateway.hold(NEW_CLONE, 'request');
    const tabs = [behind, new ConsolePage(await behind.page.context().newPage(), gateway)];
    for (const tab of tabs) {
      await tab.open();
      await (await tab.openCloneModal(source)).submit.click();
    }
    await asked(gateway, NEW_CLONE, 2);
    release();
    await Promise.all(
      tabs.map((tab) => expect(tab.toast('VM twins-clone cloning has started.')).toBeVisible()),
    );
    for (const tab of tabs) {
      await expect(tab.status(cloneOf(source))).toHaveText('Cloning (10%)');
      await expect(tab.row({ namespace: 'demo', name: 'twins-clone-2' })).toBeHidden();
    }
    await world.releaseCopies(source);
    await expect(behind.status(source)).toHaveText('Off');
  });
});

test.describe('A slow network', () => {
  test('“Clone Virtual Machine” shows that it is under way, and can not be pressed twice', async ({
    world,
    behind,
    gateway,
  }) => {
    const source = await world.vm('patient', OFF);
    await behind.open();
    const release = gateway.hold(NEW_CLONE);
    const modal = await behind.openCloneModal(source);
    await modal.submit.dblclick();
    await expect(modal.submit.getByRole('progressbar')).toBeVisible();
    await expect(modal.submit).toBeDisabled();
    await modal.submit.press('Enter');
    await modal.name.press('Enter');
    await modal.name.press('Enter');
    // Its own VM takes the name meanwhile, which is nothing to be told of.
    await expect(behind.row(cloneOf(source))).toBeVisible();
    await expect(modal.name).toHaveValue('patient-clone');
    await expect(modal.name).toHaveAccessibleDescription('');
    release();
    await expect(modal.root).toBeHidden();
    await expect(behind.toast('VM patient-clone cloning has started.')).toBeVisible();
    await expect(behind.status(cloneOf(source))).toHaveText('Running');
    expect(gateway.requests(NEW_CLONE)).toHaveLength(1);
  });

  test('a dialogue that is closed meanwhile does not lose the clone, and its answer closes no other dialogue', async ({
    world,
    behind,
    gateway,
  }) => {
    const source = await world.vm('left', { ...OFF, ...COPIED });
    const [other] = (await world.bareVms('demo', ['left-alone'])) as [VmRef];
    await world.holdCopies(source, 10);
    await behind.open('?name=left');
    const release = gateway.hold(NEW_CLONE);
    const modal = await behind.openCloneModal(source);
    await modal.submit.click();
    await asked(gateway, NEW_CLONE, 1);
    await modal.cancel.click();
    await expect(behind.status(cloneOf(source))).toHaveText('Cloning (10%)');
    await behind.filter('Offline').click();
    await behind.choose(other, 'Edit');
    const description = behind.dialog.getByRole('textbox', { name: 'Description' });
    await description.fill('typed meanwhile');
    release();
    // The answer has come: the filter joins those that are active by now.
    await expect(behind.page).toHaveURL(/status=Offline%2CTransitioning/);
    await expect(description).toHaveValue('typed meanwhile');
    await behind.page.keyboard.press('Escape');
    await expect(behind.toast('VM left-clone cloning has started.')).toBeVisible();
    await world.releaseCopies(source);
    await expect(behind.toast('VM left-clone has been cloned.')).toBeVisible();
  });

  test('a dialogue that is closed meanwhile: a refusal is told by a toast', async ({
    world,
    behind,
    gateway,
  }) => {
    const source = await world.vm('late', OFF);
    await behind.open();
    const release = gateway.hold(NEW_CLONE, 'request');
    const modal = await behind.openCloneModal(source);
    await modal.submit.click();
    await asked(gateway, NEW_CLONE, 1);
    await modal.cancel.click();
    await world.bareVms('demo', ['late-clone']);
    release();
    const toast = behind.toast('The clone was not started.');
    await expect(toast).toContainText('There is a VM demo/late-clone already');
  });

  test('an answer that is lost on its way: the same clone is asked for once more, and it is one', async ({
    world,
    behind,
    gateway,
  }) => {
    const source = await world.vm('unanswered', { ...OFF, ...COPIED });
    await world.holdCopies(source, 10);
    await behind.open();
    // Cut after its headers: of what has no answer at all, the browser itself may ask again.
    const release = gateway.hold(NEW_CLONE, 'body');
    const modal = await behind.openCloneModal(source);
    await modal.submit.click();
    await expect(behind.status(cloneOf(source))).toHaveText('Cloning (10%)');
    gateway.cut(NEW_CLONE);
    await asked(gateway, NEW_CLONE, 2);
    release();
    await expect(modal.root).toBeHidden();
    await expect(behind.toast('VM unanswered-clone cloning has started.')).toBeVisible();
    const keys = gateway.requests(NEW_CLONE).map(({ headers }) => headers['idempotency-key']);
    expect(new Set(keys).size).toBe(1);
    await world.releaseCopies(source);
    await expect(behind.status(cloneOf(source))).toHaveText('Running');
    await expect(behind.row({ namespace: 'demo', name: 'unanswered-clone-2' })).toBeHidden();
  });

  test('the answer about an older name never takes the place of the newer one’s', async ({
    world,
    behind,
    gateway,
  }) => {
    const source = await world.vm('typed', OFF);
    await world.bareVms('demo', ['typed-taken']);
    await behind.open();
    const modal = await behind.openCloneModal(source);
    const planOf =
      (name: string): Which =>
      (request) =>
        PLAN(request) && request.query.get('name') === name;
    const release = gateway.hold(planOf('typed-free'));
    await modal.name.fill('typed-free');
    await asked(gateway, planOf('typed-free'), 1);
    await modal.name.fill('typed-taken');
    await expect(modal.name).toHaveAccessibleDescription(/There is a VM demo\/typed-taken already/);
    release();
    await expect.poll(() => gateway.open(PLAN).length).toBe(0);
    // What the page asks for now is answered after what was held.
    await behind.page.evaluate(() => fetch('/api/v1/namespaces').then((response) => response.text()));
    await expect(modal.name).toHaveAccessibleDescription(/There is a VM demo\/typed-taken already/);
    await expect(modal.submit).toBeDisabled();
  });

  for (const { entry, button, verb } of [
    { entry: 'Shut down', button: 'Shut down', verb: 'stop' },
    { entry: 'Restart', button: 'Force restart', verb: 'restart' },
  ]) {
    test(`“${button}” can not be pressed twice`, async ({ world, behind, gateway }) => {
      const vm = await world.vm(`pressed-${verb}`);
      const power: Which = ({ method, path }) => method === 'POST' && path.endsWith(`/${verb}`);
      await behind.open();
      const release = gateway.hold(power);
      await behind.choose(vm, entry);
      // Its name begins with that of its spinner while it is under way.
      const pressed = behind.dialog.getByRole('button', { name: new RegExp(`${button}$`) });
      await pressed.dblclick();
      await expect(pressed).toHaveAttribute('aria-disabled', 'true');
      await pressed.press('Enter');
      await asked(gateway, power, 1);
      release();
      await expect(behind.dialog).toBeHidden();
      expect(gateway.requests(power)).toHaveLength(1);
    });
  }

  test('“Run” can not be chosen twice', async ({ world, behind, gateway }) => {
    const vm = await world.vm('run-once', OFF);
    const start: Which = ({ method, path }) => method === 'POST' && path.endsWith('/start');
    await behind.open();
    const release = gateway.hold(start, 'request');
    await behind.choose(vm, 'Run');
    await asked(gateway, start, 1);
    await behind.choose(vm, 'Run');
    release();
    await expect(behind.toast('Starting run-once.')).toBeVisible();
    await expect(behind.status(vm)).toHaveText('Running');
    expect(gateway.requests(start)).toHaveLength(1);
  });
});
