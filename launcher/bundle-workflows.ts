import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { projectRoot } from './paths';

/** Writes `dist/workflow-bundle.js` from the compiled workflows, so that a worker starts without webpack. */
async function bundleWorkflows(): Promise<void> {
  const dist = join(projectRoot(), 'dist');
  const { code } = await bundleWorkflowCode({
    workflowsPath: require.resolve('../src/workflows/index.js'),
    logger: new DefaultLogger('WARN'),
  });
  const file = join(dist, 'workflow-bundle.js');
  await writeFile(`${file}.new`, code);
  await rename(`${file}.new`, file);
  console.log(`dist/workflow-bundle.js: ${(code.length / 1e6).toFixed(1)} MB`);
}

bundleWorkflows().catch((error: Error) => {
  console.error(error.message);
  process.exitCode = 1;
});
