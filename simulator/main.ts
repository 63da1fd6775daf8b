import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startSimulator } from './index';

/**
 * The simulated cluster as a process. Environment: SIMULATOR_PORT (8090), HOST (127.0.0.1), STATE_DIR (.state): data
 * and kubeconfig go there. Prints one JSON line when it is ready; SIGTERM or SIGINT ends it, and a new start goes
 * on from its data.
 */
async function main(): Promise<void> {
  const port = portOf(process.env.SIMULATOR_PORT ?? '8090');
  const stateDir = process.env.STATE_DIR ?? '.state';
  await mkdir(stateDir, { recursive: true });
  const simulator = await startSimulator({
    port,
    host: process.env.HOST ?? '127.0.0.1',
    dataFile: join(stateDir, 'cluster.jsonl'),
    seed: true,
    log: (message, fields) => {
      if (process.env.LOG_LEVEL === 'debug')
        process.stderr.write(`${JSON.stringify({ message, ...fields })}\n`);
    },
  });
  const kubeconfig = join(stateDir, 'simulator.kubeconfig');
  await writeFile(`${kubeconfig}.new`, simulator.kubeconfig, { mode: 0o600 });
  await rename(`${kubeconfig}.new`, kubeconfig);

  let isEnding = false;
  const end = async () => {
    if (isEnding) return;
    isEnding = true;
    await simulator.close();
  };
  process.once('SIGTERM', end);
  process.once('SIGINT', end);
  process.stdout.write(`${JSON.stringify({ ready: true, url: simulator.url, kubeconfig })}\n`);
}

function portOf(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw new Error(`SIMULATOR_PORT is not a port: ${text}`);
}

main().catch((error: NodeJS.ErrnoException) => {
  const message =
    error.code === 'EADDRINUSE'
      ? `Port ${process.env.SIMULATOR_PORT ?? '8090'} is in use: stop what listens there, or set SIMULATOR_PORT`
      : error.message;
  process.stderr.write(`simulator: ${message}\n`);
  process.exitCode = 1;
});
