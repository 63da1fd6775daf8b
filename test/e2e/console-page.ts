import { expect, type Locator, type Page } from '@playwright/test';
import type { VmRef } from '../../src/contract';
import type { World } from './world';

/** The console as a person sees it: by roles, names and words. */
export class ConsolePage {
  constructor(
    readonly page: Page,
    private readonly world: World,
  ) {}

  /** Opens the list, and waits until it has been read. */
  async open(query = ''): Promise<this> {
    await this.page.goto(`${this.world.url}/vms${query}`);
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

  /** The popover of a VM's status. */
  async popover(vm: VmRef): Promise<Locator> {
    await this.status(vm).getByRole('button').click();
    const popover = this.page.getByRole('dialog', { name: `Status of ${vm.name}`, exact: true });
    await expect(popover).toBeVisible();
    return popover;
  }

  get dialog(): Locator {
    return this.page.getByRole('dialog').filter({ has: this.page.getByRole('heading', { level: 1 }) });
  }

  /** Opens the dialogue "Clone Virtual Machine", and waits until the plan is in. */
  async openCloneModal(vm: VmRef): Promise<CloneModal> {
    await this.choose(vm, 'Clone');
    const modal = new CloneModal(
      this.page.getByRole('dialog', { name: 'Clone Virtual Machine', exact: true }),
    );
    await expect(modal.configuration).toContainText('Flavor');
    return modal;
  }

  /** Clones with what is proposed; answers the clone. */
  async clone(vm: VmRef): Promise<VmRef> {
    const modal = await this.openCloneModal(vm);
    const target = { namespace: vm.namespace, name: await modal.name.inputValue() };
    await modal.submit.click();
    await expect(modal.root).toBeHidden();
    return target;
  }

  toast(text: string | RegExp): Locator {
    return this.page
      .getByRole('list', { name: 'Notifications' })
      .getByRole('listitem')
      .filter({ hasText: text });
  }

  get announcer(): Locator {
    return this.page.getByTestId('announcer');
  }
}

export class CloneModal {
  constructor(readonly root: Locator) {}

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
