import type { VmRef } from '../../src/contract';
import { Kinds } from '../../src/kubernetes';
import type { ConsolePage } from './console-page';
import { expect, testsWith, type World } from './world';

const test = testsWith();
test.use({ locale: 'en-GB', timezoneId: 'Europe/Vienna' });

const COLUMNS = ['Name', 'Namespace', 'Status', 'Created', 'Node', 'IP address'];
const GROUPS = ['Running', 'Offline', 'Error', 'Transitioning', 'Unknown'];
const NO_DISKS = { disks: [] };
const OFF = { power: { runStrategy: 'Halted' }, disks: [] } as const;

async function vmAndInstance({ environment: { client } }: World, ref: VmRef) {
  const vm = await client.get(Kinds.VirtualMachine, ref);
  const vmi = await client.get(Kinds.VirtualMachineInstance, ref);
  const [network] = vmi?.status?.interfaces ?? [];
  return {
    name: ref.name,
    namespace: ref.namespace,
    createdAt: vm?.metadata.creationTimestamp as string,
    node: vmi?.status?.nodeName,
    ip: network?.ipAddress,
  };
}

/** Times are kept to the second: waits for the next one, so that the next VM is younger. */
async function nextSecond({ environment }: World): Promise<void> {
  const second = () => Math.floor(Date.now() / 1000);
  const now = second();
  await environment.poll(async () => (second() > now ? true : undefined));
}

test('Title “Virtual Machines”; columns Name, Namespace, Status, Created, Node, IP address.', async ({
  world,
  ui,
}) => {
  await world.vm('columns', OFF);
  await ui.open();
  await expect(ui.page.getByRole('heading', { level: 1 })).toHaveText('Virtual Machines');
  await expect(ui.page).toHaveTitle(/VM Clone|Virtual Machines/);
  await expect(ui.page.getByRole('columnheader')).toHaveText([...COLUMNS, 'Actions']);
});

test('By default the list is sorted by name, ascending, numbers by their value.', async ({ world, ui }) => {
  await world.bareVms('order', ['vm-2', 'vm-10', 'vm-1']);
  await ui.open('?namespace=order');
  await ui.showsNames(['vm-1', 'vm-2', 'vm-10']);
  await expect(ui.column('Name')).toHaveAttribute('aria-sort', 'ascending');
  for (const column of COLUMNS.slice(1)) {
    await expect(ui.column(column)).not.toHaveAttribute('aria-sort', /ascending|descending/);
  }
});

test('Each column sorts both ways; rows without a value come last.', async ({ world, ui }) => {
  const refs: VmRef[] = [];
  for (const [name, namespace, on] of [
    ['sorted-c', 'sorted-1', true],
    ['sorted-a', 'sorted-3', false],
    ['sorted-b', 'sorted-2', true],
  ] as const) {
    refs.push(await world.vm(name, { ...(on ? NO_DISKS : OFF), namespace }));
    await nextSecond(world);
  }
  const vms = await Promise.all(refs.map((ref) => vmAndInstance(world, ref)));
  const collator = new Intl.Collator('en', { numeric: true });
  const orders: [heading: string, keyOf: (vm: (typeof vms)[number]) => string | undefined][] = [
    ['Namespace', ({ namespace }) => namespace],
    ['Status', ({ node }) => (node ? 'Running' : 'Off')],
    ['Created', ({ createdAt }) => createdAt],
    ['Node', ({ node }) => node],
    ['IP address', ({ ip }) => ip],
    ['Name', ({ name }) => name],
  ];
  await ui.open('?name=sorted-');
  await ui.showsNames(['sorted-a', 'sorted-b', 'sorted-c']);
  for (const [heading, keyOf] of orders) {
    for (const [direction, sign] of [
      ['ascending', 1],
      ['descending', -1],
    ] as const) {
      await test.step(`${heading}, ${direction}`, async () => {
        await ui.sortBy(heading);
        await expect(ui.column(heading)).toHaveAttribute('aria-sort', direction);
        const order = [...vms].sort((a, b) => {
          const [one, other] = [keyOf(a), keyOf(b)];
          if (!one || !other) return Number(!one) - Number(!other);
          return sign * collator.compare(one, other) || collator.compare(a.name, b.name);
        });
        await ui.showsNames(order.map(({ name }) => name));
      });
    }
  }
});

test('Node and IP address of a VM that is on; “—” where there is none.', async ({ world, ui }) => {
  const on = await world.vm('placed', NO_DISKS);
  const off = await world.vm('placeless', OFF);
  const { node, ip } = await vmAndInstance(world, on);
  await ui.open('?name=place');
  await expect(ui.cell(on, 'Node')).toHaveText(node as string);
  await expect(ui.cell(on, 'IP address')).toHaveText(ip as string);
  await expect(ui.cell(off, 'Node')).toHaveText('—');
  await expect(ui.cell(off, 'IP address')).toHaveText('—');
});

test('Created has the exact time in a tooltip, for the mouse and for the keyboard.', async ({
  world,
  ui,
}) => {
  const vm = await world.vm('born', OFF);
  const { createdAt } = await vmAndInstance(world, vm);
  const born = new Date(createdAt);
  const clock = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium', timeZone: 'Europe/Vienna' });
  await ui.open('?name=born');
  const tooltip = ui.page.getByRole('tooltip');
  const cell = ui.cell(vm, 'Created');
  // To the minute, and before ten without a zero in front.
  await expect(cell).toContainText(clock.format(born).slice(0, 5).replace(/^0/, ''));
  await expect(cell).not.toContainText(clock.format(born));
  await cell.locator('time').hover();
  await expect(tooltip).toContainText(clock.format(born));
  await expect(tooltip).toContainText(String(born.getFullYear()));
  await ui.page.mouse.move(0, 0);
  await expect(tooltip).toBeHidden();
  await cell.locator('.pf-v6-c-timestamp').focus();
  await expect(tooltip).toContainText(clock.format(born));
});

test('All filters are off at load, and all VMs are shown, with their counts.', async ({ world, ui }) => {
  const on = await world.vm('all-on', { ...NO_DISKS, namespace: 'all' });
  const off = await world.vm('all-off', { ...OFF, namespace: 'all' });
  await ui.open('?namespace=all');
  for (const group of GROUPS) await expect(ui.filter(group)).toHaveAttribute('aria-pressed', 'false');
  await ui.showsNames([off.name, on.name]);
  await ui.showsCounts({ Running: 1, Offline: 1 });
  await expect(ui.itemCount).toHaveText(/^2 of \d+ items$/);
});

test('Item filters combine, and “Select all filters” activates all of them.', async ({ world, ui }) => {
  const namespace = 'toggles';
  await world.vm('on', { ...NO_DISKS, namespace });
  await world.vm('off', { ...OFF, namespace });
  const paused = await world.vm('paused', { ...NO_DISKS, namespace });
  await world.pauseVm(paused);
  await ui.open(`?namespace=${namespace}`);
  await ui.showsCounts({ Running: 1, Offline: 1, Transitioning: 1 });

  await ui.filter('Offline').click();
  await ui.showsNames(['off']);
  await expect(ui.itemCount).toHaveText(/^1 of \d+ items$/);
  await ui.filter('Running').click();
  await ui.showsNames(['off', 'on']);
  await expect(ui.itemCount).toHaveText(/^2 of \d+ items$/);
  await ui.showsCounts({ Running: 1, Offline: 1, Transitioning: 1 });
  await expect(ui.filter('Running')).toHaveAttribute('aria-pressed', 'true');
  await ui.filter('Offline').click();
  await ui.showsNames(['on']);

  await ui.page.getByRole('button', { name: 'Select all filters' }).click();
  for (const group of GROUPS) await expect(ui.filter(group)).toHaveAttribute('aria-pressed', 'true');
  await ui.showsNames(['off', 'on', 'paused']);
  await ui.page.getByRole('button', { name: 'Clear all filters' }).click();
  for (const group of GROUPS) await expect(ui.filter(group)).toHaveAttribute('aria-pressed', 'false');
  await ui.showsNames(['off', 'on', 'paused']);
});

test('Filter by name, IP address and namespace, in the URL: kept by a reload, and by a link in another tab.', async ({
  world,
  ui,
  anotherTab,
}) => {
  const web = await world.vm('find-web', { ...NO_DISKS, namespace: 'find-1' });
  const db = await world.vm('find-db', { ...NO_DISKS, namespace: 'find-1' });
  const other = await world.vm('find-web-2', { ...OFF, namespace: 'find-2' });
  const { ip } = await vmAndInstance(world, web);
  await ui.open();
  const byName = ui.page.getByRole('textbox', { name: 'Filter by name' });
  const byIp = ui.page.getByRole('textbox', { name: 'Filter by IP address' });
  const namespace = ui.page.getByRole('combobox', { name: 'Namespace' });

  await byName.fill('FIND-');
  await ui.showsNames([db.name, web.name, other.name]);
  await byName.fill('find-web');
  await ui.showsNames([web.name, other.name]);
  await ui.showsCounts({ Running: 1, Offline: 1 });
  await namespace.selectOption('find-2');
  await ui.showsNames([other.name]);
  await expect(ui.itemCount).toHaveText(/^1 of \d+ items$/);
  await namespace.selectOption('All namespaces');
  await byIp.fill(ip as string);
  await ui.showsNames([web.name]);
  await ui.filter('Running').click();
  await ui.sortBy('Namespace');
  await expect(ui.page).toHaveURL(`${world.url}/vms?status=Running&name=find-web&ip=${ip}&sort=namespace`);

  const isAsLeft = async (shown: ConsolePage) => {
    await shown.showsNames([web.name]);
    await expect(shown.page.getByRole('textbox', { name: 'Filter by name' })).toHaveValue('find-web');
    await expect(shown.page.getByRole('textbox', { name: 'Filter by IP address' })).toHaveValue(ip as string);
    await expect(shown.filter('Running')).toHaveAttribute('aria-pressed', 'true');
    await expect(shown.column('Namespace')).toHaveAttribute('aria-sort', 'ascending');
  };
  await ui.page.reload();
  await isAsLeft(ui);
  const tab = await anotherTab();
  await tab.page.goto(ui.page.url());
  await isAsLeft(tab);

  await ui.page.getByRole('button', { name: 'Clear: filter by ip address' }).click();
  await ui.page.getByRole('button', { name: 'Clear: filter by name' }).click();
  await ui.filter('Running').click();
  await expect(ui.page).toHaveURL(`${world.url}/vms?sort=namespace`);
});
