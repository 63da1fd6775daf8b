import { LockIconConfig } from '@patternfly/react-icons/dist/js/icons/lock-icon';
import type { Page } from '@playwright/test';
import { FILTER_GROUPS, type FilterGroup } from '../../src/clone';
import { cloneWorkflowId, type VmRef } from '../../src/contract';
import { powerOf } from '../support/invariants';
import { ClusterState } from './cluster-state';
import { COPIED_DISK, expect, testsWith } from './world';

/* Each sentence of clone-vm.md on what follows "Clone Virtual Machine": toasts, statuses, filter. */

const test = testsWith();
const OFF = { power: { runStrategy: 'Halted' } } as const;
const COPIED = { disks: [COPIED_DISK] };
const STUCK = { annotations: { 'simulator.vm-clone.io/stop-seconds': 'never' } };

const cloneOf = ({ namespace, name }: VmRef): VmRef => ({ namespace, name: `${name}-clone` });

/** Asks for a clone whose source has but a second to shut down, which the console never does. */
async function cloneImpatiently(page: Page, source: VmRef): Promise<void> {
  const data = { source, target: cloneOf(source), options: { shutdownTimeoutSeconds: 1 } };
  const response = await page.request.post(`${new URL(page.url()).origin}/api/v1/clones`, { data });
  expect(response.status()).toBe(202);
}

test('If the source VM fails to shut down properly, an error toast notification would be displayed.', async ({
  world,
  ui,
  anotherTab,
}) => {
  const source = await world.vm('stuck', STUCK);
  const other = await world.vm('waker', OFF);
  await ui.page.clock.install();
  await ui.open();
  const second = await (await anotherTab()).open();
  await cloneImpatiently(ui.page, source);
  for (const tab of [ui, second]) {
    const toast = tab.toast('VM stuck failed to power off. Clone aborted.');
    await expect(toast).toBeVisible();
    await expect(toast).toContainText('demo/stuck did not shut down in time');
    await expect(toast.locator('.pf-m-danger')).toBeVisible();
  }
  // It stays until it is closed: long after what nobody has to act on has gone.
  await ui.choose(other, 'Run');
  await expect(ui.toast('Starting waker.')).toBeVisible();
  await ui.page.clock.fastForward('05:00');
  await expect(ui.toast('Starting waker.')).toBeHidden();
  await expect(ui.toast('VM stuck failed to power off.')).toBeVisible();
  await ui.closeToast('VM stuck failed to power off.');
});

test('The user would then need to power off the VM manually and re-open the Clone modal to try again.', async ({
  world,
  ui,
}) => {
  const source = await world.vm('again', STUCK);
  await ui.open();
  await cloneImpatiently(ui.page, source);
  const toast = ui.toast('VM again failed to power off.');
  await expect(toast).toBeVisible();
  await ui.choose(source, 'Shut down');
  await ui.page.getByRole('dialog').getByRole('button', { name: 'Force shut down' }).click();
  await expect(ui.status(source)).toHaveText('Off');
  await world.ended(cloneOf(source));

  await toast.getByRole('button', { name: 'Try again' }).click();
  await expect(toast).toBeHidden();
  await expect(ui.cloneModal.name).toHaveValue('again-clone');
  await expect(ui.cloneModal.configuration).toContainText('Flavor');
  await expect(ui.cloneModal.warning).toBeHidden();
  await ui.cloneModal.submit.click();
  await expect(ui.status(cloneOf(source))).toHaveText('Running');
  await expect(ui.status(source)).toHaveText('Off');
});

test('If the cloning process starts successfully, the newly-cloned VM will appear in the list and a toast notification will confirm that the cloning process has begun.', async ({
  world,
  ui,
}) => {
  const cluster = new ClusterState(world);
  const source = await world.vm('begun', { ...COPIED, ...STUCK });
  await world.holdCopies(source, 10);
  await ui.open();
  const clone = await ui.clone(source);
  await expect(ui.toast('Shutting down begun to clone it.')).toBeVisible();
  await expect(ui.status(source)).toHaveText('Shutting down to clone');
  await expect(ui.status(source).locator('.pf-v6-c-spinner')).toBeVisible();
  await expect(ui.row(clone)).toBeHidden();
  await expect(ui.toast('has started')).toBeHidden();

  await cluster.steer(source, 'stop-seconds', null);
  const toast = ui.toast('VM begun-clone cloning has started.');
  const link = await toast.getByRole('link', { name: 'View workflow' }).getAttribute('href');
  await expect(ui.row(clone)).toBeVisible();
  const { namespace, client } = world.environment.temporal;
  const { runId } = await client.workflow.getHandle(cloneWorkflowId(clone)).describe();
  expect(link).toMatch(/^http/);
  expect(link).toContain(`/namespaces/${namespace}/workflows/clone%2Fdemo%2Fbegun-clone/${runId}`);
  await world.releaseCopies(source);
  await expect(ui.status(clone)).toHaveText('Running');
});

test('When copying begins (at once for a source that is off): toast “VM <name> cloning has started.”', async ({
  world,
  ui,
}) => {
  const source = await world.vm('was-off', { ...OFF, ...COPIED });
  const before = await powerOf(world.environment, source);
  await world.holdCopies(source, 10);
  await ui.open();
  const clone = await ui.clone(source);
  await expect(ui.toast('VM was-off-clone cloning has started.')).toBeVisible();
  await expect(ui.toast('Shutting down')).toBeHidden();
  await expect(ui.row(clone)).toBeVisible();
  await world.releaseCopies(source);
  await expect(ui.status(clone)).toHaveText('Running');
  await expect(ui.status(source)).toHaveText('Off');
  expect(await powerOf(world.environment, source)).toEqual(before);
});

test('The clone’s status should change to a spinner with a completion percentage next to it.', async ({
  world,
  ui,
}) => {
  const source = await world.vm('spinner', COPIED);
  await world.holdCopies(source, 25);
  await ui.open();
  const clone = await ui.clone(source);
  await expect(ui.toast('VM spinner-clone cloning has started.')).toBeVisible();
  await expect(ui.status(clone)).toHaveText('Cloning (25%)');
  await expect(ui.status(clone).locator('.pf-v6-c-spinner')).toBeVisible();

  const popover = await ui.popover(clone);
  for (const bar of ['Copying', 'root – 2 GiB – Copying']) {
    const progress = popover.getByRole('progressbar', { name: bar, exact: true });
    await expect(progress).toHaveAttribute('aria-valuenow', '25');
  }
  await expect(popover.getByRole('term')).toHaveText(['Source', 'Requested by', 'Since']);
  await expect(popover.getByRole('definition')).toHaveText(['demo/spinner', 'anonymous', /\d:\d\d/]);
  await expect(popover.getByRole('button', { name: 'Cancel cloning' })).toBeEnabled();
  await expect(popover.getByRole('link', { name: 'Workflow' })).toHaveAttribute('href', /spinner-clone/);
  await world.releaseCopies(source);
  await expect(ui.status(clone)).toHaveText('Running');
});

test('Percent never decreases, and is 100 only at completion.', async ({ world, ui }) => {
  const source = await world.vm('rising', { ...OFF, ...COPIED });
  await ui.open();
  const clone = cloneOf(source);
  await ui.page.evaluate((vm) => {
    const seen: string[] = [];
    Object.assign(window, { seen });
    const look = () => {
      const text = document.querySelector(`[data-vm="${vm}"] [data-label="Status"]`)?.textContent;
      if (text && text !== seen.at(-1)) seen.push(text);
    };
    new MutationObserver(look).observe(document.body, {
      subtree: true,
      childList: true,
      characterData: true,
    });
  }, `${clone.namespace}/${clone.name}`);
  await ui.clone(source);
  await expect(ui.status(clone)).toHaveText('Running');
  const seen = await ui.page.evaluate(() => (window as unknown as { seen: string[] }).seen);
  const percents = seen.flatMap((text) => {
    const [, percent] = /^Cloning \((\d+)%\)$/.exec(text) ?? [];
    return percent === undefined ? [] : [Number(percent)];
  });
  expect(percents.length).toBeGreaterThan(2);
  expect(percents).toEqual([...percents].sort((a, b) => a - b));
  expect(percents.at(-1)).toBeLessThan(100);
});

test('The source VM’s status should change to locked while it’s being cloned.', async ({ world, ui }) => {
  const source = await world.vm('locked', COPIED);
  await world.holdCopies(source, 25);
  await ui.open();
  const clone = await ui.clone(source);
  await expect(ui.status(source)).toHaveText('Locked');
  const icon = ui.status(source).locator('svg path');
  const { rhUiIcon, icon: usual } = LockIconConfig;
  const paths = [usual, rhUiIcon].map((each) => each?.svgPathData);
  expect(paths).toContain(await icon.first().getAttribute('d'));
  await expect(ui.status(clone)).toHaveText('Cloning (25%)');
  const popover = await ui.popover(source);
  await expect(popover).toContainText('Is being cloned to');
  await expect(popover).toContainText('demo/locked-clone – Copying (25%)');
  await ui.page.keyboard.press('Escape');
  await world.releaseCopies(source);
  await expect(ui.status(source)).toHaveText('Running');
  await expect(ui.status(clone)).toHaveText('Running');
});

test('The clone does not have an IP address until after it boots.', async ({ world, ui }) => {
  const cluster = new ClusterState(world);
  // The clone takes this over from its source, which is off.
  const annotations = { 'simulator.vm-clone.io/boot-seconds': 'never' };
  const source = await world.vm('addressed', { ...OFF, ...COPIED, annotations });
  await world.holdCopies(source, 25);
  await ui.open();
  const clone = await ui.clone(source);
  await expect(ui.status(clone)).toHaveText('Cloning (25%)');
  await expect(ui.cell(clone, 'IP address')).toHaveText('—');
  await world.releaseCopies(source);
  await expect(ui.status(clone)).toHaveText('Starting');
  await expect(ui.cell(clone, 'IP address')).toHaveText('—');
  await cluster.steer(clone, 'boot-seconds', null);
  await expect(ui.status(clone)).toHaveText('Running');
  await expect(ui.cell(clone, 'IP address')).toHaveText(/^\d+(\.\d+){3}$/);
});

const ANNOUNCED = 'The filter Transitioning is active now, so that the clone is shown.';
for (const { title, name, before, after } of [
  {
    title:
      'If the “Transitioning” filter is inactive when the user clicks “Clone Virtual Machine”, it should be activated automatically to ensure that the newly-cloned VM appears in the list: if none is active all five are activated.',
    name: 'filtered-by-none',
    before: [],
    after: [...FILTER_GROUPS],
  },
  {
    title: 'Transitioning filter, when inactive: if other status filters are active it joins them.',
    name: 'filtered-by-others',
    before: ['Offline', 'Unknown'],
    after: ['Offline', 'Transitioning', 'Unknown'],
  },
  {
    title: 'If the “Transitioning” filter is active already, the filters stay as they are.',
    name: 'filtered-already',
    before: ['Offline', 'Transitioning'],
    after: ['Offline', 'Transitioning'],
  },
] as { title: string; name: string; before: FilterGroup[]; after: FilterGroup[] }[]) {
  test(title, async ({ world, ui }) => {
    const source = await world.vm(name, { ...OFF, ...COPIED });
    await world.holdCopies(source, 10);
    await ui.open();
    for (const group of before) await ui.filter(group).click();
    await ui.showsActive(before);
    const clone = await ui.clone(source);
    await ui.showsActive(after);
    await expect(ui.page).toHaveURL((url) => url.searchParams.get('status') === after.join(','));
    await expect(ui.announcer).toHaveText(before.includes('Transitioning') ? '' : ANNOUNCED);
    await expect(ui.status(clone)).toHaveText('Cloning (10%)');
    await expect(ui.status(source)).toHaveText('Locked');
    await world.releaseCopies(source);
    await expect(ui.toast(`VM ${clone.name} has been cloned.`)).toBeVisible();
  });
}

for (const [by, query] of [
  ['name', '?name=hidden-by-name-a'],
  ['namespace', '?namespace=demo'],
] as const) {
  test(`If a ${by} filter hides the clone, the toast offers “Show clone”.`, async ({ world, ui }) => {
    const source = await world.vm(`hidden-by-${by}-a`, { ...OFF, ...COPIED });
    await world.vm(`neighbour-of-${by}`, { ...OFF, namespace: 'elsewhere' });
    await world.holdCopies(source, 10);
    await ui.open(query);
    const modal = await ui.openCloneModal(source);
    const clone = { namespace: 'elsewhere', name: `another-${by}` };
    await modal.name.fill(clone.name);
    await modal.namespace.selectOption(clone.namespace);
    await modal.submit.click();
    const toast = ui.toast(`VM ${clone.name} cloning has started.`);
    await expect(toast).toBeVisible();
    await expect(ui.row(clone)).toBeHidden();
    await toast.getByRole('button', { name: 'Show clone' }).click();
    await expect(ui.status(clone)).toHaveText('Cloning (10%)');
    await world.releaseCopies(source);
    await expect(ui.status(clone)).toHaveText('Running');
  });
}

test('This filter matches all “in between” states, including powering up, shutting down, or paused.', async ({
  world,
  ui,
}) => {
  const steady = [await world.vm('between-on'), await world.vm('between-off', OFF)];
  const rising = await world.vm('between-rising', {
    ...OFF,
    annotations: { 'simulator.vm-clone.io/boot-seconds': 'never' },
  });
  const sinking = await world.vm('between-sinking', STUCK);
  const asleep = await world.vm('between-asleep');
  await ui.open('?name=between');
  await ui.choose(rising, 'Run');
  await ui.choose(asleep, 'Pause');
  await ui.choose(sinking, 'Shut down');
  await ui.page.getByRole('dialog').getByRole('button', { name: 'Shut down', exact: true }).click();
  await expect(ui.status(sinking)).toHaveText('Stopping');
  await ui.filter('Transitioning').click();
  await expect(ui.status(rising)).toHaveText('Starting');
  await expect(ui.status(sinking)).toHaveText('Stopping');
  await expect(ui.status(asleep)).toHaveText('Paused');
  for (const vm of steady) await expect(ui.row(vm)).toBeHidden();
  await expect(ui.itemCount).toHaveText(/^3 of/);
});
