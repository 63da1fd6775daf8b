const SUFFIXES: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};
const QUANTITY = /^([+-]?(?:\d+\.?\d*|\.\d+))(?:([KMGTPE]i|[numkMGTPE])|[eE]([+-]?\d+))?$/;

/** Value of a Kubernetes quantity ("50Gi", "1e9", "500m"), or undefined when the text is none. */
export function parseQuantity(text: string | undefined): number | undefined {
  const match = QUANTITY.exec(text ?? '');
  if (!match) return undefined;
  const [, number, suffix = '', exponent = '0'] = match;
  return Number(number) * (SUFFIXES[suffix] as number) * 10 ** Number(exponent);
}

/** Whole bytes of a quantity, rounded up as Kubernetes does; undefined when it is no quantity. */
export function parseBytes(text: string | undefined): number | undefined {
  const value = parseQuantity(text);
  return value === undefined ? undefined : Math.ceil(value);
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'] as const;

/** Bytes for people: "50 GiB", "1.5 TiB", with at most one decimal. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${Math.round(value * 10) / 10} ${UNITS[unit]}`;
}
