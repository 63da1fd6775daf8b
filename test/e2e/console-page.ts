import { expect, type Locator, type Page } from '@playwright/test';
import { FILTER_GROUPS, type FilterGroup } from '../../src/clone';
import type { VmRef } from '../../src/contract';
import type { World } from './world';

/** The console as a person sees it: by roles, names and words. */
export class ConsolePage {
  constructor(
    readonly page: Page,
    /** Where the console is to be had: from the API itself, or by what stands in front of it. */
    private readonly server: Pick<World, 'url'>,
  ) {}

  /** Opens the list, and waits until it has been read. */
  async open(query = ''): Promise<this> {
    await this.page.goto(`${this.server.url}/vms${query}`);
    await expect(this.page.getByRole('heading', { name: 'Virtual Machines', level: 1 })).toBeVisible();
    await expect(this.itemCount).toHaveText(/item/);
    return this;
  }

  get itemCount(): Locator {
    return this.page.getByTestId('item-count');
  }

  row({ namespace, name }: VmRef): Locator {
    return this.page.locator(`[data-vm="${namespace}/${name}"]`);
  }

  /** The names of the rows, in the order that they are shown in. */
  get names(): Locator {
    return this.page.locator('[data-vm] [data-label="Name"]');
  }

  /** Waits until exactly these rows are shown, in this order. */
  async showsNames(names: readonly string[]): Promise<void> {
    await expect(this.names).toHaveText(names.map((name) => `VM ${name}`));
  }

  /** The heading of a column. */
  column(heading: string): Locator {
    return this.page.getByRole('columnheader', { name: heading, exact: true });
  }

  async sortBy(heading: string): Promise<void> {
    await this.column(heading).getByRole('button').click();
  }

  /** What stands in a cell of a VM's row, by the heading of its column. */
  cell(vm: VmRef, column: string): Locator {
    return this.row(vm).locator(`[data-label="${column}"]`);
  }

  status(vm: VmRef): Locator {
    return this.cell(vm, 'Status');
  }

  filter(group: string): Locator {
    return this.page.getByRole('group', { name: 'Filter by status' }).getByRole('button', { name: group });
  }

  /** Waits until exactly these item filters are active. */
  async showsActive(groups: readonly FilterGroup[]): Promise<void> {
    for (const group of FILTER_GROUPS) {
      await expect(this.filter(group)).toHaveAttribute('aria-pressed', String(groups.includes(group)));
    }
  }

  /** Waits until the item filters have these counts, and 0 where none is given. */
  async showsCounts(counts: Partial<Record<FilterGroup, number>>): Promise<void> {
    for (const group of FILTER_GROUPS) {
      await expect(this.filter(group)).toHaveText(`${counts[group] ?? 0} ${group}`);
    }
  }

  kebab({ namespace, name }: VmRef): Locator {
    return this.page.getByRole('button', { name: `Actions of ${name} in ${namespace}`, exact: true });
  }

  /** Opens a VM's menu. */
  async menu(vm: VmRef): Promise<Locator> {
    await this.kebab(vm).click();
    const menu = this.page.getByRole('menu');
    await expect(menu.getByRole('menuitem').first()).toBeVisible();
    return menu;
  }

  /** Chooses from a VM's menu. */
  async choose(vm: VmRef, entry: string): Promise<void> {
    const menu = await this.menu(vm);
    await menu.getByRole('menuitem', { name: entry, exact: true }).click();
  }

  /** Expects that an entry of a VM's menu can't be chosen, and says why; leaves the menu closed. */
  async isImpossible(vm: VmRef, entry: string, reason: string): Promise<void> {
    const item = (await this.menu(vm)).getByRole('menuitem', { name: entry, exact: true });
    await expect(item).toHaveAttribute('aria-disabled', 'true');
    await item.hover();
    await expect(item).toHaveAccessibleDescription(reason);
    await expect(this.page.getByRole('tooltip').filter({ hasText: reason }).first()).toBeVisible();
    // Pressed all the same, it does nothing.
    await item.click({ force: true });
    await expect(this.page.getByRole('dialog')).toBeHidden();
    await this.page.keyboard.press('Escape');
    await expect(this.page.getByRole('menu')).toBeHidden();
    await expect(this.page.getByRole('tooltip')).toHaveCount(0);
  }

  /** The popover of a VM's status. */
  async popover(vm: VmRef): Promise<Locator> {
    await this.status(vm).getByRole('button').click();
    const popover = this.page.getByRole('dialog', { name: vm.name, exact: true });
    await expect(popover).toBeVisible();
    return popover;
  }

  get dialog(): Locator {
    return this.page.getByRole('dialog').filter({ has: this.page.getByRole('heading', { level: 1 }) });
  }

  /** Opens the dialogue "Clone Virtual Machine", and waits until the plan is in. */
  async openCloneModal(vm: VmRef): Promise<CloneModal> {
    await this.choose(vm, 'Clone');
    await expect(this.cloneModal.configuration).toContainText('Flavor');
    return this.cloneModal;
  }

  /** The dialogue "Clone Virtual Machine". */
  get cloneModal(): CloneModal {
    return new CloneModal(this.page.getByRole('dialog', { name: 'Clone Virtual Machine', exact: true }));
  }

  /** Clones with what is proposed; answers the clone. */
  async clone(vm: VmRef): Promise<VmRef> {
    const modal = await this.openCloneModal(vm);
    const target = { namespace: vm.namespace, name: await modal.name.inputValue() };
    await modal.submit.click();
    await expect(modal.root).toBeHidden();
    return target;
  }

  /** A dialogue by its title; in front of that stands the name of its icon, if it has one. */
  dialogNamed(title: string): Locator {
    return this.page.getByRole('dialog', { name: title });
  }

  /** Opens a dialogue from a VM's menu. */
  async openDialog(vm: VmRef, entry: string, title: string): Promise<Locator> {
    await this.choose(vm, entry);
    const dialog = this.dialogNamed(title);
    await expect(dialog).toBeVisible();
    return dialog;
  }

  /** Requests of this page that are to change something, as `POST /vms/demo/web/stop`, from now on. */
  writes(): string[] {
    const writes: string[] = [];
    this.page.on('request', (request) => {
      const path = new URL(request.url()).pathname.replace('/api/v1', '');
      if (request.method() !== 'GET') writes.push(`${request.method()} ${path}`);
    });
    return writes;
  }

  toast(text: string | RegExp): Locator {
    return this.page
      .getByRole('list', { name: 'Notifications' })
      .getByRole('listitem')
      .filter({ hasText: text });
  }

  async closeToast(text: string | RegExp): Promise<void> {
    await this.toast(text)
      .getByRole('button', { name: /^Close \w+ alert: / })
      .click();
    await expect(this.toast(text)).toBeHidden();
  }

  get announcer(): Locator {
    return this.page.getByTestId('announcer');
  }
}

export class CloneModal {
  constructor(readonly root: Locator) {}

  /** That the source is still running. */
  get warning(): Locator {
    return this.root.getByRole('heading', { name: /is still running/ });
  }

  get name(): Locator {
    return this.root.getByRole('textbox', { name: 'Name' });
  }

  get description(): Locator {
    return this.root.getByRole('textbox', { name: 'Description' });
  }

  get namespace(): Locator {
    return this.root.getByRole('combobox', { name: 'Namespace' });
  }

  get startAfterClone(): Locator {
    return this.root.getByRole('checkbox', { name: 'Start virtual machine on clone' });
  }

  get configuration(): Locator {
    return this.root.getByRole('group', { name: 'Configuration' });
  }

  get submit(): Locator {
    return this.root.getByRole('button', { name: 'Clone Virtual Machine' });
  }

  get cancel(): Locator {
    return this.root.getByRole('button', { name: 'Cancel', exact: true });
  }
}
