import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Connection } from '@temporalio/client';
import { projectRoot } from '../../launcher/paths';
import { temporalServer } from '../../launcher/services';
import { readSettings, type Settings } from '../../launcher/settings';
import { Supervisor } from '../../launcher/supervise';
import { joinForeignServer, prepareNamespace } from '../../launcher/temporal';
import { findTemporalCli } from '../../launcher/temporal-cli';
import { SEARCH_ATTRIBUTES } from '../../src/contract';

/** A real dev server, as `npm start` runs it. */
describe('the Temporal server of npm start', () => {
  let stateDir: string;
  let supervisor: Supervisor;
  let settings: Settings;
  let executable: string;

  beforeAll(async () => {
    executable = await findTemporalCli();
    stateDir = mkdtempSync(`${tmpdir()}/temporal-`);
  });
  afterAll(() => rmSync(stateDir, { recursive: true }));
  beforeEach(async () => {
    const [port, uiPort] = await freePorts(2);
    const env = { STATE_DIR: stateDir, TEMPORAL_PORT: String(port), TEMPORAL_UI_PORT: String(uiPort) };
    settings = readSettings(env, { cluster: 'simulator', verbose: false, root: '/' });
    supervisor = new Supervisor();
  });
  afterEach(() => supervisor.stop());

  const start = () => {
    const ports = settings.ownTemporal ?? { port: 0, uiPort: 0 };
    const service = temporalServer(settings, process.env, { executable, ...ports });
    return supervisor.start(service, new AbortController().signal);
  };
  const inspect = async (namespace = 'default') => {
    const connection = await Connection.connect({ address: settings.temporal.address });
    try {
      const { config } = await connection.workflowService.describeNamespace({ namespace });
      const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
      const days = Number(config?.workflowExecutionRetentionTtl?.seconds) / 86_400;
      return { days, attributes: Object.keys(customAttributes) };
    } finally {
      await connection.close();
    }
  };

  it('is missed when nothing answers there', async () => {
    await expect(joinForeignServer(settings.temporal)).rejects.toThrow(
      /^No Temporal server .* answers at .*: correct TEMPORAL_ADDRESS or TEMPORAL_NAMESPACE, or unset both/,
    );
  });

  it('gets its search attributes on data that were made without them', async () => {
    await start();
    expect((await inspect()).attributes).not.toContain(SEARCH_ATTRIBUTES.phase);
    await supervisor.stop();
    supervisor = new Supervisor();
    await start();
    await prepareNamespace(settings.temporal);
    expect(await inspect()).toEqual({
      days: 30,
      attributes: expect.arrayContaining(Object.values(SEARCH_ATTRIBUTES)),
    });
  });

  it('finds its settings again', async () => {
    await start();
    expect((await inspect()).days).toBe(30);
  });

  it("gets the same from compose's set-up, also when that runs again", async () => {
    await start();
    symlinkSync(executable, join(stateDir, 'temporal'));
    const env = {
      ...process.env,
      PATH: `${stateDir}:${process.env.PATH}`,
      TEMPORAL_ADDRESS: settings.temporal.address,
      TEMPORAL_NAMESPACE: 'composed',
    };
    for (const _time of ['first', 'second']) {
      await promisify(execFile)('sh', [join(projectRoot(), 'scripts', 'compose', 'temporal-namespace.sh')], {
        env,
      });
      expect(await inspect('composed')).toEqual({
        days: 30,
        attributes: expect.arrayContaining(Object.values(SEARCH_ATTRIBUTES)),
      });
    }
  });
});

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, '127.0.0.1');
      await once(server, 'listening');
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports;
}
