import type { startTemporalServer } from './temporal';

type Server = Awaited<ReturnType<typeof startTemporalServer>>;

export default async function globalTeardown(): Promise<void> {
  await (globalThis as { temporalServer?: Server }).temporalServer?.stop();
}
