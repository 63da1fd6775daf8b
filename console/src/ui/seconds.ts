const UNITS = [
  { name: 'd', seconds: 86_400 },
  { name: 'h', seconds: 3_600 },
  { name: 'min', seconds: 60 },
  { name: 's', seconds: 1 },
] as const;

/** Seconds for people, in their two largest units: "4 s", "3 min 5 s", "2 h 4 min". Below one: "< 1 s". */
export function formatSeconds(seconds: number): string {
  if (seconds > 0 && seconds < 1) return '< 1 s';
  let rest = Math.max(0, Math.floor(seconds));
  const parts: string[] = [];
  const first = UNITS.findIndex((unit) => rest >= unit.seconds);
  for (const { name, seconds: size } of first < 0 ? [] : UNITS.slice(first, first + 2)) {
    const count = Math.floor(rest / size);
    rest %= size;
    if (count > 0) parts.push(`${count} ${name}`);
  }
  return parts.join(' ') || '0 s';
}

/** Seconds from one ISO 8601 time to another; never negative, as clocks differ. */
export function secondsBetween(from: string, to: string): number {
  return Math.max(0, (Date.parse(to) - Date.parse(from)) / 1000);
}
