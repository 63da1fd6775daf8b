import type { ClonePage } from '../../src/api/answers';
import type { VmRef } from '../../src/contract';
import { COPIED_DISK, expect, testsWith, type World } from './world';

/* What the popover of a VM's status tells of its clones. */

const test = testsWith();
const OFF = { power: { runStrategy: 'Halted' } } as const;

/** Asks for a clone as a script does. */
async function ask({ url }: World, source: VmRef, name: string): Promise<VmRef> {
  const target = { namespace: source.namespace, name };
  const response = await fetch(`${url}/api/v1/clones`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ source, target }),
  });
  expect(response.status).toBe(202);
  return target;
}

/** Waits until the API lists so many clones of a VM. */
async function listed({ url, environment }: World, { namespace, name }: VmRef, open: boolean, count: number) {
  await environment.poll(async () => {
    const response = await fetch(`${url}/api/v1/clones?source=${namespace}/${name}&open=${open}`);
    return ((await response.json()) as ClonePage).items.length === count ? true : undefined;
  });
}

test('Of a VM without clones it says so, and no more.', async ({ world, ui }) => {
  const [vm] = (await world.bareVms('none', ['none'])) as [VmRef];
  await ui.open('?namespace=none');
  const popover = await ui.popover(vm);
  await expect(popover.getByText('No clones of it yet.')).toBeVisible();
  await expect(popover.locator('dl')).toHaveCount(0);
});

test('Of a source with many clones under way it names some, says how many more there are, and how the last one went.', async ({
  world,
  ui,
}) => {
  const source = await world.vm('many', { ...OFF, disks: [COPIED_DISK] });
  await world.ended(await ask(world, source, 'many-earlier'));
  await world.holdCopies(source, 10);
  const clones: VmRef[] = [];
  for (let count = 1; count <= 6; count += 1) clones.push(await ask(world, source, `many-${count}`));
  await ui.open('?name=many');
  for (const clone of clones) await expect(ui.status(clone)).toHaveText('Cloning (10%)');
  await listed(world, source, true, 6);
  await listed(world, source, false, 1);
  const popover = await ui.popover(source);
  await expect(popover.getByRole('term')).toHaveText(['Is being cloned to', 'Last clone']);
  const [underWay, last] = [popover.getByRole('definition').first(), popover.getByRole('definition').last()];
  await expect(underWay.getByRole('link')).toHaveCount(5);
  await expect(underWay).toContainText('and 1 more');
  await expect(last).toHaveText('demo/many-earlier – Completed');
  await world.releaseCopies(source);
  await expect(popover.getByRole('term')).toHaveText(['Last clone']);
});

test('Where its clones are refused it says why.', async ({ world, behind, gateway }) => {
  const [vm] = (await world.bareVms('refused', ['refused'])) as [VmRef];
  await behind.open('?namespace=refused');
  await expect(behind.status(vm)).toHaveText('Off');
  gateway.demand('a token that nobody has');
  const popover = await behind.popover(vm);
  await expect(popover.getByText('Your session has ended: sign in again.')).toBeVisible();
});
