/**
 * Reads docker-compose.yml with compose's own parser (the docker plugin, or the library behind it by Go) and checks
 * what a parser can't know. Needs no container engine. Says so when it has to skip.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const PARSER = 'github.com/compose-spec/compose-go/v2/cmd@v2.16.2';
const ONE_SHOTS = ['temporal-schema', 'temporal-namespace'];
const PROFILES = ['simulator', 'kubeconfig'];

function parse() {
  if (succeeds('docker', ['compose', 'version'])) {
    return output('docker', ['compose', '--profile', '*', 'config', '--format', 'json']);
  }
  if (succeeds('go', ['version']))
    return output('go', ['run', PARSER, '-format', 'json', 'docker-compose.yml']);
  return undefined;
}

function succeeds(program, args) {
  return spawnSync(program, args).status === 0;
}

function output(program, args) {
  console.log(`Reading docker-compose.yml with ${program} ${args.slice(0, 2).join(' ')} …`);
  const { status, stdout, stderr } = spawnSync(program, args, {
    cwd: ROOT,
    encoding: 'utf8',
    maxBuffer: 1e8,
  });
  if (status !== 0) fail([stderr.trim() || `${program} failed`]);
  return JSON.parse(stdout);
}

function fail(problems) {
  for (const problem of problems) console.error(`docker-compose.yml: ${problem}`);
  process.exit(1);
}

/** Every sentence is something that would not work, or not be safe, once it runs. */
function problemsOf({ services, volumes }) {
  const problems = [];
  for (const [name, service] of Object.entries(services)) {
    const check = (holds, problem) => {
      if (!holds) problems.push(`${name}: ${problem}`);
    };
    const oneShot = ONE_SHOTS.includes(name);
    check(/:\d+(\.\d+)+[\w.-]*$/.test(service.image ?? ''), `image ${service.image} is not pinned`);
    check(
      oneShot ? service.restart?.startsWith('on-failure') : service.restart === 'unless-stopped',
      'restart policy',
    );
    check(oneShot || service.healthcheck || isOurs(service, 'src/api'), 'has no health check');
    for (const port of service.ports ?? [])
      check(port.host_ip === '127.0.0.1', `publishes ${port.published} to the network`);
    for (const [other, { condition }] of Object.entries(service.depends_on ?? {})) {
      const on = services[other];
      check(on, `waits for ${other}, which is not there`);
      check(
        condition === (ONE_SHOTS.includes(other) ? 'service_completed_successfully' : 'service_healthy'),
        `waits for ${other} by ${condition}`,
      );
      check(
        !on?.profiles || on.profiles.some((profile) => service.profiles?.includes(profile)),
        `waits for ${other} of another profile`,
      );
    }
    for (const { type, source, bind } of service.volumes ?? []) {
      if (type === 'volume') check(source in volumes, `volume ${source} is not declared`);
      else check(existsSync(source) || bind?.create_host_path === false, `${source} does not exist`);
    }
  }
  for (const profile of PROFILES) {
    const members = Object.values(services).filter(({ profiles }) => !profiles || profiles.includes(profile));
    for (const program of ['src/api', 'worker']) {
      const count = members.filter((service) => isOurs(service, program)).length;
      if (count !== 1) problems.push(`profile ${profile} has ${count} × ${program}`);
    }
  }
  return problems;
}

function isOurs({ command }, program) {
  return command?.some((word) => word.startsWith(`dist/${program}`)) ?? false;
}

const model = parse();
if (!model) {
  console.log('docker-compose.yml: check SKIPPED, there is neither `docker compose` nor Go to read it with.');
  process.exit(0);
}
const problems = problemsOf(model);
if (problems.length > 0) fail(problems);
console.log(`docker-compose.yml: ${Object.keys(model.services).length} services, nothing to complain about.`);
