import { formatSeconds, secondsBetween } from './seconds';
import { useNow } from './ticker';

/** How long it took; without an end, how long it has been taking, which goes on by itself. Times are ISO 8601. */
export function Duration({ from, to }: { from: string; to?: string }) {
  return to ? formatSeconds(secondsBetween(from, to)) : <Elapsed from={from} />;
}

function Elapsed({ from }: { from: string }) {
  const now = useNow();
  return formatSeconds((now - Date.parse(from)) / 1000);
}
