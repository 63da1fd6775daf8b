import { menuId } from '../../console/src/dialogs/dialogs';
import type { VmRef } from '../../src/contract';
import { Kinds } from '../../src/kubernetes';
import { EVENTS, VM_LIST, type Which } from './gateway';
import { COPIED_DISK, expect, testsWith } from './world';

/* What a person does faster than it is drawn, and what happens in the cluster while an answer is on its way. */

const test = testsWith();
const OFF = { power: { runStrategy: 'Halted' } } as const;

test.describe('Filters that are changed in quick succession', () => {
  test('typing goes on while what was typed before is drawn: no letter is lost', async ({
    world,
    ui,
    page,
  }) => {
    await world.bareVms(
      'typed',
      Array.from({ length: 60 }, (_, index) => `slow-${index + 1}`),
    );
    await ui.open('?namespace=typed');
    const field = page.getByRole('textbox', { name: 'Filter by name' });
    // Around the pause after which what is typed counts.
    for (const delay of [252, 260, 268, 280]) {
      await field.fill('');
      await page.keyboard.type('slow-10', { delay });
      await ui.showsNames(['slow-10']);
      await expect(field).toHaveValue('slow-10');
    }
  });

  test('a second one does not undo the first', async ({ world, ui, page }) => {
    await world.bareVms('quick', ['quick-1']);
    await ui.open('?namespace=quick');
    await page.getByRole('textbox', { name: 'Filter by name' }).fill('quick-1');
    await page.getByRole('textbox', { name: 'Filter by IP address' }).fill('10.');
    await expect(page).toHaveURL(/\?name=quick-1&ip=10\.&namespace=quick$/);
    await page.getByRole('textbox', { name: 'Filter by name' }).fill('other');
    await ui.filter('Offline').click();
    await expect(page).toHaveURL(/\?status=Offline&name=other&ip=10\.&namespace=quick$/);
    // Two within one frame.
    await page.evaluate(() => {
      for (const group of ['Running', 'Error']) document.getElementById(`filter-${group}`)?.click();
    });
    await ui.showsActive(['Running', 'Offline', 'Error']);
  });
});

test('Cloning from the second page stays there; a clone that is on another page can be shown.', async ({
  world,
  ui,
  page,
}) => {
  const names = Array.from({ length: 60 }, (_, index) => `a-${index + 1}`);
  await world.bareVms('paged', names);
  const source = await world.vm('zz', { ...OFF, disks: [COPIED_DISK], namespace: 'paged' });
  await world.holdCopies(source, 10);
  await ui.open('?namespace=paged&page=2');
  const clone = await ui.clone(source);
  await expect(ui.row(clone)).toBeVisible();
  await expect(page).toHaveURL(/page=2/);

  const modal = await ui.openCloneModal(source);
  await modal.name.fill('a-0');
  await modal.submit.click();
  const toast = ui.toast('VM a-0 cloning has started.');
  await toast.getByRole('button', { name: 'Show clone' }).click();
  await expect(ui.row({ namespace: 'paged', name: 'a-0' })).toBeVisible();
  await world.releaseCopies(source);
});

test.describe('An answer that is on its way when something changes', () => {
  for (const what of ['made', 'deleted'] as const) {
    test(`the first one of a filter, and a VM is ${what}`, async ({ world, behind, gateway, anotherTab }) => {
      const namespace = `late-${what}`;
      const three = { namespace, name: 'three' };
      const [one] = (await world.bareVms(namespace, ['one', 'two'])) as [VmRef];
      await behind.open(`?namespace=${namespace}`);
      const witness = await (await anotherTab()).open(`?namespace=${namespace}`);
      const release = gateway.hold(VM_LIST, 'body');
      const answered = behind.page.waitForResponse((response) => response.url().includes('status=Offline'));
      await behind.filter('Offline').click();
      await answered;
      if (what === 'made') await world.bareVms(namespace, [three.name]);
      else await world.environment.client.delete(Kinds.VirtualMachine, one);
      await witness.showsNames(what === 'made' ? ['one', 'three', 'two'] : ['two']);
      release();
      await behind.showsNames(what === 'made' ? ['one', 'three', 'two'] : ['two']);
    });
  }

  test('the very first one, before the feed has opened', async ({ world, behind, gateway }) => {
    await world.bareVms('first', ['one']);
    const openFeed = gateway.hold(EVENTS, 'request');
    const release = gateway.hold(VM_LIST, 'body');
    const answered = behind.page.waitForResponse((response) => response.url().includes('/api/v1/vms?'));
    await behind.page.goto(`${gateway.url}/vms?namespace=first`);
    await answered;
    await world.bareVms('first', ['two']);
    const opened = behind.page.waitForResponse((response) => response.url().endsWith('/api/v1/events'));
    openFeed();
    await opened;
    release();
    await behind.showsNames(['one', 'two']);
  });

  test('that of Edit, and the VM goes', async ({ world, behind, gateway, anotherTab }) => {
    const [vm] = (await world.bareVms('going', ['going'])) as [VmRef];
    await behind.open('?namespace=going');
    const witness = await (await anotherTab()).open('?namespace=going');
    const detail: Which = ({ method, path }) => method === 'GET' && path.endsWith('/vms/going/going');
    const release = gateway.hold(detail, 'body');
    const answered = behind.page.waitForResponse((response) => response.url().endsWith('/vms/going/going'));
    await behind.choose(vm, 'Edit');
    await answered;
    await world.environment.client.delete(Kinds.VirtualMachine, vm);
    await expect(witness.row(vm)).toBeHidden();
    await expect(behind.row(vm)).toBeHidden();
    release();
    await expect(behind.page.getByRole('dialog')).toContainText('There is no VM going/going');
  });
});

test('On a slow network changes do not cut off the answers that would show them.', async ({
  world,
  behind,
  gateway,
}) => {
  const [row] = (await world.bareVms('busy', ['b-0'])) as [VmRef];
  await behind.open('?namespace=busy');
  const asked = gateway.requests(VM_LIST).length;
  const release = gateway.hold(VM_LIST);
  const begun = Date.now();
  // Several times the least time between two reads; each round waits until the page has heard of it.
  let made = 0;
  while (Date.now() - begun < 3_000) {
    made += 1;
    await world.bareVms('busy', [`b-${made}`]);
    await world.patchVm(row, {
      metadata: { annotations: { 'vm-clone.io/lock': made % 2 ? '[]' : null } },
    });
    await expect(behind.status(row)).toHaveText(made % 2 ? 'Locked' : 'Off');
  }
  // One, and one more where the feed has opened only now: what came before that is read anew at once.
  expect(gateway.requests(VM_LIST).length - asked).toBeLessThanOrEqual(2);
  release();
  await expect(behind.names).toHaveCount(made + 1);
});

test('The focus of a row that goes is the page’s heading’s.', async ({ world, ui, page }) => {
  const [vm] = (await world.bareVms('focus', ['focus-1', 'focus-2'])) as [VmRef];
  await ui.open('?namespace=focus');
  await ui.kebab(vm).focus();
  await world.environment.client.delete(Kinds.VirtualMachine, vm);
  await expect(ui.row(vm)).toBeHidden();
  await expect(page.getByRole('heading', { level: 1 })).toBeFocused();
});

test('A failure stays until it is closed, however much else is told.', async ({ world, ui, page }) => {
  const source = await world.vm('stuck', { annotations: { 'simulator.vm-clone.io/stop-seconds': 'never' } });
  const others = await world.bareVms(
    'told',
    Array.from({ length: 7 }, (_, index) => `told-${index + 1}`),
  );
  await ui.open('?namespace=told');
  const target = { namespace: 'demo', name: 'stuck-clone' };
  const data = { source, target, options: { shutdownTimeoutSeconds: 1 } };
  expect((await page.request.post(`${world.url}/api/v1/clones`, { data })).status()).toBe(202);
  const failure = ui.toast('VM stuck failed to power off.');
  await expect(failure).toBeVisible();
  // Quicker than a person: before the first of them goes by itself.
  await page.evaluate(async (menus) => {
    const frame = () => new Promise(requestAnimationFrame);
    const entries = () => [...document.querySelectorAll<HTMLElement>('[role=menuitem]')];
    for (const menu of menus) {
      document.getElementById(menu)?.click();
      while (entries().length === 0) await frame();
      entries()
        .find(({ textContent }) => textContent === 'Run')
        ?.click();
      while (entries().length > 0) await frame();
    }
  }, others.map(menuId));
  await expect(ui.toast('Starting told-7.')).toBeVisible();
  await expect(ui.toast('Starting told-1.')).toBeHidden();
  await expect(failure).toBeVisible();
});
