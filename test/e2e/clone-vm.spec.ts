import { COPIED_DISK, expect, testsWith } from './world';

const test = testsWith();

test('The clone’s status should change to a spinner with a completion percentage next to it.', async ({
  world,
  ui,
}) => {
  const source = await world.vm('spinner', { disks: [COPIED_DISK] });
  await world.holdCopies(source, 25);
  await ui.open();
  const clone = await ui.clone(source);
  await expect(ui.toast('VM spinner-clone cloning has started.')).toBeVisible();
  await expect(ui.status(clone)).toHaveText('Cloning (25%)');
  await expect(ui.status(clone).locator('.pf-v6-c-spinner')).toBeVisible();
  await world.releaseCopies(source);
  await expect(ui.status(clone)).toHaveText('Running');
});
