import { isExact, memoryBytes, memoryInput, memoryQuantity } from '../../console/src/dialogs/edit/memory';
import {
  changedFields,
  changedMeanwhile,
  type Editable,
  editOf,
  faultsOf,
  inputOf,
  rebase,
} from '../../console/src/dialogs/edit/vm-edit';

describe('memory in the form', () => {
  test.each([
    ['4Gi', { amount: 4, unit: 'GiB' }, '4Gi', true],
    ['512Mi', { amount: 512, unit: 'MiB' }, '512Mi', true],
    ['1536Mi', { amount: 1536, unit: 'MiB' }, '1536Mi', true],
    ['4096Mi', { amount: 4, unit: 'GiB' }, '4Gi', true],
    ['1.5Gi', { amount: 1536, unit: 'MiB' }, '1536Mi', true],
    ['2Ti', { amount: 2, unit: 'TiB' }, '2Ti', true],
    ['1073741824', { amount: 1, unit: 'GiB' }, '1Gi', true],
    ['2G', { amount: 1907, unit: 'MiB' }, '1907Mi', false],
    ['2e9', { amount: 1907, unit: 'MiB' }, '1907Mi', false],
  ] as const)('%s', (quantity, input, back, exact) => {
    expect(memoryInput(quantity)).toEqual(input);
    expect(memoryQuantity(input)).toBe(back);
    expect(isExact(quantity)).toBe(exact);
  });

  it('is empty where the spec says none', () => {
    expect(memoryInput(null)).toEqual({ amount: '', unit: 'GiB' });
  });

  test.each(['', 'much', '-1Gi', '4 Gi', '4gi'])('takes %p for no quantity', (text) => {
    expect(memoryBytes(text)).toBeUndefined();
  });

  test.each([
    [{ amount: 1.5, unit: 'GiB' }, '1536Mi'],
    [{ amount: 0.5, unit: 'TiB' }, '524288Mi'],
    [{ amount: 64, unit: 'TiB' }, '64Ti'],
    [{ amount: 65, unit: 'TiB' }, undefined],
    [{ amount: 1.5, unit: 'MiB' }, undefined],
    [{ amount: 0, unit: 'GiB' }, undefined],
    [{ amount: -1, unit: 'GiB' }, undefined],
    [{ amount: '', unit: 'GiB' }, undefined],
  ] as const)('%j is sent as %p', (input, quantity) => {
    expect(memoryQuantity(input)).toBe(quantity);
  });
});

describe('an edit', () => {
  const vm: Editable = { description: 'web', size: { cpus: 4, cpusPerSocket: 2, memory: '2G' } };

  it('has nothing to send while nothing is changed, though the form rounds', () => {
    expect(changedFields(vm, inputOf(vm))).toEqual([]);
    expect(editOf(vm, inputOf(vm))).toEqual({});
    expect(faultsOf(vm, inputOf(vm))).toEqual({});
  });

  it('has nothing to send for the same memory in another unit', () => {
    const base: Editable = { ...vm, size: { ...vm.size, memory: '2Gi' } };
    expect(changedFields(base, { ...inputOf(base), memory: { amount: 2048, unit: 'MiB' } })).toEqual([]);
  });

  it('has nothing to send where there is no memory and none was put in', () => {
    const base: Editable = { ...vm, size: { ...vm.size, memory: null } };
    const input = { ...inputOf(base), memory: { amount: 0, unit: 'GiB' as const } };
    expect(changedFields(base, input)).toEqual([]);
    expect(faultsOf(base, input)).toEqual({});
  });

  test.each([
    [{ description: '' }, { description: '' }],
    [{ cpus: 6 }, { cpus: 6 }],
    [{ memory: { amount: 3, unit: 'GiB' as const } }, { memory: '3Gi' }],
  ])('sends %j alone', (change, sent) => {
    expect(editOf(vm, { ...inputOf(vm), ...change })).toEqual(sent);
  });

  test.each([
    ['description', { description: 'x'.repeat(2001) }],
    ['cpus', { cpus: 3 }],
    ['cpus', { cpus: 0 }],
    ['cpus', { cpus: 712 }],
    ['cpus', { cpus: '' as const }],
    ['memory', { memory: { amount: 0, unit: 'GiB' as const } }],
  ])('finds the fault of %s in %j', (field, change) => {
    expect(Object.keys(faultsOf(vm, { ...inputOf(vm), ...change }))).toEqual([field]);
  });
});

describe('a conflict with an edit of somebody else', () => {
  const before: Editable = { description: 'web', size: { cpus: 4, cpusPerSocket: 2, memory: '2Gi' } };
  const now: Editable = { description: 'db', size: { cpus: 8, cpusPerSocket: 2, memory: '2Gi' } };

  it('tells which fields have changed', () => {
    expect(changedMeanwhile(before, now)).toEqual(['description', 'cpus']);
  });

  it('keeps what the user has put in, and takes over the rest', () => {
    const input = { ...inputOf(before), description: 'mine' };
    const carried = rebase(before, now, input);
    expect(carried).toEqual({ description: 'mine', cpus: 8, memory: { amount: 2, unit: 'GiB' } });
    expect(editOf(now, carried)).toEqual({ description: 'mine' });
  });

  it('leaves nothing to send when both have made the same change', () => {
    const input = { ...inputOf(before), description: 'db' };
    expect(editOf(now, rebase(before, now, input))).toEqual({});
  });
});
