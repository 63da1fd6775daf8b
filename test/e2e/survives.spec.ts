import { cloneWorkflowId, type VmRef } from '../../src/contract';
import { Kinds } from '../../src/kubernetes';
import { ClusterState } from './cluster-state';
import type { ConsolePage } from './console-page';
import { EVENTS, type Gateway, PLAN, VM_LIST } from './gateway';
import { COPIED_DISK, expect, testsWith, type World } from './world';

/* What the console lives through: the API gone, the live feed cut, a token that expires. */

const test = testsWith();
const OFF = { power: { runStrategy: 'Halted' } } as const;
const COPIED = { disks: [COPIED_DISK] };
const STALE = 'What you see may be out of date.';
const EVENT_ID = /^[0-9a-f]{12}-\d+$/;

/** Whether the page is still the one that was opened: a reload starts its clock anew. */
function loadedAt({ page }: ConsolePage): Promise<number> {
  return page.evaluate(() => performance.timeOrigin);
}

const banner = ({ page }: ConsolePage) => page.getByText(STALE);

/** Waits until the API shows a VM's status so, whatever the console has been told. */
function apiShows({ environment, url }: World, { namespace, name }: VmRef, status: string): Promise<true> {
  return environment.poll(async () => {
    const response = await fetch(`${url}/api/v1/vms/${namespace}/${name}`);
    return response.ok && (await response.json()).status === status ? true : undefined;
  });
}

/** Waits until there is just one live feed. */
async function followsOnce(gateway: Gateway): Promise<void> {
  await expect.poll(() => gateway.open(EVENTS).length).toBe(1);
}

/** The clone's own end, past the API. */
async function ended({ environment }: World, clone: VmRef): Promise<void> {
  const handle = environment.temporal.client.workflow.getHandle(cloneWorkflowId(clone));
  await handle.result().catch(() => {});
}

test.describe('The API is stopped and started again', () => {
  test('rows stay, said to be stale; the clone goes on, and is told of when the API is back: begun and completed', async ({
    world,
    ui,
  }) => {
    const cluster = new ClusterState(world);
    const stop = { annotations: { 'simulator.vm-clone.io/stop-seconds': 'never' } };
    const source = await world.vm('api-1', { ...COPIED, ...stop, namespace: 'api' });
    const [going, rising] = (await world.bareVms('api', ['api-going', 'api-rising'])) as [VmRef, VmRef];
    await ui.open('?namespace=api');
    const opened = await loadedAt(ui);
    const clone = await ui.clone(source);
    await expect(ui.status(source)).toHaveText('Shutting down to clone');
    const startAgain = await world.stopApi();
    try {
      await expect(banner(ui)).toBeVisible();
      await ui.showsNames(['api-1', 'api-going', 'api-rising']);
      await expect(ui.status(source)).toHaveText('Shutting down to clone');
      await world.environment.client.delete(Kinds.VirtualMachine, going);
      await world.environment.client.act(rising, 'start');
      await world.environment.untilRunning(rising);
      await cluster.steer(source, 'stop-seconds', null);
      await ended(world, clone);
    } finally {
      await startAgain();
    }
    const told = ['VM api-1-clone cloning has started.', 'VM api-1-clone has been cloned.'];
    await Promise.all(told.map((text) => expect(ui.toast(text)).toBeVisible()));
    await expect(banner(ui)).toBeHidden();
    await ui.showsNames(['api-1', 'api-1-clone', 'api-rising']);
    for (const vm of [source, clone, rising]) await expect(ui.status(vm)).toHaveText('Running');
    await ui.showsCounts({ Running: 3 });
    expect(await loadedAt(ui)).toBe(opened);
  });

  test('behind a proxy that answers 502 for it: percent and rows are up to date again, a failure meanwhile is told', async ({
    world,
    behind,
    gateway,
  }) => {
    const [failing, copied] = [
      await world.vm('proxy-1', { ...OFF, ...COPIED, namespace: 'proxy' }),
      await world.vm('proxy-2', { ...OFF, ...COPIED, namespace: 'proxy' }),
    ];
    for (const source of [failing, copied]) await world.holdCopies(source, 10);
    await behind.open('?namespace=proxy');
    const opened = await loadedAt(behind);
    const failed = await behind.clone(failing);
    const clone = await behind.clone(copied);
    for (const vm of [failed, clone]) await expect(behind.status(vm)).toHaveText('Cloning (10%)');
    const startAgain = await world.stopApi();
    try {
      await expect(banner(behind)).toBeVisible();
      await expect(behind.status(clone)).toHaveText('Cloning (10%)');
      await world.environment.client.delete(Kinds.VirtualMachine, failed);
      await ended(world, failed);
      await world.holdCopies(copied, 60);
    } finally {
      await startAgain();
    }
    await expect(behind.toast('Cloning VM proxy-1 to proxy-1-clone failed.')).toBeVisible();
    await expect(banner(behind)).toBeHidden();
    await expect(behind.status(clone)).toHaveText('Cloning (60%)');
    await expect(behind.row(failed)).toBeHidden();
    // Its numbers are not the old ones' continuation: the page was told so, and has read everything anew.
    const [before, after] = [gateway.requests(EVENTS)[0], gateway.requests(EVENTS).at(-1)];
    expect(before?.headers['last-event-id']).toBeUndefined();
    expect(after?.headers['last-event-id']).toMatch(EVENT_ID);
    await followsOnce(gateway);
    await world.releaseCopies(copied);
    await expect(behind.status(clone)).toHaveText('Running');
    await expect(behind.status(copied)).toHaveText('Off');
    await behind.showsCounts({ Running: 1, Offline: 2 });
    expect(await loadedAt(behind)).toBe(opened);
  });
});

test('The live feed alone is cut: it resumes where it was, nothing is missed, and there is one of it.', async ({
  world,
  behind,
  gateway,
}) => {
  const [rising, other] = (await world.bareVms('cut', ['cut-1', 'cut-2'])) as [VmRef, VmRef];
  await behind.open('?namespace=cut');
  await expect(behind.status(rising)).toHaveText('Off');
  await followsOnce(gateway);
  const opened = await loadedAt(behind);
  // The lists are held too, so that only the feed can tell what happened.
  const releaseFeed = gateway.hold(EVENTS, 'request');
  const releaseLists = gateway.hold(VM_LIST);
  gateway.cut(EVENTS);
  await world.environment.client.act(rising, 'start');
  await apiShows(world, rising, 'Running');
  await expect(behind.status(rising)).toHaveText('Off');
  await expect.poll(() => gateway.requests(EVENTS).length).toBe(2);
  releaseFeed();
  await expect(behind.status(rising)).toHaveText('Running');
  releaseLists();
  await behind.showsCounts({ Running: 1, Offline: 1 });
  expect(gateway.requests(EVENTS)[1]?.headers['last-event-id']).toMatch(EVENT_ID);

  for (let cuts = 1; cuts <= 3; cuts += 1) {
    const before = gateway.requests(EVENTS).length;
    gateway.cut(EVENTS);
    await expect.poll(() => gateway.requests(EVENTS).length).toBe(before + 1);
  }
  await world.environment.client.act(other, 'start');
  await expect(behind.status(other)).toHaveText('Running');
  await followsOnce(gateway);
  await expect(banner(behind)).toBeHidden();
  expect(await loadedAt(behind)).toBe(opened);
});

test('The live feed is silent without being closed: after 40 seconds it is opened anew.', async ({
  world,
  behind,
  gateway,
}) => {
  const [vm] = (await world.bareVms('silent', ['silent-1'])) as [VmRef];
  await behind.page.clock.install();
  await behind.open('?namespace=silent');
  await followsOnce(gateway);
  // The lists are held too, so that only the feed can tell what happened.
  const releaseLists = gateway.hold(VM_LIST);
  gateway.swallow(EVENTS);
  await world.environment.client.act(vm, 'start');
  await apiShows(world, vm, 'Running');
  await expect(behind.status(vm)).toHaveText('Off');
  await behind.page.clock.fastForward(41_000);
  await expect(behind.status(vm)).toHaveText('Running');
  releaseLists();
  await behind.showsCounts({ Running: 1 });
  expect(gateway.requests(EVENTS)[1]?.headers['last-event-id']).toMatch(EVENT_ID);
  await followsOnce(gateway);
});

for (const { what, path } of [
  { what: 'virtual machines', path: '/vms' },
  { what: 'clones', path: '/clones' },
]) {
  test(`The ${what} can not be read while the live feed is there: they are tried again by themselves, as is said.`, async ({
    behind: { page },
    gateway,
  }) => {
    const allow = gateway.refuse((request) => request.path === `/api/v1${path}`);
    await page.goto(`${gateway.url}${path}`);
    const problem = page.getByRole('heading', { name: `The ${what} can not be read` });
    await expect(problem).toBeVisible();
    await expect(page.getByText('It is tried again by itself.')).toBeVisible();
    await followsOnce(gateway);
    allow();
    await expect(problem).toBeHidden();
    await expect(page.getByRole('grid').or(page.getByRole('heading', { name: /^No / }))).toBeVisible();
  });
}

test('While the live feed is not to be had the list follows by itself, said to be stale; so do the toasts.', async ({
  world,
  behind,
  gateway,
}) => {
  const source = await world.vm('polled', { ...OFF, ...COPIED, namespace: 'polled' });
  await world.holdCopies(source, 20);
  const allow = gateway.refuse(EVENTS);
  await behind.open('?namespace=polled');
  await expect(banner(behind)).toBeVisible();
  const clone = await behind.clone(source);
  await expect(behind.toast('VM polled-clone cloning has started.')).toBeVisible();
  await expect(behind.status(clone)).toHaveText('Cloning (20%)');
  await expect(behind.status(source)).toHaveText('Locked');
  await world.releaseCopies(source);
  await expect(behind.toast('VM polled-clone has been cloned.')).toBeVisible();
  await expect(behind.status(clone)).toHaveText('Running');
  await behind.showsCounts({ Running: 1, Offline: 1 });
  await expect(banner(behind)).toBeVisible();
  // Each try is answered at once; they become rarer all the same.
  expect(gateway.requests(EVENTS).length).toBeLessThan(15);
  allow();
  await expect(banner(behind)).toBeHidden();
  await world.environment.client.act(clone, 'stop');
  await expect(behind.status(clone)).toHaveText('Off');
  await followsOnce(gateway);
});

test.describe('Behind something that asks for a token', () => {
  const SESSION_ENDED = 'Your session has ended.';

  /** Gives a token where it is asked for, by the keyboard alone. */
  async function signIn({ page }: ConsolePage, token: string): Promise<void> {
    const field = page.getByLabel('Bearer token');
    await field.fill(token);
    await field.press('Enter');
  }

  test('the first load asks to sign in, says when a token is not accepted, and heals with a good one', async ({
    world,
    behind,
    gateway,
  }) => {
    const [vm] = (await world.bareVms('guarded', ['guarded-1'])) as [VmRef];
    gateway.demand('a-good-token');
    const { page } = behind;
    await page.goto(`${gateway.url}/vms?namespace=guarded`);
    await expect(page.getByText(SESSION_ENDED)).toBeVisible();
    await signIn(behind, 'a-bad-token');
    await expect(page.getByText('The bearer token was not accepted.')).toBeVisible();
    await expect(behind.row(vm)).toBeHidden();
    await signIn(behind, 'a-good-token');
    await expect(behind.status(vm)).toHaveText('Off');
    await expect(page.getByText(SESSION_ENDED)).toBeHidden();
    await world.environment.client.act(vm, 'start');
    await expect(behind.status(vm)).toHaveText('Running');
    await followsOnce(gateway);

    // For this tab alone: in no address, and not where other tabs and later days would find it.
    expect(page.url()).not.toContain('token');
    expect(await page.evaluate(() => JSON.stringify({ ...localStorage }))).not.toContain('token');
    expect(gateway.seen.some(({ query }) => `${query}`.includes('token'))).toBe(false);
    await page.reload();
    await expect(behind.status(vm)).toHaveText('Running');
    await expect(page.getByText(SESSION_ENDED)).toBeHidden();
  });

  test('it expires under the open dialogue: sign-in is within reach of the keyboard, and nothing typed is lost', async ({
    world,
    behind,
    gateway,
  }) => {
    const source = await world.vm('expiring', { ...OFF, namespace: 'expiring' });
    const { page } = behind;
    gateway.demand('the-first');
    await page.goto(`${gateway.url}/vms?namespace=expiring`);
    await signIn(behind, 'the-first');
    const opened = await loadedAt(behind);
    const modal = await behind.openCloneModal(source);
    const notice = modal.root.getByText(SESSION_ENDED);
    await modal.description.fill('typed before');

    gateway.demand('the-second');
    await modal.name.fill('typed-name');
    await expect(notice).toBeVisible();
    await expect(modal.name).toBeFocused();
    await page.keyboard.press('Shift+Tab');
    await expect(modal.root.getByLabel('Bearer token')).toBeFocused();
    await page.keyboard.type('the-second');
    await page.keyboard.press('Enter');
    await expect(notice).toBeHidden();
    await expect(modal.name).toBeFocused();
    await expect.poll(() => gateway.open(PLAN).length).toBe(0);
    await expect(modal.root.getByText('can not be read')).toBeHidden();

    gateway.demand('the-third');
    await modal.submit.click();
    await expect(modal.root.getByText('The clone was not started.')).toBeVisible();
    await expect(notice).toBeVisible();
    await modal.root.getByLabel('Bearer token').fill('the-third');
    await modal.root.getByRole('button', { name: 'Sign in' }).click();
    await expect(notice).toBeHidden();
    await expect(modal.name).toHaveValue('typed-name');
    await expect(modal.description).toHaveValue('typed before');
    await modal.submit.click();
    await expect(modal.root).toBeHidden();
    const clone = { namespace: 'expiring', name: 'typed-name' };
    await expect(behind.toast('VM typed-name cloning has started.')).toBeVisible();
    await expect(behind.status(clone)).toHaveText('Running');
    expect((await world.vmNow(clone)).metadata.annotations).toMatchObject({
      description: 'typed before',
    });
    expect(await loadedAt(behind)).toBe(opened);
  });

  test('it expires under another dialogue: sign-in is there too', async ({ world, behind, gateway }) => {
    const [vm] = (await world.bareVms('expired', ['expired-1'])) as [VmRef];
    await behind.open('?namespace=expired');
    await behind.choose(vm, 'Edit');
    await behind.dialog.getByRole('textbox', { name: 'Description' }).fill('kept');
    gateway.demand('another');
    await behind.dialog.getByRole('button', { name: 'Save' }).click();
    await expect(behind.dialog.getByText(SESSION_ENDED)).toBeVisible();
    await behind.dialog.getByLabel('Bearer token').fill('another');
    await behind.dialog.getByRole('button', { name: 'Sign in' }).click();
    await expect(behind.dialog.getByText(SESSION_ENDED)).toBeHidden();
    await behind.dialog.getByRole('button', { name: 'Save' }).click();
    await expect(behind.toast('The changes of expired-1 are saved.')).toBeVisible();
    await behind.choose(vm, 'Delete');
    gateway.demand('yet another');
    await behind.dialog.getByRole('button', { name: 'Delete' }).click();
    await expect(behind.dialog.getByText(SESSION_ENDED)).toBeVisible();
    await behind.dialog.getByLabel('Bearer token').fill('yet another');
    await behind.dialog.getByRole('button', { name: 'Sign in' }).click();
    await behind.dialog.getByRole('button', { name: 'Delete' }).click();
    await expect(behind.row(vm)).toBeHidden();
  });
});
