import { appendFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { LaunchError } from './launch-error';
import { projectRoot } from './paths';
import { checkPortsFree } from './ports';
import { api, simulator, temporalServer, worker } from './services';
import { type Cluster, portUses, readSettings, type Settings } from './settings';
import { lockState } from './state-lock';
import { StopRequested, stopSignals } from './stop-signals';
import { Supervisor } from './supervise';
import { joinForeignServer, prepareNamespace } from './temporal';
import { findTemporalCli } from './temporal-cli';
import { welcome } from './welcome';

/** Runs everything until a Ctrl-C or a failure, whose one sentence it prints. Answers the exit code. */
export async function main(options: { cluster: Cluster; verbose: boolean }): Promise<number> {
  const env = process.env;
  process.chdir(projectRoot());
  const supervisor = new Supervisor();
  const asked = stopSignals(() => process.exit(1));
  // However this process ends, its children end with it.
  process.once('exit', () => supervisor.kill());
  let code = 0;
  let unlock = () => {};
  try {
    const settings = readSettings(env, { ...options, root: projectRoot() });
    unlock = lockState(settings.stateDir);
    await startAll(supervisor, settings, env, asked);
    console.log(welcome(settings));
    await Promise.race([supervisor.failed, untilAborted(asked)]);
  } catch (error) {
    if (!(error instanceof StopRequested)) {
      code = 1;
      console.error(sentence(error, env));
    }
  }
  await supervisor.stop(say);
  unlock();
  if (code === 0) say('Stopped. The next start finds its data again.');
  return code;
}

async function startAll(
  supervisor: Supervisor,
  settings: Settings,
  env: NodeJS.ProcessEnv,
  asked: AbortSignal,
): Promise<void> {
  await checkPortsFree(portUses(settings));
  const { ownTemporal } = settings;
  if (ownTemporal) {
    const executable = await findTemporalCli({ env, onProgress: say, signal: asked });
    say('Starting the Temporal server …');
    await supervisor.start(temporalServer(settings, env, { executable, ...ownTemporal }), asked);
    await prepareNamespace(settings.temporal);
  } else {
    say(`Using the Temporal server at ${settings.temporal.address}`);
    await joinForeignServer(settings.temporal);
  }
  if (settings.cluster === 'simulator') {
    say('Starting the simulated cluster …');
    await supervisor.start(simulator(settings, env), asked);
  }
  say('Starting the worker …');
  await supervisor.start(worker(settings, env), asked);
  say('Starting the API …');
  await supervisor.start(api(settings, env), asked);
}

const say = (line: string) => console.log(line);

function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

/** What the user reads. The stack of a failure that nobody foresaw goes into a file. */
function sentence(error: unknown, env: NodeJS.ProcessEnv): string {
  if (error instanceof LaunchError) return error.message;
  const folder = join(projectRoot(), env.STATE_DIR || '.state', 'logs');
  const file = join(folder, 'launcher.log');
  mkdirSync(folder, { recursive: true });
  appendFileSync(file, `${new Date().toISOString()} ${(error as Error).stack ?? String(error)}\n`);
  return `The start failed: ${(error as Error).message} (details in ${file}).`;
}
