import {
  apiQuery,
  DEFAULT_FILTERS,
  filtersFrom,
  hides,
  queryOf,
  type VmFilters,
  withTransitioning,
} from '../../console/src/vms/filters';
import { FILTER_GROUPS } from '../../console/src/vms/groups';
import { FILTER_GROUPS as DOMAIN_GROUPS } from '../../src/clone';

const filters = (change: Partial<VmFilters>): VmFilters => ({ ...DEFAULT_FILTERS, ...change });

test('the groups are those of the API, in its order', () => {
  expect(FILTER_GROUPS).toEqual(DOMAIN_GROUPS);
});

describe('the URL', () => {
  test('has nothing in it by default: no filter is active', () => {
    expect(queryOf(DEFAULT_FILTERS).toString()).toBe('');
    expect(filtersFrom(new URLSearchParams())).toEqual(DEFAULT_FILTERS);
  });

  test.each<Partial<VmFilters>>([
    { status: ['Running', 'Transitioning'] },
    { name: 'web', ip: '10.1.', namespace: 'demo' },
    { sort: '-createdAt', page: 3, limit: 100 },
  ])('keeps %j', (change) => {
    expect(filtersFrom(queryOf(filters(change)))).toEqual(filters(change));
  });

  test.each([
    ['status=Broken,Error', { status: ['Error'] }],
    ['sort=colour', {}],
    ['page=0', {}],
    ['page=-1', {}],
    ['page=two', {}],
    ['limit=5000', {}],
  ])('%s: what is not known is left out', (query, expected) => {
    expect(filtersFrom(new URLSearchParams(query))).toEqual(filters(expected as Partial<VmFilters>));
  });
});

test('the API is asked for what is chosen, and for nothing else', () => {
  expect(apiQuery(DEFAULT_FILTERS)).toEqual({ sort: 'name', page: 1, limit: 50 });
  expect(apiQuery(filters({ status: ['Error', 'Unknown'], name: 'web' }))).toMatchObject({
    status: 'Error,Unknown',
    name: 'web',
  });
});

describe('a clone that was just asked for', () => {
  test('activates all filters where none is active: Transitioning alone would hide the other VMs', () => {
    expect(withTransitioning(filters({})).status).toEqual(FILTER_GROUPS);
  });

  test('joins Transitioning to those that are active, on the same page', () => {
    const shown = withTransitioning(filters({ status: ['Running'], page: 4 }));
    expect(shown).toMatchObject({ status: ['Running', 'Transitioning'], page: 4 });
  });

  test('changes nothing where Transitioning is active', () => {
    const active = filters({ status: ['Transitioning'] });
    expect(withTransitioning(active)).toBe(active);
  });

  const clone = { namespace: 'demo', name: 'web-clone' };
  test.each<[Partial<VmFilters>, boolean]>([
    [{}, false],
    [{ name: 'web' }, false],
    [{ name: 'WEB' }, false],
    [{ name: 'db' }, true],
    [{ namespace: 'demo' }, false],
    [{ namespace: 'other' }, true],
    [{ ip: '10.' }, true],
  ])('with %j is hidden: %s', (change, hidden) => {
    expect(hides(filters(change), clone)).toBe(hidden);
  });
});
