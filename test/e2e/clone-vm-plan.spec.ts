import { NEW_CLONE, PLAN } from './gateway';
import { COPIED_DISK, expect, testsWith } from './world';

/* What the dialogue "Clone Virtual Machine" tells while its plan is on its way, or can't be read. */

const test = testsWith();
const COPIED = { disks: [COPIED_DISK] };
const UNREADABLE = 'The plan of the clone can not be read.';

test('The plan of another name can not be read: what is known of the source stands, until it is read again.', async ({
  world,
  behind,
  gateway,
}) => {
  const source = await world.vm('unread', COPIED);
  await behind.open();
  const modal = await behind.openCloneModal(source);
  await expect(modal.warning).toBeVisible();
  const allow = gateway.refuse(PLAN);
  await modal.name.fill('unread-other');
  await expect(modal.root.getByText(UNREADABLE)).toBeVisible();
  await expect(modal.warning).toBeVisible();
  await expect(modal.configuration).toContainText('Flavor');
  await expect(modal.submit).toBeEnabled();
  allow();
  await expect(modal.root.getByText(UNREADABLE)).toBeHidden();
  await expect(modal.warning).toBeVisible();
});

test('The plan of another name can not be read: its clone can be asked for, and the shutdown is told of.', async ({
  world,
  behind,
  gateway,
}) => {
  const source = await world.vm('asked', COPIED);
  await behind.open();
  const modal = await behind.openCloneModal(source);
  gateway.refuse(PLAN);
  await modal.name.fill('asked-other');
  await expect(modal.root.getByText(UNREADABLE)).toBeVisible();
  await modal.submit.click();
  await expect(behind.toast('Shutting down asked to clone it.')).toBeVisible();
  const clone = { namespace: 'demo', name: 'asked-other' };
  for (const vm of [clone, source]) await expect(behind.status(vm)).toHaveText('Running');
});

for (const { is, power, toasts } of [
  { is: 'on', power: 'Always', toasts: 1 },
  { is: 'off', power: 'Halted', toasts: 0 },
] as const) {
  test(`“Clone Virtual Machine” is pressed before the plan is in, the source is ${is}: the shutdown is told of if there is one.`, async ({
    world,
    behind,
    gateway,
  }) => {
    const source = await world.vm(`quick-${is}`, { ...COPIED, power: { runStrategy: power } });
    await world.holdCopies(source, 10);
    await behind.open();
    const release = gateway.hold(PLAN, 'request');
    await behind.choose(source, 'Clone');
    await behind.cloneModal.submit.click();
    await expect(behind.cloneModal.root).toBeHidden();
    release();
    await expect(behind.toast(`VM quick-${is}-clone cloning has started.`)).toBeVisible();
    await expect(behind.toast(`Shutting down quick-${is} to clone it.`)).toHaveCount(toasts);
    expect(gateway.requests(NEW_CLONE)).toHaveLength(1);
    await world.releaseCopies(source);
    await expect(behind.toast(`VM quick-${is}-clone has been cloned.`)).toBeVisible();
  });
}
