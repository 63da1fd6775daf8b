import { type ChildProcess, spawn } from 'node:child_process';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { startApiServer } from '../../../simulator/apiserver';
import { brief, Cluster, VMS, vm } from './support';

let folder: string;
let dataFile: string;
let cluster: Cluster | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'apiserver-'));
  dataFile = join(folder, 'below', 'objects.jsonl');
});
afterEach(async () => {
  await cluster?.stop();
  cluster = undefined;
  rmSync(folder, { recursive: true });
});

async function restart(options: { historyLimit?: number } = {}): Promise<Cluster> {
  await cluster?.stop();
  cluster = await Cluster.start({ dataFile, ...options });
  return cluster;
}

it('objects, their uids and deletions outlive a restart; resourceVersions go on', async () => {
  const first = await restart();
  const kept = (await first.post(VMS, vm('kept'))).body;
  await first.post(VMS, vm('gone'));
  const last = (await first.mergePatch(`${VMS}/kept/status`, { status: { ready: true } })).body;
  await first.delete(`${VMS}/gone`);

  const second = await restart();
  const { body } = await second.get(VMS);
  expect(body.items).toEqual([last]);
  expect(body.items[0].metadata.uid).toBe(kept.metadata.uid);
  const deleted = Number(last.metadata.resourceVersion) + 1;
  expect(Number(body.metadata.resourceVersion)).toBe(deleted);
  const next = (await second.post(VMS, vm('next'))).body;
  expect(Number(next.metadata.resourceVersion)).toBe(deleted + 1);
});

it('a watch from before a restart is 410; one from its very end goes on', async () => {
  const first = await restart();
  const old = (await first.post(VMS, vm('a'))).body.metadata.resourceVersion;
  const last = (await first.post(VMS, vm('b'))).body.metadata.resourceVersion;
  const second = await restart();
  expect((await (await second.watch(VMS, { resourceVersion: old })).rest()).map(brief)).toEqual([
    'ERROR 410',
  ]);
  const watch = await second.watch(VMS, { resourceVersion: last });
  await second.post(VMS, vm('c'));
  expect(brief(await watch.next())).toBe('ADDED c');
});

it('a torn last line is left out, and what is written after it is sound', async () => {
  const first = await restart();
  await first.post(VMS, vm('a'));
  await first.stop();
  cluster = undefined;
  appendFileSync(dataFile, '{"resourceVersion":99,"kind":"kubevirt.io/virtualmachines","key":"demo/b","obj');
  const second = await restart();
  expect((await second.get(VMS)).body.items).toHaveLength(1);
  await second.post(VMS, vm('c'));
  const third = await restart();
  expect((await third.get(VMS)).body.items).toHaveLength(2);
});

it('a damaged line in the middle is refused with the file and the line', async () => {
  const first = await restart();
  await first.post(VMS, vm('a'));
  await first.stop();
  cluster = undefined;
  const [head, ...lines] = readFileSync(dataFile, 'utf8').split('\n');
  writeFileSync(dataFile, [head, '{"damaged', ...lines].join('\n'));
  await expect(startApiServer({ dataFile })).rejects.toThrow(`${dataFile}: line 2 is damaged`);
});

it('a file with a kind that is no longer in the table is refused', async () => {
  const first = await restart();
  await first.post(VMS, vm('a'));
  await first.stop();
  cluster = undefined;
  await expect(startApiServer({ dataFile, kinds: [] })).rejects.toThrow('which this server does not know');
});

it('the file holds what is stored, not all that ever was: compacted at the start and when it has grown', async () => {
  const first = await restart();
  await first.post(VMS, vm('a'));
  const bulk = (turn: number) => ({ spec: { turn, text: 'x'.repeat(1024 * 1024) } });
  let largest = 0;
  for (let turn = 0; turn < 24; turn += 1) {
    await first.mergePatch(`${VMS}/a`, bulk(turn));
    largest = Math.max(largest, statSync(dataFile).size);
  }
  expect(largest).toBeLessThan(20 * 1024 * 1024);
  const second = await restart();
  expect(statSync(dataFile).size).toBeLessThan(2 * 1024 * 1024);
  expect((await second.get(`${VMS}/a`)).body.spec.turn).toBe(23);
});

it('what was answered is there after SIGKILL', async () => {
  const child = spawn(
    process.execPath,
    ['--require', join(__dirname, '../../support/typescript-hook.js'), join(__dirname, 'serve.ts')],
    {
      env: { ...process.env, DATA_FILE: dataFile },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  try {
    const url = await firstLine(child);
    const post = async (path: string, body: unknown) => {
      const headers = { 'content-type': 'application/json' };
      return (await fetch(url + path, { method: 'POST', headers, body: JSON.stringify(body) })).status;
    };
    await post('/api/v1/namespaces', { metadata: { name: 'demo' } });
    const answered = await Promise.all(
      Array.from({ length: 50 }, (_, index) => post(VMS, vm(`vm-${index}`))),
    );
    expect(new Set(answered)).toEqual(new Set([201]));
  } finally {
    const ended = new Promise((resolve) => child.once('exit', (_, signal) => resolve(signal)));
    child.kill('SIGKILL');
    expect(await ended).toBe('SIGKILL');
  }
  const after = await restart();
  expect((await after.get(VMS)).body.items).toHaveLength(50);
});

async function firstLine(child: ChildProcess): Promise<string> {
  for await (const line of createInterface(child.stdout as NodeJS.ReadableStream)) return line;
  throw new Error('the server ended before it was up');
}
