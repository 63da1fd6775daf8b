import type { VirtualMachine } from '../../src/clone';
import { MARKS } from '../../src/contract';
import { Kinds } from '../../src/kubernetes';
import { makeNamespace } from '../support/machines';
import { expect, testsWith } from './world';

const VMS = 5_000;
const AT_ONCE = 50;
const NAMESPACE = 'many';

const test = testsWith({ simulator: { lagMs: 1 } });
// A trace costs more than what is measured.
test.use({ trace: 'off' });

function machine(index: number): VirtualMachine {
  const name = `vm-${String(index).padStart(4, '0')}`;
  return {
    metadata: { namespace: NAMESPACE, name },
    spec: {
      runStrategy: 'Halted',
      template: { spec: { domain: { devices: {}, memory: { guest: '1Gi' } } } },
    },
  };
}

test('5,000 VMs: the page has fifty rows, and a change of one is drawn in place', async ({
  world,
  ui,
}, info) => {
  test.setTimeout(300_000);
  const { client } = world.environment;
  await makeNamespace(world.environment, NAMESPACE);
  for (let first = 0; first < VMS; first += AT_ONCE) {
    const some = Array.from({ length: AT_ONCE }, (_, index) => machine(first + index));
    await Promise.all(some.map((vm) => client.create(Kinds.VirtualMachine, vm)));
  }
  await world.environment.poll(async () => {
    const { counts } = await (await fetch(`${world.url}/api/v1/vms?limit=1`)).json();
    return counts.Offline === VMS ? true : undefined;
  }, 240_000);

  const opened = Date.now();
  await ui.open();
  await expect(ui.row({ namespace: NAMESPACE, name: 'vm-0000' })).toBeVisible();
  await ui.menu({ namespace: NAMESPACE, name: 'vm-0000' });
  const usable = Date.now() - opened;
  await ui.page.keyboard.press('Escape');
  await expect(ui.itemCount).toHaveText(`${VMS} of ${VMS} items`);
  await expect(ui.page.locator('tbody tr')).toHaveCount(50);

  // From the event's arrival in the page to the frame that shows it.
  const vm = { namespace: NAMESPACE, name: 'vm-0007' };
  await ui.page.evaluate(watchRepaint, `${vm.namespace}/${vm.name}`);
  await client.patchMerge(Kinds.VirtualMachine, vm, { metadata: { annotations: { [MARKS.lock]: '[]' } } });
  await expect(ui.status(vm)).toHaveText('Locked');
  const repaint = await ui.page.evaluate(() => (window as unknown as { repaint: Promise<number> }).repaint);
  await expect(ui.page.locator('tbody tr')).toHaveCount(50);
  info.annotations.push({
    type: 'figures',
    description: `usable after ${usable} ms; delta drawn in ${repaint} ms`,
  });
  console.log(`5,000 VMs: usable after ${usable} ms; a delta is drawn in ${repaint.toFixed(1)} ms`);
});

/** In the page: milliseconds from the network's next chunk of the feed to the first frame after the row changed. */
function watchRepaint(id: string): void {
  const row = document.querySelector(`[data-vm="${id}"] [data-label="Status"]`) as Element;
  const holder = window as unknown as { repaint: Promise<number> };
  let arrived = 0;
  const parse = JSON.parse;
  JSON.parse = (text: string, ...rest: []) => {
    if (text.includes(id.split('/')[1] as string)) arrived = performance.now();
    return parse(text, ...rest);
  };
  holder.repaint = new Promise((resolve) => {
    new MutationObserver(() => requestAnimationFrame(() => resolve(performance.now() - arrived))).observe(
      row,
      {
        characterData: true,
        childList: true,
        subtree: true,
      },
    );
  });
}
