import { startTemporalServer, TEMPORAL_ADDRESS_VARIABLE } from './temporal';
import { makeWorkflowBundle } from './workflow-bundle';

/** For the whole test run: the workflows' bundle, and one Temporal server unless the environment names one. */
export default async function globalSetup(): Promise<void> {
  await makeWorkflowBundle();
  if (process.env[TEMPORAL_ADDRESS_VARIABLE]) return;
  const server = await startTemporalServer();
  process.env[TEMPORAL_ADDRESS_VARIABLE] = server.address;
  (globalThis as { temporalServer?: typeof server }).temporalServer = server;
}
