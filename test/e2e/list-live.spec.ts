import type { VmRef } from '../../src/contract';
import { Kinds } from '../../src/kubernetes';
import type { ConsolePage } from './console-page';
import { VM_LIST } from './gateway';
import { expect, testsWith, type World } from './world';

const test = testsWith();

const STALE = 'What you see may be out of date.';

/** Whether the page is still the one that was opened: a reload starts its clock anew. */
function loadedAt({ page }: ConsolePage): Promise<number> {
  return page.evaluate(() => performance.timeOrigin);
}

async function deleteAllVms({ environment: { client } }: World): Promise<void> {
  const { items } = await client.list(Kinds.VirtualMachine);
  for (const { metadata } of items) await client.delete(Kinds.VirtualMachine, metadata);
}

function bare({ namespace, name }: VmRef) {
  const spec = { runStrategy: 'Halted', template: { spec: { domain: { devices: {} } } } } as const;
  return { metadata: { namespace, name }, spec };
}

test('A change made in the cluster shows without a reload: made, started, stopped, deleted.', async ({
  world,
  ui,
}, info) => {
  const { client } = world.environment;
  const namespace = 'live';
  const [vm] = (await world.bareVms(namespace, ['live-1'])) as [VmRef];
  const second = { namespace, name: 'live-2' };
  await ui.open(`?namespace=${namespace}`);
  await ui.showsCounts({ Offline: 1 });
  const opened = await loadedAt(ui);

  /** Writes, waits until the page shows it, and notes after how many milliseconds: the promise is one second. */
  async function shows(what: string, { name }: VmRef, status: string | null, write: () => Promise<unknown>) {
    const selector = `[data-vm="${namespace}/${name}"] [data-label="Status"]`;
    const shown = ui.page.waitForFunction(
      ([where, text]) => (document.querySelector(where as string)?.textContent ?? null) === text,
      [selector, status],
    );
    const begun = Date.now();
    await Promise.all([shown, write()]);
    info.annotations.push({ type: 'shown after', description: `${what}: ${Date.now() - begun} ms` });
  }

  await shows('made', second, 'Off', () => client.create(Kinds.VirtualMachine, bare(second)));
  await ui.showsNames(['live-1', 'live-2']);
  await ui.showsCounts({ Offline: 2 });
  await expect(ui.itemCount).toHaveText(/^2 of/);

  await shows('started', vm, 'Running', () => client.act(vm, 'start'));
  await ui.showsCounts({ Offline: 1, Running: 1 });
  await expect(ui.cell(vm, 'IP address')).toHaveText(/^10\./);

  await shows('stopped', vm, 'Off', () => client.act(vm, 'stop'));
  await ui.showsCounts({ Offline: 2 });
  await expect(ui.cell(vm, 'IP address')).toHaveText('—');

  await shows('deleted', second, null, () => client.delete(Kinds.VirtualMachine, second));
  await ui.showsNames(['live-1']);
  await ui.showsCounts({ Offline: 1 });
  await expect(ui.itemCount).toHaveText(/^1 of/);
  expect(await loadedAt(ui)).toBe(opened);
});

test('A row leaves and joins the list by the active filters, as its VM changes.', async ({ world, ui }) => {
  const { client } = world.environment;
  const [moving] = (await world.bareVms('moving', ['moving', 'staying'])) as [VmRef];
  await ui.open('?namespace=moving&status=Offline');
  await ui.showsNames(['moving', 'staying']);
  await client.act(moving, 'start');
  await ui.showsNames(['staying']);
  await ui.showsCounts({ Offline: 1, Running: 1 });
  await client.act(moving, 'stop');
  await ui.showsNames(['moving', 'staying']);
});

test('Empty state: no VMs; the first that is made takes its place, the last that goes gives it back.', async ({
  world,
  ui,
}) => {
  await deleteAllVms(world);
  await ui.open();
  const empty = ui.page.getByRole('heading', { name: 'No virtual machines', exact: true });
  await expect(empty).toBeVisible();
  await expect(ui.itemCount).toHaveText('0 of 0 items');
  await expect(ui.page.getByRole('button', { name: 'Clear all filters' })).toBeHidden();
  const [first] = (await world.bareVms('first', ['first'])) as [VmRef];
  await expect(ui.status(first)).toHaveText('Off');
  await expect(empty).toBeHidden();
  await expect(ui.itemCount).toHaveText('1 of 1 item');
  await deleteAllVms(world);
  await expect(empty).toBeVisible();
});

test('Empty state: nothing matches; “Clear all filters” shows all again.', async ({ world, ui }) => {
  const [vm] = (await world.bareVms('matching', ['matching'])) as [VmRef];
  await ui.open('?name=matching&ip=10.9.9.9&namespace=matching&status=Error');
  await expect(ui.page.getByRole('heading', { name: 'No virtual machines match' })).toBeVisible();
  await expect(ui.itemCount).toHaveText(/^0 of \d+ items?$/);
  await ui.page.getByRole('main').getByRole('button', { name: 'Clear all filters' }).click();
  await expect(ui.row(vm)).toBeVisible();
  await expect(ui.page).toHaveURL(`${world.url}/vms`);
  await expect(ui.page.getByRole('textbox', { name: 'Filter by name' })).toHaveValue('');
});

test('A namespace that is not there any more can be left.', async ({ world, ui }) => {
  const [vm] = (await world.bareVms('there', ['there'])) as [VmRef];
  await ui.open('?namespace=nowhere');
  const namespace = ui.page.getByRole('combobox', { name: 'Namespace' });
  await expect(namespace).toHaveValue('nowhere');
  await namespace.selectOption('All namespaces');
  await expect(ui.row(vm)).toBeVisible();
});

test('API gone while the list is shown: the data stays, said to be stale; it heals without a reload.', async ({
  world,
  ui,
}) => {
  const [vm] = (await world.bareVms('stale', ['stale'])) as [VmRef];
  await ui.open('?namespace=stale');
  await expect(ui.status(vm)).toHaveText('Off');
  const opened = await loadedAt(ui);
  const startAgain = await world.stopApi();
  try {
    await expect(ui.page.getByText(STALE)).toBeVisible();
    await expect(ui.status(vm)).toHaveText('Off');
    await world.environment.client.act(vm, 'start');
    await world.environment.untilRunning(vm);
  } finally {
    await startAgain();
  }
  await expect(ui.status(vm)).toHaveText('Running');
  await expect(ui.page.getByText(STALE)).toBeHidden();
  expect(await loadedAt(ui)).toBe(opened);
});

test('Empty state: API unreachable at the first read; it is tried again by itself.', async ({
  world,
  ui,
}) => {
  const [vm] = (await world.bareVms('unread', ['unread'])) as [VmRef];
  // The console is loaded, the list of VMs not yet.
  await ui.page.goto(`${world.url}/clones`);
  await expect(ui.page.getByRole('heading', { level: 1 })).toHaveText('Clones');
  const startAgain = await world.stopApi();
  try {
    await ui.page.getByRole('link', { name: 'Virtual Machines' }).click();
    await expect(ui.page.getByRole('heading', { name: 'The virtual machines can not be read' })).toBeVisible({
      timeout: 40_000,
    });
    await expect(ui.page.getByText('The VM Clone API does not answer.')).toBeVisible();
    await expect(ui.page.getByRole('button', { name: 'Try again' })).toBeEnabled();
  } finally {
    await startAgain();
  }
  await expect(ui.row(vm)).toBeVisible();
});

test('Empty state: no permission; it can be tried again.', async ({ behind, gateway }) => {
  const permit = gateway.refuse(VM_LIST, 403);
  await behind.page.goto(`${gateway.url}/vms`);
  const title = behind.page.getByRole('heading', { name: 'You may not see the virtual machines' });
  await expect(title).toBeVisible();
  permit();
  await behind.page.getByRole('button', { name: 'Try again' }).click();
  await expect(title).toBeHidden();
  await expect(behind.itemCount).toHaveText(/item/);
});
