import path from 'node:path';
import type { Page, TestInfo } from '@playwright/test';
import type { VmRef } from '../../src/contract';
import { powerOf } from '../support/invariants';
import { COPIED_DISK, expect, testsWith } from './world';

/**
 * Pictures of each state that the mock-ups of the design show. With SCREENSHOTS=1 they replace those under
 * docs/screenshots; else they only prove that each state can be reached.
 */
const FOLDER = process.env.SCREENSHOTS ? path.join(__dirname, '../../docs/screenshots') : undefined;

const test = testsWith();
test.describe.configure({ mode: 'serial' });
test.use({ viewport: { width: 1280, height: 640 } });

const NAMESPACE = 'project-name';
const TALL = { width: 1280, height: 1150 };

let off: VmRef;
let running: VmRef;
let stubborn: VmRef;
test.beforeAll(async ({ world }) => {
  const machine = { namespace: NAMESPACE, disks: [COPIED_DISK] };
  running = await world.vm('vm-name-1', {
    ...machine,
    annotations: {
      'vm.kubevirt.io/os': 'Red Hat Enterprise Linux 9',
      'vm.kubevirt.io/flavor': 'tiny',
      'vm.kubevirt.io/workload': 'desktop',
    },
  });
  off = await world.vm('vm-name-2', { ...machine, power: { runStrategy: 'Halted' } });
  stubborn = await world.vm('vm-name-3', {
    ...machine,
    annotations: { 'simulator.vm-clone.io/stop-seconds': 'never' },
  });
});

async function picture(page: Page, info: TestInfo, name: string): Promise<void> {
  await page.evaluate(async () => {
    const isEndless = ({ effect }: Animation) => effect?.getComputedTiming().endTime === Infinity;
    const animations = document.getAnimations();
    await Promise.all(
      animations.filter((each) => !isEndless(each)).map((each) => each.finished.catch(() => {})),
    );
    // Spinners at the moment in which most of them is to be seen.
    for (const spinning of animations.filter(isEndless)) {
      spinning.pause();
      spinning.currentTime = 560;
    }
  });
  await page.screenshot({
    path: FOLDER ? path.join(FOLDER, `${name}.png`) : info.outputPath(`${name}.png`),
  });
}

for (const theme of ['light', 'dark'] as const) {
  test(`the list, ${theme}`, async ({ ui, page }, info) => {
    await page.emulateMedia({ colorScheme: theme });
    await ui.open();
    await expect(ui.row(off)).toBeVisible();
    await picture(page, info, theme === 'dark' ? 'list-dark' : 'list');
  });
}

test('the menus of a VM that runs and of one that is off', async ({ ui, page }, info) => {
  await ui.open();
  const menu = await ui.menu(running);
  await page.keyboard.press('ArrowDown');
  await expect(menu.getByRole('menuitem', { name: 'Clone' })).toBeFocused();
  await picture(page, info, 'menu-running');
  await page.keyboard.press('Escape');
  await ui.menu(off);
  await picture(page, info, 'menu-off');
});

test('the dialogue for a VM that runs', async ({ ui, page }, info) => {
  await page.setViewportSize(TALL);
  await ui.open();
  await ui.openCloneModal(running);
  await picture(page, info, 'modal');
});

test('the dialogue with a name that can not be', async ({ ui, page }, info) => {
  await page.setViewportSize(TALL);
  await ui.open();
  const modal = await ui.openCloneModal(running);
  await modal.name.fill('');
  await expect(modal.submit).toBeDisabled();
  await picture(page, info, 'modal-invalid');
});

test('the question before a shutdown', async ({ ui, page }, info) => {
  await ui.open();
  await ui.choose(running, 'Shut down');
  await expect(page.getByRole('dialog')).toBeVisible();
  await picture(page, info, 'shut-down');
});

test('a clone under way, its source locked, and their menus', async ({ world, ui, page }, info) => {
  await world.holdCopies(running, 25);
  await ui.open();
  const clone = await ui.clone(running);
  await expect(ui.status(clone)).toHaveText('Cloning (25%)');
  await expect(ui.toast('cloning has started')).toBeVisible();
  await picture(page, info, 'cloning');
  await ui.menu(running);
  await picture(page, info, 'menu-source');
  await page.keyboard.press('Escape');
  await ui.menu(clone);
  await picture(page, info, 'menu-clone');
  await page.keyboard.press('Escape');
  await ui.popover(clone);
  await picture(page, info, 'popover-clone');
  await page.keyboard.press('Escape');
  await ui.popover(running);
  await expect(page.getByText('Is being cloned to')).toBeVisible();
  await picture(page, info, 'popover-source');
  await page.goto(`${world.url}/clones/${clone.namespace}/${clone.name}`);
  await expect(page.getByRole('heading', { name: 'Timeline' })).toBeVisible();
  await page.setViewportSize(TALL);
  await picture(page, info, 'clone');
  await world.releaseCopies(running);
  await world.environment.untilRunning(running);
});

test('a source that will not power off, and the clones so far', async ({ world, ui, page }, info) => {
  await ui.open();
  const asked = await fetch(`${world.url}/api/v1/clones`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      source: stubborn,
      target: { name: 'vm-name-3-clone' },
      options: { shutdownTimeoutSeconds: 1 },
    }),
  });
  expect(asked.status).toBe(202);
  await expect(ui.toast('VM vm-name-3 failed to power off. Clone aborted.')).toBeVisible();
  await world.environment.poll(async () =>
    (await powerOf(world.environment, stubborn))?.marks.length === 0 ? true : undefined,
  );
  await picture(page, info, 'shutdown-failed');
  await page.goto(`${world.url}/clones`);
  await expect(page.getByRole('row', { name: /vm-name-3-clone/ })).toContainText('Failed');
  await picture(page, info, 'clones');
});

test('at 320 px', async ({ ui, page }, info) => {
  await page.setViewportSize({ width: 320, height: 640 });
  await ui.open();
  await picture(page, info, 'narrow');
});
