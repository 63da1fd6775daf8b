import { ConfigError, checkAccess, loadConfig } from '../config';
import { createLogger } from '../log';
import { startApi } from './start';

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/** The API process: serves until a signal asks it to end; a second one ends it at once. */
async function main(): Promise<void> {
  const config = loadConfig();
  const warning = checkAccess(config);
  const logger = createLogger({ level: config.logLevel, service: 'api' });
  if (warning) logger.warn(warning);
  const api = await startApi(config, logger);
  await signal();
  logger.info('API stops');
  void signal().then(() => process.exit(1));
  await api.stop();
  logger.info('API stopped');
  process.exit();
}

function signal(): Promise<void> {
  return new Promise((resolve) => {
    const received = () => {
      for (const name of SIGNALS) process.off(name, received);
      resolve();
    };
    for (const name of SIGNALS) process.on(name, received);
  });
}

main().catch((error) => {
  // A setting that is wrong is said in one sentence; all else is a fault, with its stack.
  console.error(error instanceof ConfigError ? error.message : error);
  process.exit(1);
});
