import { formatBytes, parseBytes, parseQuantity } from '../../src/clone/quantity';

describe('quantities (Kubernetes apimachinery, resource.Quantity)', () => {
  test.each([
    ['50Gi', 53_687_091_200],
    ['1Ki', 1024],
    ['1.5Mi', 1_572_864],
    ['10G', 10_000_000_000],
    ['2k', 2000],
    ['1e9', 1_000_000_000],
    ['1E3', 1000],
    ['3E', 3e18],
    ['128974848', 128_974_848],
    ['.5', 0.5],
    ['500m', 0.5],
    ['+1', 1],
    ['-1Ki', -1024],
    ['0', 0],
  ])('%s is %d', (text, value) => expect(parseQuantity(text)).toBeCloseTo(value, 6));

  test.each([undefined, '', 'Gi', '10 Gi', '10GiB', '1e', 'ten', '1e3Gi', '--1'])('%p is none', (text) =>
    expect(parseQuantity(text)).toBeUndefined(),
  );

  test('bytes are rounded up', () => expect(parseBytes('1500m')).toBe(2));
});

describe('bytes for people', () => {
  test.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [53_687_091_200, '50 GiB'],
    [1_610_612_736, '1.5 GiB'],
    [10_000_000_000, '9.3 GiB'],
    [2 ** 70, '1024 EiB'],
  ])('%d is %s', (bytes, text) => expect(formatBytes(bytes)).toBe(text));
});
