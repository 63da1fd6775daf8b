export const MEMORY_UNITS = ['MiB', 'GiB', 'TiB'] as const;
export type MemoryUnit = (typeof MEMORY_UNITS)[number];

/** What the form shows of an amount of memory. */
export interface MemoryInput {
  /** Empty where the spec says none. */
  amount: number | '';
  unit: MemoryUnit;
}

const MIB = 2 ** 20;
/** In MiB. */
const SIZES: Readonly<Record<MemoryUnit, number>> = { MiB: 1, GiB: 1024, TiB: 1024 ** 2 };
const SUFFIXES: Readonly<Record<MemoryUnit, string>> = { MiB: 'Mi', GiB: 'Gi', TiB: 'Ti' };
/** What the API takes, in MiB. */
const MOST_MIB = 64 * SIZES.TiB;

const BINARY = ['Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];
const DECIMAL = ['k', 'M', 'G', 'T', 'P', 'E'];
const QUANTITY = /^(\d+\.?\d*|\.\d+)(?:([KMGTPE]i|[kMGTPE])|[eE](\d+))?$/;

/** Bytes of a Kubernetes quantity of memory: `4Gi`, `1536Mi`, `2G`, `2e9`. Undefined when it is none. */
export function memoryBytes(quantity: string): number | undefined {
  const [, amount, suffix = '', exponent = '0'] = QUANTITY.exec(quantity) ?? [];
  if (amount === undefined) return undefined;
  const binary = BINARY.indexOf(suffix) + 1;
  const decimal = DECIMAL.indexOf(suffix) + 1;
  return Number(amount) * 1024 ** binary * 1000 ** decimal * 10 ** Number(exponent);
}

/** A quantity as the form shows it: in the largest unit of which it is whole, else in MiB, rounded. */
export function memoryInput(quantity: string | null): MemoryInput {
  const bytes = quantity === null ? undefined : memoryBytes(quantity);
  if (bytes === undefined) return { amount: '', unit: 'GiB' };
  const mib = Math.round(bytes / MIB);
  const unit = MEMORY_UNITS.findLast((each) => mib >= SIZES[each] && mib % SIZES[each] === 0) ?? 'MiB';
  return { amount: mib / SIZES[unit], unit };
}

/** Whether the form shows exactly what the quantity says. */
export function isExact(quantity: string): boolean {
  const bytes = memoryBytes(quantity);
  return bytes !== undefined && bytes % MIB === 0;
}

/** The quantity of what was put in; undefined when that is nothing, not whole MiB, or more than the API takes. */
export function memoryQuantity({ amount, unit }: MemoryInput): string | undefined {
  if (amount === '') return undefined;
  const mib = amount * SIZES[unit];
  if (!Number.isInteger(mib) || mib < 1 || mib > MOST_MIB) return undefined;
  return Number.isInteger(amount) ? `${amount}${SUFFIXES[unit]}` : `${mib}Mi`;
}

/** Whether two inputs mean the same memory, in whatever units. An empty one and 0 both mean none. */
export function isSameMemory(one: MemoryInput, other: MemoryInput): boolean {
  const mib = ({ amount, unit }: MemoryInput) => Number(amount) * SIZES[unit];
  return mib(one) === mib(other);
}
