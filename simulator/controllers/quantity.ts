import { parseQuantity } from '../../src/clone/quantity';

const BINARY = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];
const DECIMAL = ['', 'k', 'M', 'G', 'T', 'P', 'E'];

/** A whole number with the family of suffixes that it is written in (apimachinery pkg/api/resource). */
export interface Quantity {
  value: number;
  binary: boolean;
}

export const ZERO: Quantity = { value: 0, binary: false };

/** Rounded up to a whole number; undefined when it is no quantity. */
export function quantityFrom(text: string | undefined): Quantity | undefined {
  const value = parseQuantity(text);
  return value === undefined ? undefined : { value: Math.ceil(value), binary: /i$/.test(text ?? '') };
}

/** Written as the first of them that isn't zero. */
export function sumOf(left: Quantity, right: Quantity): Quantity {
  return { value: left.value + right.value, binary: left.value === 0 ? right.binary : left.binary };
}

/** In canonical form: the largest suffix that leaves a whole number ("1536Mi", "5G"). */
export function formatQuantity({ value, binary }: Quantity): string {
  const isBinary = binary && Math.abs(value) >= 1024;
  const base = isBinary ? 1024 : 1000;
  let number = value;
  let power = 0;
  while (number !== 0 && number % base === 0 && power < BINARY.length - 1) {
    number /= base;
    power += 1;
  }
  return `${number}${(isBinary ? BINARY : DECIMAL)[power]}`;
}
