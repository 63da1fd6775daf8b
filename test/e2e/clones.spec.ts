import type { Locator, Page } from '@playwright/test';
import type { VmRef } from '../../src/contract';
import { ClusterState } from './cluster-state';
import { COPIED_DISK, expect, testsWith, type World } from './world';

const test = testsWith();

const POWER_BACK = 'gets its power state back, unless another clone of it is still under way.';
const OFF = { power: { runStrategy: 'Halted' } } as const;

/** Asks for a clone as a script does. */
async function ask(world: World, source: VmRef, options: object = {}): Promise<VmRef> {
  const target = { namespace: source.namespace, name: `${source.name}-clone` };
  const response = await fetch(`${world.url}/api/v1/clones`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ source, target, options }),
  });
  expect(response.status).toBe(202);
  return target;
}

async function openClones(page: Page, world: World, query = ''): Promise<void> {
  await page.goto(`${world.url}/clones${query}`);
  await expect(page.getByRole('heading', { name: 'Clones', level: 1 })).toBeVisible();
}

const rowOf = (page: Page, { namespace, name }: VmRef): Locator =>
  page.locator(`[data-clone="${namespace}/${name}"]`);
const cell = (row: Locator, column: string): Locator => row.locator(`[data-label="${column}"]`);
const step = (page: Page, title: string): Locator =>
  page.getByRole('listitem', { name: new RegExp(`^${title}: `) });

test.describe('the Clones page', () => {
  test('shows a clone under way first, live: phase, percent, who, since when; then how it ended, and the downtime', async ({
    world,
    page,
  }) => {
    const done = await world.vm('earlier', OFF);
    const earlier = await ask(world, done);
    await world.ended(earlier);
    const source = await world.vm('underway', { disks: [COPIED_DISK] });
    await world.holdCopies(source, 40);
    await openClones(page, world);
    const clone = await ask(world, source);
    const row = rowOf(page, clone);
    await expect(cell(row, 'Outcome')).toHaveText(/Copying40%/);
    await expect(cell(row, 'Source')).toHaveText('demo/underway');
    await expect(cell(row, 'Requested by')).toHaveText('anonymous');
    await expect(cell(row, 'Duration')).toHaveText(/\d+ s/);
    await expect(cell(row, 'Source downtime')).toHaveText('—');
    await expect(page.locator('[data-clone]').first()).toHaveAttribute('data-clone', 'demo/underway-clone');

    await world.releaseCopies(source);
    await expect(cell(row, 'Outcome')).toContainText('Completed');
    const { runId, links } = await world.ended(clone);
    await expect(cell(row, 'Source downtime')).toHaveText(/\d+ s/);
    const workflow = row.getByRole('link', { name: 'Workflow of demo/underway-clone in Temporal UI' });
    await expect(workflow).toHaveAttribute('href', links.temporalUi);
    expect(links.temporalUi).toContain(runId);
    await expect(cell(rowOf(page, earlier), 'Source downtime')).toHaveText('—');
  });

  test('tells why a clone failed, and is filtered by age, outcome and namespace, all in the URL', async ({
    world,
    page,
  }) => {
    const stubborn = await world.vm('stubborn', {
      annotations: { 'simulator.vm-clone.io/stop-seconds': 'never' },
    });
    const failed = await ask(world, stubborn, { shutdownTimeoutSeconds: 1 });
    await world.ended(failed);
    const other = await world.vm('fine', { ...OFF, namespace: 'elsewhere' });
    const completed = await ask(world, other);
    await world.ended(completed);

    await openClones(page, world);
    await expect(cell(rowOf(page, failed), 'Outcome')).toContainText('Failed');
    await expect(cell(rowOf(page, failed), 'Outcome')).toContainText('SourceShutdownFailed');
    await expect(cell(rowOf(page, failed), 'Outcome')).toContainText('did not shut down in time');

    await page.getByRole('combobox', { name: 'Outcome' }).selectOption('Failed');
    await expect(page).toHaveURL(/phase=Failed/);
    await expect(rowOf(page, completed)).toBeHidden();
    await expect(rowOf(page, failed)).toBeVisible();
    await page.reload();
    await expect(rowOf(page, failed)).toBeVisible();
    await expect(rowOf(page, completed)).toBeHidden();

    await page.getByRole('combobox', { name: 'Outcome' }).selectOption('');
    await page.getByRole('combobox', { name: 'Namespace' }).selectOption('elsewhere');
    await expect(rowOf(page, completed)).toBeVisible();
    await expect(rowOf(page, failed)).toBeHidden();
    await page.getByRole('button', { name: 'Under way' }).click();
    await expect(page.getByText('No clones match')).toBeVisible();
    await page.getByRole('button', { name: 'Clear all filters' }).click();
    await expect(rowOf(page, failed)).toBeVisible();
  });

  test('cancels a clone under way, after asking', async ({ world, page }) => {
    const source = await world.vm('unwanted', { disks: [COPIED_DISK] });
    await world.holdCopies(source, 20);
    const clone = await ask(world, source);
    await openClones(page, world);
    const row = rowOf(page, clone);
    // The bar that comes with the percent moves the button below it.
    await expect(cell(row, 'Outcome')).toContainText('20%');
    const cancel = row.getByRole('button', { name: 'Cancel cloning of demo/unwanted-clone' });
    await cancel.hover();
    await expect(page.getByRole('tooltip')).toHaveText(`Removes the clone. The source ${POWER_BACK}`);
    await cancel.click();
    await page
      .getByRole('dialog', { name: 'Cancel cloning?' })
      .getByRole('button', { name: 'Cancel cloning' })
      .click();
    await expect(cell(row, 'Outcome')).toContainText('Cancelled');
    await expect(row.getByRole('button')).toHaveCount(0);
    await world.environment.untilRunning(source);
  });
});

test.describe('the Clones page on a narrow screen', () => {
  test.use({ viewport: { width: 400, height: 800 } });

  test('puts all that stands in a cell beside its heading', async ({ world, page }) => {
    const source = await world.vm('narrow', { ...OFF, disks: [COPIED_DISK] });
    await world.holdCopies(source, 20);
    const clone = await ask(world, source);
    await openClones(page, world);
    const row = rowOf(page, clone);
    const leftOf = async (part: Locator) => (await part.boundingBox())?.x;
    const cancel = row.getByRole('button', { name: 'Cancel cloning' });
    expect(await leftOf(cancel)).toBe(await leftOf(cell(row, 'Clone').getByRole('link')));
    await world.releaseCopies(source);
    await expect(cell(row, 'Outcome')).toContainText('Completed');
  });
});

test.describe('the page of one clone', () => {
  test('is a timeline of its phases with a bar for each disk, live, and with times once it has ended', async ({
    world,
    page,
  }) => {
    const source = await world.vm('timeline', {
      disks: [COPIED_DISK, { name: 'data', gib: 2, class: 'standard' }],
    });
    await world.holdCopies(source, 30);
    await world.holdCopies(source, 50, 'data');
    const clone = await ask(world, source);
    await page.goto(`${world.url}/clones/${clone.namespace}/${clone.name}`);
    await expect(page.getByRole('heading', { name: 'Clone demo/timeline-clone' })).toBeVisible();
    await expect(step(page, 'Checking')).toHaveAccessibleName('Checking: done');
    await expect(step(page, 'Shutting down')).toHaveAccessibleName('Shutting down: done');
    await expect(step(page, 'Copying')).toHaveAccessibleName('Copying: under way');
    await expect(step(page, 'Restarting source')).toHaveAccessibleName('Restarting source: to come');
    const bars = page.getByRole('list', { name: 'Disks' });
    await expect(bars.getByText('root – 2 GiB')).toBeVisible();
    await expect(bars.getByText('30%')).toBeVisible();
    await expect(bars.getByText('50%')).toBeVisible();

    await world.releaseCopies(source);
    await expect(bars.getByText('root – 2 GiB – Copied')).toBeVisible();
    await expect(step(page, 'Copying')).toHaveAccessibleName('Copying: under way');
    await world.releaseCopies(source, 'data');
    await expect(step(page, 'Completed')).toHaveAccessibleName('Completed: done');
    for (const phase of ['Shutting down', 'Copying']) {
      await expect(step(page, phase)).toContainText(/\d+:\d\d:\d\d.*\d+ s/);
    }
  });

  test('says where and why it failed, and shows an older run by its own address', async ({ world, page }) => {
    const source = await world.vm('twice', {
      annotations: { 'simulator.vm-clone.io/stop-seconds': 'never' },
    });
    const clone = await ask(world, source, { shutdownTimeoutSeconds: 1 });
    const first = await world.ended(clone);
    await ask(world, source, { shutdownTimeoutSeconds: 1, forceShutdown: true });
    await world.environment.poll(async () => {
      const latest = await world.ended(clone);
      return latest.runId === first.runId ? undefined : latest;
    });

    await page.goto(`${world.url}/clones/${clone.namespace}/${clone.name}`);
    await expect(step(page, 'Completed')).toHaveAccessibleName('Completed: done');
    await page.goto(`${world.url}/clones/${clone.namespace}/${clone.name}?runId=${first.runId}`);
    await expect(step(page, 'Shutting down')).toHaveAccessibleName('Shutting down: failed');
    await expect(page.getByRole('heading', { name: /SourceShutdownFailed/ })).toBeVisible();
  });

  test('warns of what was known beforehand, but not where there is no clone', async ({ world, page }) => {
    const source = await world.vm('warned', {
      ...OFF,
      disks: [COPIED_DISK],
      more: ({ spec: { template } }) => {
        template.spec.domain.devices?.disks?.push({ name: 'init', disk: { bus: 'virtio' } });
        template.spec.volumes?.push({ name: 'init', cloudInitNoCloud: { userData: '#cloud-config' } });
      },
    });
    await world.holdCopies(source, 20);
    const clone = await ask(world, source);
    const warning = page.getByRole('heading', { name: /CloudInitRunsAgain/ });
    await page.goto(`${world.url}/clones/${clone.namespace}/${clone.name}`);
    await page.getByRole('button', { name: 'Cancel cloning of demo/warned-clone' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel cloning' }).click();
    const { warnings } = await world.ended(clone);
    expect(warnings.map(({ type }) => type)).toContain('CloudInitRunsAgain');
    await page.reload();
    await expect(step(page, 'Cancelled')).toHaveAccessibleName('Cancelled: done');
    await expect(warning).toBeHidden();

    await world.releaseCopies(source);
    await ask(world, source);
    await expect(step(page, 'Completed')).toHaveAccessibleName('Completed: done');
    await expect(warning).toBeVisible();
  });

  test('says of a clone that is being undone when its source is back', async ({ world, page }) => {
    const cluster = new ClusterState(world);
    const source = await world.vm('undone', { disks: [COPIED_DISK] });
    await world.holdCopies(source, 20);
    const clone = await ask(world, source);
    await page.goto(`${world.url}/clones/${clone.namespace}/${clone.name}`);
    await expect(step(page, 'Copying')).toHaveAccessibleName('Copying: under way');
    const letGo = await cluster.keep(clone);
    // Somebody starts the source with kubectl: its disks change under the copy.
    await world.environment.client.act(source, 'start');
    await expect(page.getByText(`The clone is being undone. The source ${POWER_BACK}`)).toBeVisible();
    await letGo();
    await expect(step(page, 'Failed')).toHaveAccessibleName('Failed: failed');
  });

  test('says that there is no such clone', async ({ world, page }) => {
    await page.goto(`${world.url}/clones/demo/never-made`);
    await expect(page.getByRole('heading', { name: 'There is no such clone' })).toBeVisible();
  });
});
