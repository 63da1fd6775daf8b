import type { Locator } from '@playwright/test';
import { STEERING } from '../../simulator';
import type { VmRef } from '../../src/contract';
import { Kinds } from '../../src/kubernetes';
import { expect, testsWith, type World } from './world';

const test = testsWith();

const ON = { disks: [] };
const OFF = { power: { runStrategy: 'Halted' }, disks: [] } as const;
/** A guest that doesn't obey: only force ends it. */
const UNWILLING = { disks: [], annotations: { [STEERING.stop]: 'never' } };

const button = (dialog: Locator, name: string) => dialog.getByRole('button', { name, exact: true });

/** The words of a dialogue's body, without its title and buttons. */
const wordsOf = (dialog: Locator) => dialog.locator('.pf-v6-c-modal-box__body');

async function guestOf({ environment: { client } }: World, vm: VmRef): Promise<string | undefined> {
  return (await client.get(Kinds.VirtualMachineInstance, vm))?.metadata.uid;
}

/** Waits until a guest runs that is not the one given. */
async function untilAnotherGuest({ environment }: World, vm: VmRef, uid: string | undefined): Promise<void> {
  await environment.until(
    environment.caches.instances,
    vm,
    (vmi) => vmi?.metadata.uid !== uid && vmi?.status?.phase === 'Running',
  );
}

test('Shut down confirms in the words of the picture, and lets the guest power off.', async ({
  world,
  ui,
}) => {
  const vm = await world.vm('down', ON);
  await ui.open('?name=down');
  const dialog = await ui.openDialog(vm, 'Shut down', 'Shut down down');
  await expect(wordsOf(dialog).getByRole('paragraph')).toHaveText([
    'Shut down will attempt to gracefully power off the virtual machine through the guest operating system.',
    'Force shut down will immediately power off the virtual machine.',
  ]);
  await expect(
    dialog.getByRole('heading', {
      name: 'Forcing the virtual machine to shut down could result in data loss.',
    }),
  ).toBeVisible();
  await expect(dialog.getByRole('contentinfo').getByRole('button')).toHaveText([
    'Cancel',
    'Force shut down',
    'Shut down',
  ]);
  await expect(ui.status(vm)).toHaveText('Running');
  await button(dialog, 'Shut down').click();
  await expect(dialog).toBeHidden();
  await expect(ui.toast('Shutting down down.')).toBeVisible();
  await expect(ui.status(vm)).toHaveText('Off');
  expect((await world.vmNow(vm)).spec.runStrategy).toBe('Halted');
});

test('A guest that does not obey stays in “Stopping”, until it is forced.', async ({ world, ui }) => {
  const vm = await world.vm('hanging', UNWILLING);
  await ui.open('?name=hanging');
  let dialog = await ui.openDialog(vm, 'Shut down', 'Shut down hanging');
  await button(dialog, 'Shut down').click();
  await expect(dialog).toBeHidden();
  await expect(ui.status(vm)).toHaveText('Stopping');
  dialog = await ui.openDialog(vm, 'Shut down', 'Shut down hanging');
  await button(dialog, 'Shut down').click();
  await expect(dialog).toContainText('The virtual machine was not shut down.');
  await expect(dialog).toContainText('hanging is already shutting down: only a forced stop ends it sooner.');
  await button(dialog, 'Force shut down').click();
  await expect(dialog).toBeHidden();
  await expect(ui.status(vm)).toHaveText('Off');
});

test('Restart confirms, and starts the VM again with a new guest.', async ({ world, ui }) => {
  const vm = await world.vm('again', ON);
  const before = await guestOf(world, vm);
  await ui.open('?name=again');
  const dialog = await ui.openDialog(vm, 'Restart', 'Restart again');
  await expect(wordsOf(dialog).getByRole('paragraph')).toHaveText([
    /^Restart will attempt to gracefully power off the virtual machine through the guest operating system/,
    /^Force restart will immediately power off the virtual machine/,
  ]);
  await expect(wordsOf(dialog)).toContainText(
    'Forcing the virtual machine to restart could result in data loss.',
  );
  await button(dialog, 'Restart').click();
  await expect(dialog).toBeHidden();
  await expect(ui.toast('Restarting again.')).toBeVisible();
  await untilAnotherGuest(world, vm, before);
  await expect(ui.status(vm)).toHaveText('Running');
});

test('Force restart ends a guest that does not obey, and starts the VM again.', async ({ world, ui }) => {
  const vm = await world.vm('forced', UNWILLING);
  const before = await guestOf(world, vm);
  await ui.open('?name=forced');
  const dialog = await ui.openDialog(vm, 'Restart', 'Restart forced');
  await button(dialog, 'Force restart').click();
  await expect(dialog).toBeHidden();
  await untilAnotherGuest(world, vm, before);
  await expect(ui.status(vm)).toHaveText('Running');
});

test('Delete confirms, says that a VM that is on is powered off, and the row goes.', async ({
  world,
  ui,
}) => {
  const on = await world.vm('gone-on', { disks: [{ name: 'root' }] });
  const off = await world.vm('gone-off', OFF);
  await ui.open('?name=gone-');
  let dialog = await ui.openDialog(off, 'Delete', 'Delete gone-off?');
  await expect(dialog).toContainText('The virtual machine gone-off in namespace demo and the disks');
  await expect(dialog).not.toContainText('powered off');
  await button(dialog, 'Delete').click();
  await expect(ui.toast('Deleting gone-off.')).toBeVisible();
  await ui.showsNames([on.name]);
  dialog = await ui.openDialog(on, 'Delete', 'Delete gone-on?');
  await expect(dialog).toContainText('gone-on is on (Running): it is powered off first.');
  await button(dialog, 'Delete').click();
  await expect(dialog).toBeHidden();
  await ui.showsNames([]);
  for (const vm of [on, off]) {
    await world.environment.untilVm(vm, (found) => found === undefined);
    expect(await guestOf(world, vm)).toBeUndefined();
  }
});

const REFUSED = [
  { entry: 'Shut down', make: ON, title: 'Shut down', failed: 'The virtual machine was not shut down.' },
  { entry: 'Restart', make: ON, title: 'Restart', failed: 'The virtual machine was not restarted.' },
  { entry: 'Delete', make: OFF, title: 'Delete', failed: 'The virtual machine was not deleted.' },
];
for (const { entry, make, title, failed } of REFUSED) {
  test(`${entry}: what the API refuses meanwhile is told in the dialogue, and nothing is done.`, async ({
    world,
    ui,
  }) => {
    const name = `refused-${entry.replace(' ', '-').toLowerCase()}`;
    const vm = await world.vm(name, make);
    const guest = await guestOf(world, vm);
    await ui.open(`?name=${name}`);
    const dialog = await ui.openDialog(vm, entry, `${title} ${name}${entry === 'Delete' ? '?' : ''}`);
    const { spec, metadata } = await world.lock(vm);
    await button(dialog, entry).click();
    await expect(dialog.getByRole('heading', { name: failed })).toBeVisible();
    await expect(dialog).toContainText(`${name} is locked while it is being cloned.`);
    await expect(button(dialog, entry)).toBeEnabled();
    const now = await world.vmNow(vm);
    expect(now.spec).toEqual(spec);
    expect(now.metadata.uid).toBe(metadata.uid);
    expect(await guestOf(world, vm)).toBe(guest);
    await button(dialog, 'Cancel').click();
    await expect(dialog).toBeHidden();
  });
}

test('Shut down of a VM that is deleted under the open dialogue: told, and the list is there.', async ({
  world,
  ui,
}) => {
  const vm = await world.vm('vanished', ON);
  await ui.open('?name=vanished');
  const dialog = await ui.openDialog(vm, 'Shut down', 'Shut down vanished');
  await world.environment.client.delete(Kinds.VirtualMachine, vm);
  await ui.showsNames([]);
  await expect(dialog.getByRole('heading', { name: 'The VM vanished is gone.' })).toBeVisible();
  for (const name of ['Shut down', 'Force shut down']) await expect(button(dialog, name)).toBeDisabled();
  await ui.page.keyboard.press('Escape');
  await expect(dialog).toBeHidden();
  await expect(ui.page.getByRole('heading', { level: 1 })).toBeFocused();
});

test('A double click on a confirming button sends one request.', async ({ world, ui }) => {
  const vm = await world.vm('twice', ON);
  await ui.open('?name=twice');
  const writes = ui.writes();
  let dialog = await ui.openDialog(vm, 'Restart', 'Restart twice');
  await button(dialog, 'Restart').dblclick();
  await expect(dialog).toBeHidden();
  await expect(ui.status(vm)).toHaveText('Running');
  dialog = await ui.openDialog(vm, 'Delete', 'Delete twice?');
  await button(dialog, 'Delete').dblclick();
  await expect(dialog).toBeHidden();
  await ui.showsNames([]);
  expect(writes).toEqual(['POST /vms/demo/twice/restart', 'DELETE /vms/demo/twice']);
});

test('Escape and Cancel close a dialogue without doing anything; the focus goes back to the kebab.', async ({
  world,
  ui,
}) => {
  const vm = await world.vm('kept', ON);
  await ui.open('?name=kept');
  const writes = ui.writes();
  for (const [entry, title] of [
    ['Shut down', 'Shut down kept'],
    ['Restart', 'Restart kept'],
    ['Delete', 'Delete kept?'],
    ['Edit', 'Edit kept'],
  ] as const) {
    let dialog = await ui.openDialog(vm, entry, title);
    if (entry !== 'Edit') await expect(button(dialog, 'Cancel')).toBeFocused();
    await ui.page.keyboard.press('Escape');
    await expect(dialog).toBeHidden();
    await expect(ui.kebab(vm)).toBeFocused();
    dialog = await ui.openDialog(vm, entry, title);
    // The row is drawn anew while the dialogue is open.
    await world.patchVm(vm, { metadata: { annotations: { 'example.com/seen': entry } } });
    await button(dialog, 'Cancel').click();
    await expect(dialog).toBeHidden();
    await expect(ui.kebab(vm)).toBeFocused();
  }
  expect(writes).toEqual([]);
  await expect(ui.status(vm)).toHaveText('Running');
});
