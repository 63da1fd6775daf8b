/** `npm start`: needs nothing but Node; installs, builds and runs. Syntax here stays old, so that an old Node gets to its sentence. */
import { createRequire } from 'node:module';

const HELP = `Usage: npm start [-- OPTIONS]

  --cluster=simulator   a simulated KubeVirt cluster (default)
  --cluster=kubeconfig  the current context of KUBECONFIG
  --verbose             print what the processes print
  --help                this text

Ports and folders are set by environment variables: docs/operations.md.`;

async function start() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    throw launchError(`Node ${process.versions.node} is too old: install Node 20.19 or later.`);
  }
  const options = await parseOptions();
  if (options.help) {
    console.log(HELP);
    return 0;
  }
  const { install, build } = await import('./prepare.mjs');
  await install();
  await build();
  const { main } = createRequire(import.meta.url)('../dist/launcher/main.js');
  return main(options);
}

async function parseOptions() {
  const { parseArgs } = await import('node:util');
  try {
    const { values } = parseArgs({
      options: {
        cluster: { type: 'string', default: 'simulator' },
        verbose: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    if (values.cluster === 'simulator' || values.cluster === 'kubeconfig') return values;
  } catch (error) {
    throw launchError(`${error.message.split('. ')[0]}: see \`npm start -- --help\`.`);
  }
  throw launchError('--cluster is either simulator or kubeconfig: see `npm start -- --help`.');
}

function launchError(message) {
  return Object.assign(new Error(message), { name: 'LaunchError' });
}

start().then(
  (code) => process.exit(code),
  (error) => {
    console.error(error.name === 'LaunchError' ? error.message : `The start failed: ${error.message}`);
    process.exit(1);
  },
);
