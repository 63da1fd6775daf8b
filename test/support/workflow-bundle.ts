import { existsSync, renameSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { bundleWorkflowCode } from '@temporalio/worker';

/** Where the global set-up has put the bundle of this run. */
const BUNDLE_VARIABLE = 'VM_CLONE_TEST_WORKFLOW_BUNDLE';

/** Bundles the workflows once for all test files. */
export async function makeWorkflowBundle(): Promise<void> {
  const { code } = await bundleWorkflowCode({
    workflowsPath: path.join(__dirname, '../../src/workflows/index.ts'),
    logger: { ...console, log: () => {}, trace: () => {}, debug: () => {}, info: () => {} },
  });
  const file = path.join(os.tmpdir(), `vm-clone-workflows-${process.pid}.js`);
  writeFileSync(`${file}.new`, code);
  renameSync(`${file}.new`, file);
  process.env[BUNDLE_VARIABLE] = file;
}

/** File of the run's workflow bundle; made on the spot where there was no global set-up. */
export async function workflowBundleFile(): Promise<string> {
  const file = process.env[BUNDLE_VARIABLE];
  if (!file || !existsSync(file)) await makeWorkflowBundle();
  return process.env[BUNDLE_VARIABLE] as string;
}
