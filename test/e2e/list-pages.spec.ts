import { Kinds } from '../../src/kubernetes';
import type { ConsolePage } from './console-page';
import { expect, testsWith, type World } from './world';

const test = testsWith();

const NAMESPACE = 'pages';
const NAMES = Array.from({ length: 120 }, (_, index) => `page-${index + 1}`);

/** The VMs of this file, made by whichever test comes first. */
async function machines(world: World): Promise<void> {
  const { items } = await world.environment.client.list(Kinds.VirtualMachine, { namespace: NAMESPACE });
  const there = new Set(items.map(({ metadata }) => metadata.name));
  await world.bareVms(
    NAMESPACE,
    NAMES.filter((name) => !there.has(name)),
  );
}

/** The first and last name of a page, and that the document has just its rows. */
async function showsPage(ui: ConsolePage, first: string, last: string, rows: number): Promise<void> {
  await expect(ui.names.first()).toHaveText(`VM ${first}`);
  await expect(ui.names.last()).toHaveText(`VM ${last}`);
  await expect(ui.names).toHaveCount(rows);
  await expect(ui.page.locator('tbody tr')).toHaveCount(rows);
}

const pages = ({ page }: ConsolePage) => page.getByRole('navigation', { name: 'Pages of virtual machines' });

async function choosePageSize({ page }: ConsolePage, size: number): Promise<void> {
  await page.locator('.pf-v6-c-pagination .pf-v6-c-menu-toggle').click();
  await page.getByRole('menuitem', { name: new RegExp(`^${size}\\b`) }).click();
}

test('Pages of 50 by default, on the server: 120 VMs are three pages.', async ({ world, ui }) => {
  await machines(world);
  const asked: string[] = [];
  ui.page.on('request', (request) => {
    const { pathname, search } = new URL(request.url());
    if (pathname === '/api/v1/vms') asked.push(search);
  });
  await ui.open(`?namespace=${NAMESPACE}`);
  await showsPage(ui, 'page-1', 'page-50', 50);
  await expect(ui.itemCount).toHaveText('120 of 120 items');
  await expect(ui.page.getByRole('grid', { name: 'Virtual machines' })).toHaveAttribute(
    'aria-rowcount',
    '121',
  );
  await pages(ui).getByRole('button', { name: 'Go to next page' }).click();
  await showsPage(ui, 'page-51', 'page-100', 50);
  await expect(ui.page.locator('tbody tr').first()).toHaveAttribute('aria-rowindex', '52');
  await pages(ui).getByRole('button', { name: 'Go to last page' }).click();
  await showsPage(ui, 'page-101', 'page-120', 20);
  await expect(ui.page).toHaveURL(/page=3/);
  await pages(ui).getByRole('button', { name: 'Go to previous page' }).click();
  await showsPage(ui, 'page-51', 'page-100', 50);
  expect(asked.every((search) => search.includes('limit=50'))).toBe(true);
});

test('The page’s size can be chosen, and stands in the URL.', async ({ world, ui }) => {
  await machines(world);
  await ui.open(`?namespace=${NAMESPACE}&page=2`);
  await choosePageSize(ui, 20);
  await showsPage(ui, 'page-1', 'page-20', 20);
  await choosePageSize(ui, 100);
  await showsPage(ui, 'page-1', 'page-100', 100);
  await pages(ui).getByRole('button', { name: 'Go to next page' }).click();
  await expect(ui.page).toHaveURL(`${world.url}/vms?namespace=${NAMESPACE}&page=2&limit=100`);
  await ui.page.reload();
  await showsPage(ui, 'page-101', 'page-120', 20);
});

test('Sorting and filtering go across pages, and back to the first.', async ({ world, ui }) => {
  await machines(world);
  await ui.open(`?namespace=${NAMESPACE}&page=2`);
  await showsPage(ui, 'page-51', 'page-100', 50);
  await ui.sortBy('Name');
  await showsPage(ui, 'page-120', 'page-71', 50);
  await pages(ui).getByRole('button', { name: 'Go to next page' }).click();
  await showsPage(ui, 'page-70', 'page-21', 50);
  await ui.page.getByRole('textbox', { name: 'Filter by name' }).fill('page-1');
  await showsPage(ui, 'page-120', 'page-1', 32);
  await expect(ui.itemCount).toHaveText('32 of 120 items');
  await ui.page.getByRole('textbox', { name: 'Filter by name' }).fill('page-119');
  await ui.showsNames(['page-119']);
  await expect(pages(ui)).toBeHidden();
});

test('A page beyond the last shows the last one.', async ({ world, ui }) => {
  await machines(world);
  await ui.open(`?namespace=${NAMESPACE}&page=9`);
  await showsPage(ui, 'page-101', 'page-120', 20);
  await expect(ui.page).toHaveURL(/page=3/);
  await ui.open(`?name=page-119&page=2`);
  await ui.showsNames(['page-119']);
});

test('A last page whose VMs go gives way to the one before it.', async ({ world, ui }) => {
  await machines(world);
  await ui.open(`?namespace=${NAMESPACE}&page=3`);
  await showsPage(ui, 'page-101', 'page-120', 20);
  for (const name of NAMES.slice(100)) {
    await world.environment.client.delete(Kinds.VirtualMachine, { namespace: NAMESPACE, name });
  }
  await showsPage(ui, 'page-51', 'page-100', 50);
  await expect(ui.itemCount).toHaveText('100 of 100 items');
});
