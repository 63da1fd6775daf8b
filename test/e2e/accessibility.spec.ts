import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import type { VmRef } from '../../src/contract';
import { COPIED_DISK, expect, testsWith } from './world';

const test = testsWith();

/** WCAG 2.2 AA. */
const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];

/** The rules that are broken, and where. */
async function violations(page: Page): Promise<string[]> {
  await page.evaluate(async () => {
    const fading = document
      .getAnimations()
      .filter((each) => each.effect?.getComputedTiming().endTime !== Infinity);
    await Promise.all(fading.map((each) => each.finished.catch(() => {})));
  });
  const { violations } = await new AxeBuilder({ page }).withTags(TAGS).analyze();
  return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 200)}`));
}

/** The page's width, by how much its main part is wider than it may be, and what juts out sideways. */
function overflow(page: Page): Promise<(number | string)[]> {
  return page.evaluate(() => {
    const main = document.querySelector('main') as HTMLElement;
    const { left, right } = main.getBoundingClientRect();
    const beyond = [...document.querySelectorAll('main *, [role="dialog"], [role="dialog"] *')].filter(
      (each) => {
        const box = each.getBoundingClientRect();
        return box.right > right + 1 || box.left < left - 1;
      },
    );
    return [
      document.documentElement.scrollWidth,
      main.scrollWidth - main.clientWidth,
      ...beyond.slice(0, 5).map((each) => each.outerHTML.slice(0, 160)),
    ];
  });
}

for (const theme of ['light', 'dark'] as const) {
  test.describe(`axe finds nothing, ${theme}`, () => {
    test.use({ colorScheme: theme });

    test('on the list, with an open menu, in the dialogues', async ({ world, ui, page }) => {
      const source = await world.vm(`plain-${theme}`);
      await ui.open();
      expect(await violations(page)).toEqual([]);
      await ui.menu(source);
      expect(await violations(page)).toEqual([]);
      await page.getByRole('menuitem', { name: 'Clone' }).click();
      const modal = ui.cloneModal;
      await expect(modal.configuration).toContainText('Flavor');
      expect(await violations(page)).toEqual([]);
      await modal.name.fill('');
      await expect(modal.submit).toBeDisabled();
      expect(await violations(page)).toEqual([]);
      await page.keyboard.press('Escape');
      for (const entry of ['Edit', 'Shut down', 'Restart', 'Delete']) {
        await ui.choose(source, entry);
        await expect(page.getByRole('dialog')).toBeVisible();
        expect(await violations(page)).toEqual([]);
        await page.keyboard.press('Escape');
        await expect(page.getByRole('dialog')).toBeHidden();
      }
    });

    test('with toasts, popovers, a clone under way and the Clones pages', async ({ world, ui, page }) => {
      const source = await world.vm(`cloned-${theme}`, { disks: [COPIED_DISK] });
      await world.holdCopies(source, 25);
      await ui.open();
      const clone = await ui.clone(source);
      await expect(ui.toast('cloning has started')).toBeVisible();
      await expect(ui.status(clone)).toHaveText('Cloning (25%)');
      expect(await violations(page)).toEqual([]);
      await ui.popover(clone);
      await expect(page.getByText('Requested by')).toBeVisible();
      expect(await violations(page)).toEqual([]);
      await page.keyboard.press('Escape');
      await ui.popover(source);
      await expect(page.getByText('Is being cloned to')).toBeVisible();
      expect(await violations(page)).toEqual([]);
      await page.goto(`${world.url}/clones`);
      await expect(page.getByRole('row', { name: new RegExp(clone.name) })).toBeVisible();
      expect(await violations(page)).toEqual([]);
      await page.goto(`${world.url}/clones/${clone.namespace}/${clone.name}`);
      await expect(page.getByRole('heading', { name: 'Timeline' })).toBeVisible();
      expect(await violations(page)).toEqual([]);
      await world.releaseCopies(source);
      await expect(page.getByText('Completed').first()).toBeVisible();
      expect(await violations(page)).toEqual([]);
    });

    test('where nothing matches, and on a page that is not there', async ({ world, ui, page }) => {
      await ui.open('?name=nothing-is-called-so');
      await expect(page.getByText('No virtual machines match')).toBeVisible();
      expect(await violations(page)).toEqual([]);
      await page.goto(`${world.url}/clones/none/none`);
      await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
      expect(await violations(page)).toEqual([]);
    });
  });
}

test('a VM is cloned, looked at and cancelled by the keyboard alone', async ({ world, ui, page }) => {
  const source = await world.vm('keys', { disks: [COPIED_DISK] });
  await world.holdCopies(source, 25);
  await ui.open('?name=keys');
  await ui.kebab(source).focus();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('menuitem', { name: 'Edit' })).toBeFocused();
  await page.keyboard.press('ArrowDown');
  await expect(page.getByRole('menuitem', { name: 'Clone' })).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(ui.cloneModal.name).toBeFocused();
  await page.keyboard.press('Escape');
  await expect(ui.cloneModal.root).toBeHidden();
  await expect(ui.kebab(source)).toBeFocused();

  await page.keyboard.press('Enter');
  await expect(page.getByRole('menuitem', { name: 'Edit' })).toBeFocused();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await expect(ui.cloneModal.configuration).toContainText('Flavor');
  await expect(ui.cloneModal.name).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(ui.cloneModal.root).toBeHidden();
  const clone = { namespace: 'demo', name: 'keys-clone' };
  await expect(ui.status(clone)).toHaveText('Cloning (25%)');
  await expect(ui.kebab(source)).toBeFocused();

  const status = ui.status(clone).getByRole('button');
  await status.focus();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('dialog', { name: clone.name, exact: true })).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(page.getByRole('dialog', { name: clone.name, exact: true })).toBeHidden();
  await expect(status).toBeFocused();

  await ui.kebab(clone).focus();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('menuitem', { name: 'Cancel cloning' })).toBeFocused();
  await page.keyboard.press('Enter');
  const dialog = page.getByRole('dialog', { name: 'Cancel cloning?' });
  await expect(dialog).toBeVisible();
  await dialog.getByRole('button', { name: 'Cancel cloning' }).focus();
  await page.keyboard.press('Enter');
  await expect(ui.row(clone)).toBeHidden();
  await expect(page.getByRole('heading', { level: 1 })).toBeFocused();
});

test('the focus is on the heading when a VM has gone that was deleted', async ({ world, ui, page }) => {
  const [vm] = (await world.bareVms('deleted', ['deleted-1', 'deleted-2'])) as [VmRef];
  await ui.open('?namespace=deleted');
  const dialog = await ui.openDialog(vm, 'Delete', 'Delete deleted-1?');
  await dialog.getByRole('button', { name: 'Delete' }).click();
  await expect(ui.row(vm)).toBeHidden();
  await expect(page.getByRole('heading', { level: 1 })).toBeFocused();
});

test('skips to the content, and every control has a name', async ({ world, ui, page }) => {
  await world.vm('named');
  await ui.open();
  await page.keyboard.press('Tab');
  await expect(page.getByRole('link', { name: 'Skip to content' })).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('main')).toBeFocused();
  const unnamed = await page
    .locator('button:visible, a:visible, input:visible, select:visible')
    .evaluateAll((controls) =>
      controls
        .filter((control) => {
          const labels = (control as HTMLInputElement).labels?.length;
          return (
            !labels &&
            !control.ariaLabel &&
            !control.textContent?.trim() &&
            !control.getAttribute('aria-labelledby')
          );
        })
        .map((control) => control.outerHTML.slice(0, 200)),
    );
  expect(unnamed).toEqual([]);
});

test('a screen reader hears how far a clone has come, in steps of 25 %', async ({ world, ui }) => {
  const source = await world.vm('heard', { disks: [COPIED_DISK] });
  await world.holdCopies(source, 30);
  await ui.open();
  const clone = await ui.clone(source);
  await expect(ui.status(clone)).toHaveText('Cloning (30%)');
  await world.holdCopies(source, 60);
  await expect(ui.announcer).toHaveText('heard-clone: 50% cloned');
  await world.releaseCopies(source);
  await expect(ui.status(clone)).toHaveText('Running');
});

test.describe('at 320 px', () => {
  test.use({ viewport: { width: 320, height: 640 } });

  test('nothing is cut off sideways, and a VM can be cloned', async ({ world, ui, page }) => {
    const source = await world.vm('a-rather-long-name-for-a-virtual-machine');
    await ui.open('?name=rather');
    expect(await overflow(page)).toEqual([320, 0]);
    const clone = await ui.clone(source);
    await expect(ui.status(clone)).toHaveText('Running');
    expect(await overflow(page)).toEqual([320, 0]);
    await page.goto(`${world.url}/clones`);
    await expect(page.getByRole('link', { name: /rather-long-name/ }).first()).toBeVisible();
    expect(await overflow(page)).toEqual([320, 0]);
    await page.goto(`${world.url}/clones/${clone.namespace}/${clone.name}`);
    await expect(page.getByRole('heading', { name: 'Timeline' })).toBeVisible();
    expect(await overflow(page)).toEqual([320, 0]);
  });

  test('nothing is cut off of popovers and menus, and axe finds nothing in them', async ({
    world,
    ui,
    page,
  }) => {
    const source = await world.vm('narrow-and-rather-long-a-name', { disks: [COPIED_DISK] });
    await world.holdCopies(source, 25);
    await ui.open('?name=narrow');
    const clone = await ui.clone(source);
    await expect(ui.status(clone)).toHaveText('Cloning (25%)');
    for (const [vm, text] of [
      [clone, 'Requested by'],
      [source, 'Is being cloned to'],
    ] as const) {
      const popover = await ui.popover(vm);
      await expect(popover.getByText(text)).toBeVisible();
      // It is put elsewhere once more, as it has grown.
      await expect.poll(() => overflow(page)).toEqual([320, 0]);
      expect(await violations(page)).toEqual([]);
      await page.keyboard.press('Escape');
      await expect(popover).toBeHidden();
    }
    await ui.menu(clone);
    expect(await overflow(page)).toEqual([320, 0]);
    expect(await violations(page)).toEqual([]);
    await page.keyboard.press('Escape');
    await ui.menu(source);
    // Why its first entry is disabled.
    await expect(page.getByRole('tooltip')).toHaveCSS('opacity', '1');
    expect(await overflow(page)).toEqual([320, 0]);
    expect(await violations(page)).toEqual([]);
    await page.keyboard.press('Escape');
    await world.releaseCopies(source);
    await expect(ui.status(clone)).toHaveText('Running');
  });
});

test.describe('with reduced motion', () => {
  test.use({ contextOptions: { reducedMotion: 'reduce' } });

  test('nothing turns or slides', async ({ world, ui, page }) => {
    const source = await world.vm('still', { power: { runStrategy: 'Halted' }, disks: [COPIED_DISK] });
    await world.holdCopies(source, 25);
    await ui.open();
    const clone = await ui.clone(source);
    await expect(ui.status(clone)).toHaveText('Cloning (25%)');
    const moving = await page.evaluate(() =>
      document
        .getAnimations()
        .filter((each) => Number(each.effect?.getComputedTiming().duration) > 100)
        .map((each) => (each.effect as KeyframeEffect).target?.className ?? ''),
    );
    expect(moving).toEqual([]);
    await world.releaseCopies(source);
    await expect(ui.status(clone)).not.toHaveText(/Cloning/);
  });
});

test('what the pages load obeys their Content-Security-Policy', async ({ world, ui, page }) => {
  const refused: string[] = [];
  page.on('console', (message) => {
    if (/Content.Security.Policy/i.test(message.text())) refused.push(message.text());
  });
  const source = await world.vm('policy');
  await ui.open();
  await ui.openCloneModal(source);
  await page.goto(`${world.url}/clones`);
  await expect(page.getByRole('heading', { name: 'Clones', level: 1 })).toBeVisible();
  expect(refused).toEqual([]);
});
