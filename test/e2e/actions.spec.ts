import type { Locator } from '@playwright/test';
import { STEERING } from '../../simulator';
import type { VmRef } from '../../src/contract';
import { Kinds } from '../../src/kubernetes';
import type { ConsolePage } from './console-page';
import { expect, testsWith, type World } from './world';

const test = testsWith();

const ON = { disks: [] };
const OFF = { power: { runStrategy: 'Halted' }, disks: [] } as const;
const OFF_ENTRIES = ['Run', 'Edit', 'Clone', 'Delete'];
const ON_ENTRIES = ['Edit', 'Clone', 'Pause', 'Restart', 'Shut down', 'Delete'];
const PAUSED_ENTRIES = ON_ENTRIES.map((entry) => (entry === 'Pause' ? 'Unpause' : entry));

async function paused(world: World, name: string): Promise<VmRef> {
  const vm = await world.vm(name, ON);
  await world.pauseVm(vm);
  return vm;
}

async function locked(world: World, name: string): Promise<VmRef> {
  const vm = await world.vm(name, OFF);
  await world.lock(vm);
  return vm;
}

async function starting(world: World, name: string): Promise<VmRef> {
  const annotations = { [STEERING.boot]: 'never' };
  const vm = await world.vm(name, { ...OFF, annotations });
  await world.environment.client.act(vm, 'start');
  return vm;
}

const item = (menu: Locator, entry: string) => menu.getByRole('menuitem', { name: entry, exact: true });

/** Opens the list with this VM alone, and waits until it is shown so. */
async function openAt(ui: ConsolePage, { name }: VmRef, status: string): Promise<void> {
  await ui.open(`?name=${name}`);
  await expect(ui.status({ namespace: 'demo', name })).toHaveText(status);
}

const MENUS: {
  of: string;
  status: string;
  make: (world: World, name: string) => Promise<VmRef>;
  entries: string[];
  /** The entries that can't be chosen, and why. */
  disabled: Record<string, (name: string) => string>;
}[] = [
  {
    of: 'a VM that is off',
    status: 'Off',
    make: (world, name) => world.vm(name, OFF),
    entries: OFF_ENTRIES,
    disabled: {},
  },
  {
    of: 'a running VM',
    status: 'Running',
    make: (world, name) => world.vm(name, ON),
    entries: ON_ENTRIES,
    disabled: {},
  },
  {
    of: 'a paused VM',
    status: 'Paused',
    make: paused,
    entries: PAUSED_ENTRIES,
    disabled: {
      Clone: (name) => `${name} is paused: unpause it first, so that it can shut down.`,
      Restart: (name) => `${name} is paused: unpause it first.`,
      'Shut down': (name) => `${name} is paused: unpause it first.`,
    },
  },
  {
    of: 'a VM that starts',
    status: 'Starting',
    make: starting,
    entries: ON_ENTRIES,
    disabled: {
      Pause: (name) => `${name} is not running (Starting).`,
      Restart: (name) => `${name} is not running (Starting).`,
    },
  },
  {
    of: 'a running VM with the strategy Once',
    status: 'Running',
    make: (world, name) => world.vm(name, { ...ON, power: { runStrategy: 'Once' } }),
    entries: ON_ENTRIES,
    disabled: {
      Restart: (name) => `${name} has the run strategy Once, with which it can not be restarted.`,
    },
  },
  {
    of: 'a locked VM',
    status: 'Locked',
    make: locked,
    entries: OFF_ENTRIES,
    disabled: {
      Run: (name) => `${name} is locked while it is being cloned.`,
      Delete: (name) => `${name} is locked while it is being cloned.`,
    },
  },
];

for (const [at, { of, status, make, entries, disabled }] of MENUS.entries()) {
  const without = Object.keys(disabled);
  const but = without.length > 0 ? `, but for the reason they give not ${without.join(', ')}` : '';
  test(`Kebab of ${of}: ${entries.join(', ')}${but}.`, async ({ world, ui }) => {
    const vm = await make(world, `menu-${at}`);
    await openAt(ui, vm, status);
    const menu = await ui.menu(vm);
    await expect(menu.getByRole('menuitem')).toHaveText(entries);
    for (const entry of entries) {
      const reason = disabled[entry]?.(vm.name);
      if (!reason) {
        await expect(item(menu, entry)).not.toHaveAttribute('aria-disabled', 'true');
        continue;
      }
      await expect(item(menu, entry)).toHaveAttribute('aria-disabled', 'true');
      await item(menu, entry).hover();
      await expect(ui.page.getByRole('tooltip')).toHaveText(reason);
      await ui.page.mouse.move(0, 0);
      await expect(ui.page.getByRole('tooltip')).toBeHidden();
    }
  });
}

test('An entry that can not be chosen tells why on keyboard focus too, and does nothing.', async ({
  world,
  ui,
}) => {
  const vm = await locked(world, 'keys');
  await openAt(ui, vm, 'Locked');
  const writes = ui.writes();
  await ui.kebab(vm).focus();
  await ui.page.keyboard.press('Enter');
  const menu = ui.page.getByRole('menu');
  const reason = 'keys is locked while it is being cloned.';
  await expect(item(menu, 'Run')).toBeFocused();
  await expect(item(menu, 'Run')).toHaveAccessibleDescription(reason);
  await expect(ui.page.getByRole('tooltip')).toHaveText(reason);
  await ui.page.keyboard.press('Enter');
  await expect(menu).toBeVisible();
  await ui.page.keyboard.press('ArrowUp');
  await expect(item(menu, 'Delete')).toBeFocused();
  await expect(item(menu, 'Delete')).toHaveAccessibleDescription(reason);
  await ui.page.keyboard.press('Enter');
  await expect(menu).toBeVisible();
  await expect(ui.dialog).toBeHidden();
  await ui.page.keyboard.press('Escape');
  await expect(menu).toBeHidden();
  await expect(ui.kebab(vm)).toBeFocused();
  expect(writes).toEqual([]);
});

test('An open menu follows its VM: what becomes impossible can not be chosen any more.', async ({
  world,
  ui,
}) => {
  const vm = await world.vm('followed', OFF);
  await openAt(ui, vm, 'Off');
  const menu = await ui.menu(vm);
  await expect(item(menu, 'Run')).not.toHaveAttribute('aria-disabled', 'true');
  await world.lock(vm);
  await expect(item(menu, 'Run')).toHaveAttribute('aria-disabled', 'true');
  await expect(item(menu, 'Delete')).toHaveAttribute('aria-disabled', 'true');
});

test('Run starts a VM that is off.', async ({ world, ui }) => {
  const vm = await world.vm('run', OFF);
  await openAt(ui, vm, 'Off');
  const writes = ui.writes();
  await ui.choose(vm, 'Run');
  await expect(ui.toast('Starting run.')).toBeVisible();
  await expect(ui.status(vm)).toHaveText('Running');
  expect((await world.vmNow(vm)).spec.runStrategy).toBe('Always');
  expect(writes).toEqual(['POST /vms/demo/run/start']);
});

test('Pause holds a running VM, Unpause lets it go on, with the same guest.', async ({ world, ui }) => {
  const { client } = world.environment;
  const vm = await world.vm('pause', ON);
  const instance = () => client.get(Kinds.VirtualMachineInstance, vm);
  await world.environment.untilVm(vm, (found) => found?.status?.ready === true);
  const before = await instance();
  await openAt(ui, vm, 'Running');
  await ui.choose(vm, 'Pause');
  await expect(ui.toast('Pausing pause.')).toBeVisible();
  await expect(ui.status(vm)).toHaveText('Paused');
  const conditions = (await instance())?.status?.conditions;
  expect(conditions).toContainEqual(expect.objectContaining({ type: 'Paused', status: 'True' }));
  await ui.choose(vm, 'Unpause');
  await expect(ui.toast('Unpausing pause.')).toBeVisible();
  await expect(ui.status(vm)).toHaveText('Running');
  expect((await instance())?.metadata.uid).toBe(before?.metadata.uid);
});

test('What the API refuses of an action without a confirmation is told in a toast that stays.', async ({
  world,
  ui,
}) => {
  const vm = await world.vm('unreached', OFF);
  await openAt(ui, vm, 'Off');
  const startAgain = await world.stopApi();
  try {
    await ui.choose(vm, 'Run');
    const toast = ui.toast('VM unreached could not be started.');
    await expect(toast).toContainText('The VM Clone API does not answer.');
  } finally {
    await startAgain();
  }
  expect((await world.vmNow(vm)).spec.runStrategy).toBe('Halted');
});
