import { EventJournal } from '../../src/api/events-journal';
import { LiveVms } from '../../src/api/live-vms';
import type { VmRows } from '../../src/api/vm-rows';
import type { VirtualMachine } from '../../src/clone';
import type { Caches } from '../../src/kubernetes';
import { createLogger } from '../../src/log';

test('a VM that can not be told about keeps no other from being told', async () => {
  const logged: Record<string, unknown>[] = [];
  const change: ((name: string) => void)[] = [];
  const virtualMachines = {
    onChange: (_filter: object, listener: (type: string, vm: Pick<VirtualMachine, 'metadata'>) => void) =>
      void change.push((name) => listener('modified', { metadata: { namespace: 'demo', name } })),
  };
  const silent = { onChange: () => {} };
  const rows = {
    synced: true,
    current: () => [],
    currentOf: (namespace: string, name: string) => {
      if (name === 'broken') throw new TypeError('no spec');
      return { namespace, name, status: 'Running', percent: null };
    },
    targetsOf: () => [],
  };
  const journal = new EventJournal();
  new LiveVms({
    caches: { virtualMachines, instances: silent, dataVolumes: silent } as never as Caches,
    rows: rows as never as VmRows,
    journal,
    logger: createLogger(
      { level: 'info', service: 'api' },
      { write: (line) => void logged.push(JSON.parse(line)) },
    ),
  });
  const told = new Promise<void>((resolve) => journal.onPublish(resolve));
  for (const name of ['broken', 'whole']) for (const tell of change) tell(name);
  await told;
  expect(journal.read(0, 1_000).text).toContain('"name":"whole"');
  expect(logged).toEqual([
    expect.objectContaining({ level: 'error', vm: 'demo/broken', msg: 'VM not told' }),
  ]);
});
