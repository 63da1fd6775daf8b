import { EDITED_PARTS, editedParts, editFaults, editOperations, type VmEdit } from '../../src/clone/edit';
import type { Domain, VirtualMachine } from '../../src/clone/resources';
import { sizeOf } from '../../src/clone/size';
import { MARKS } from '../../src/contract';
import { SOURCE_UID, vm } from './objects';

/** A VM with just this to say about its size. */
function sized(domain: Domain): VirtualMachine {
  const whole = vm();
  whole.spec.template.spec.domain = domain;
  return whole;
}

/** The changes alone, by the last part of their path. */
function changesOf(machine: VirtualMachine, edit: VmEdit): Record<string, unknown> {
  return Object.fromEntries(
    editOperations(machine, edit)
      .filter(({ op }) => op !== 'test')
      .map((change) => [change.path.split('/').at(-1), 'value' in change ? change.value : undefined]),
  );
}

describe('the size of a VM (KubeVirt pkg/defaults)', () => {
  test.each<[string, Domain, number, number, string | null]>([
    ['nothing said', {}, 1, 1, null],
    ['a topology', { cpu: { sockets: 3, cores: 2, threads: 2 } }, 12, 4, null],
    ['sockets alone', { cpu: { sockets: 3 } }, 3, 1, null],
    ['cores alone', { cpu: { cores: 4 } }, 4, 4, null],
    ['a topology beside resources', { cpu: { cores: 2 }, resources: { limits: { cpu: '8' } } }, 2, 2, null],
    [
      'a model without topology',
      { cpu: { model: 'host' }, resources: { requests: { cpu: '2' } } },
      2,
      1,
      null,
    ],
    ['requested CPU', { resources: { requests: { cpu: '1500m' } } }, 2, 1, null],
    [
      'the limit before the request',
      { resources: { requests: { cpu: '1' }, limits: { cpu: '4' } } },
      4,
      1,
      null,
    ],
    [
      "the guest's memory",
      { memory: { guest: '2Gi' }, resources: { requests: { memory: '1Gi' } } },
      1,
      1,
      '2Gi',
    ],
    [
      'requested memory',
      { resources: { requests: { memory: '1Gi' }, limits: { memory: '2Gi' } } },
      1,
      1,
      '1Gi',
    ],
    ['the limit of memory', { resources: { limits: { memory: '2Gi' } } }, 1, 1, '2Gi'],
    ['a quantity that is a number', { memory: { guest: 1073741824 as never } }, 1, 1, '1073741824'],
  ])('%s', (_what, domain, cpus, cpusPerSocket, memory) =>
    expect(sizeOf(domain)).toEqual({ cpus, cpusPerSocket, memory }),
  );
});

describe('CPUs', () => {
  test.each<[string, Domain, number, object]>([
    [
      'go into sockets',
      { cpu: { cores: 2, threads: 2, sockets: 1 } },
      8,
      { cpu: { cores: 2, threads: 2, sockets: 2 } },
    ],
    [
      'leave the rest of the CPU alone',
      { cpu: { cores: 1, model: 'host-passthrough' } },
      2,
      { cpu: { cores: 1, model: 'host-passthrough', sockets: 2 } },
    ],
    ['get a topology where there is none', {}, 4, { cpu: { cores: 1, threads: 1, sockets: 4 } }],
    [
      'take requests and limits of the same along',
      { resources: { requests: { cpu: '2' }, limits: { cpu: '2000m', memory: '1Gi' } } },
      4,
      {
        cpu: { cores: 1, threads: 1, sockets: 4 },
        resources: { requests: { cpu: '4' }, limits: { cpu: '4', memory: '1Gi' } },
      },
    ],
    [
      'leave a request of less and a limit of less as they are',
      { cpu: { sockets: 4 }, resources: { requests: { cpu: '1' }, limits: { cpu: '2' } } },
      8,
      { cpu: { sockets: 8 } },
    ],
    [
      'lower a request that would come to stand above them',
      { cpu: { sockets: 8 }, resources: { requests: { cpu: '4' }, limits: { cpu: '8' } } },
      2,
      { cpu: { sockets: 2 }, resources: { requests: { cpu: '2' }, limits: { cpu: '2' } } },
    ],
    [
      'raise a request together with the limit that it equals',
      { cpu: { sockets: 2 }, resources: { requests: { cpu: '4' }, limits: { cpu: '4000m' } } },
      8,
      { cpu: { sockets: 8 }, resources: { requests: { cpu: '8' }, limits: { cpu: '8' } } },
    ],
    ['are not written when they are the same', { resources: { limits: { cpu: '2' } } }, 2, {}],
  ])('%s', (_what, domain, cpus, changes) => expect(changesOf(sized(domain), { cpus })).toEqual(changes));

  test.each([
    [6, '4 or 8'],
    [1, '4'],
  ])('%d on sockets of 4 is refused with what would do', (cpus, fitting) =>
    expect(editFaults(sized({ cpu: { cores: 2, threads: 2 } }), { cpus })).toEqual([
      {
        field: 'cpus',
        message: `must be a multiple of 4, which is what one socket of this VM has: ${fitting}`,
      },
    ]),
  );
});

describe('memory is written where the spec says it', () => {
  const requests = (memory: string) => ({ requests: { memory } });
  const limits = (memory: string) => ({ limits: { memory } });
  test.each<[string, Domain, string, object]>([
    ['nowhere yet', {}, '4Gi', { memory: { guest: '4Gi' } }],
    [
      "the guest's",
      { memory: { guest: '2Gi', hugepages: { pageSize: '2Mi' } } },
      '4Gi',
      { memory: { guest: '4Gi', hugepages: { pageSize: '2Mi' } } },
    ],
    ['the request', { resources: requests('2Gi') }, '4Gi', { resources: requests('4Gi') }],
    ['the limit', { resources: limits('2Gi') }, '4Gi', { resources: limits('4Gi') }],
    [
      'all three',
      { memory: { guest: '2Gi' }, resources: { ...requests('2048Mi'), ...limits('2Gi') } },
      '4Gi',
      { memory: { guest: '4Gi' }, resources: { ...requests('4Gi'), ...limits('4Gi') } },
    ],
    [
      'an overcommitted request stays',
      { memory: { guest: '4Gi' }, resources: { ...requests('2Gi'), ...limits('4Gi') } },
      '8Gi',
      { memory: { guest: '8Gi' }, resources: { ...requests('2Gi'), ...limits('8Gi') } },
    ],
    [
      'but not above the guest',
      { memory: { guest: '4Gi' }, resources: { ...requests('2Gi'), ...limits('4Gi') } },
      '1Gi',
      { memory: { guest: '1Gi' }, resources: { ...requests('1Gi'), ...limits('1Gi') } },
    ],
    [
      'a limit with room stays while there is room',
      { memory: { guest: '2Gi' }, resources: limits('4Gi') },
      '3Gi',
      { memory: { guest: '3Gi' } },
    ],
    [
      'and rises when there is none',
      { memory: { guest: '2Gi' }, resources: limits('4Gi') },
      '8Gi',
      { memory: { guest: '8Gi' }, resources: limits('8Gi') },
    ],
    [
      'a request and a limit that are equal rise together',
      { memory: { guest: '2Gi' }, resources: { ...requests('3Gi'), ...limits('3Gi') } },
      '4Gi',
      { memory: { guest: '4Gi' }, resources: { ...requests('4Gi'), ...limits('4Gi') } },
    ],
    [
      'and sink together',
      { memory: { guest: '4Gi' }, resources: { ...requests('3Gi'), ...limits('3Gi') } },
      '2Gi',
      { memory: { guest: '2Gi' }, resources: { ...requests('2Gi'), ...limits('2Gi') } },
    ],
    [
      'but stay while there is room',
      { memory: { guest: '2Gi' }, resources: { ...requests('8Gi'), ...limits('8Gi') } },
      '4Gi',
      { memory: { guest: '4Gi' } },
    ],
    ['the same in other words changes nothing', { memory: { guest: '2Gi' } }, '2048Mi', {}],
  ])('%s', (_what, domain, memory, changes) => expect(changesOf(sized(domain), { memory })).toEqual(changes));
});

describe('the description', () => {
  const described = (annotations: Record<string, string> | undefined) => {
    const machine = vm();
    machine.metadata.annotations = annotations;
    return machine;
  };
  const path = '/metadata/annotations/description';
  test.each<[string, Record<string, string> | undefined, string, unknown[]]>([
    [
      'of a VM without annotations',
      undefined,
      'x',
      [{ op: 'add', path: '/metadata/annotations', value: { description: 'x' } }],
    ],
    ['new', { [MARKS.lock]: '[]' }, 'x', [{ op: 'add', path, value: 'x' }]],
    ['changed', { description: 'y' }, 'x', [{ op: 'add', path, value: 'x' }]],
    ['emptied', { description: 'y' }, '', [{ op: 'remove', path }]],
    ['empty as it was', {}, '', []],
    ['the same', { description: 'x' }, 'x', []],
  ])('%s', (_what, annotations, description, changes) =>
    expect(editOperations(described(annotations), { description }).filter(({ op }) => op !== 'test')).toEqual(
      changes,
    ),
  );
});

describe('the patch', () => {
  test('applies only to what was read', () => {
    const machine = vm({ metadata: { annotations: { description: 'old', [MARKS.lock]: '[]' } } });
    const { cpu, memory } = machine.spec.template.spec.domain;
    expect(editOperations(machine, { description: 'new' })).toEqual([
      { op: 'test', path: '/metadata/uid', value: SOURCE_UID },
      { op: 'test', path: '/metadata/annotations/description', value: 'old' },
      { op: 'test', path: '/spec/instancetype', value: null },
      { op: 'test', path: '/spec/template/spec/domain/cpu', value: cpu },
      { op: 'test', path: '/spec/template/spec/domain/memory', value: memory },
      { op: 'test', path: '/spec/template/spec/domain/resources', value: null },
      { op: 'add', path: '/metadata/annotations/description', value: 'new' },
    ]);
  });

  test('of no change is none', () => {
    expect(editOperations(vm(), {})).toEqual([]);
    expect(editOperations(vm(), { cpus: 2, memory: '4Gi', description: '' })).toEqual([]);
  });
});

test('an instancetype decides on CPUs and memory, not on the description', () => {
  const machine = vm({ spec: { instancetype: { name: 'u1.large' } } });
  const message = 'can not be changed: it comes from the instancetype u1.large';
  expect(editFaults(machine, { description: 'x', cpus: 2, memory: '4Gi' })).toEqual([
    { field: 'cpus', message },
    { field: 'memory', message },
  ]);
  expect(editFaults(machine, { description: 'x' })).toEqual([]);
});

describe('what was edited meanwhile', () => {
  test.each<[string, (machine: VirtualMachine) => unknown, string[]]>([
    [
      'status, generation, labels',
      (m) => Object.assign(m.metadata, { generation: 99, labels: { a: 'b' } }),
      [],
    ],
    ['a lock', (m) => Object.assign(m.metadata, { annotations: { [MARKS.lock]: '[]' } }), []],
    ['the run strategy', (m) => Object.assign(m.spec, { runStrategy: 'Halted' }), []],
    ['a disk', (m) => Object.assign(m.spec.template.spec.domain, { devices: {} }), []],
    [
      'the description',
      (m) => Object.assign(m.metadata, { annotations: { description: 'x' } }),
      ['description'],
    ],
    ['the CPU', (m) => Object.assign(m.spec.template.spec.domain, { cpu: { cores: 8 } }), ['cpus']],
    [
      'a request of memory',
      (m) => Object.assign(m.spec.template.spec.domain, { resources: { requests: { memory: '1Gi' } } }),
      ['memory'],
    ],
    [
      'the instancetype',
      (m) => Object.assign(m.spec, { instancetype: { name: 'u1.large' } }),
      ['instancetype'],
    ],
  ])('%s', (_what, change, parts) => {
    const machine = vm();
    const before = editedParts(vm());
    change(machine);
    const after = editedParts(machine);
    const changed = EDITED_PARTS.filter(
      (part) => JSON.stringify(before[part]) !== JSON.stringify(after[part]),
    );
    expect(changed).toEqual(parts);
  });
});
