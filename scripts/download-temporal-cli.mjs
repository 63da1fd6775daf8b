/** Usage: node download-temporal-cli.mjs VERSION FOLDER. Leaves the CLI in FOLDER as `temporal-VERSION`, by the SDK's cached download. */
import { TestWorkflowEnvironment } from '@temporalio/testing';

const [version, downloadDir] = process.argv.slice(2);
const executable = { type: 'cached-download', version, downloadDir };
try {
  const environment = await TestWorkflowEnvironment.createLocal({ server: { executable } });
  await environment.teardown();
  process.exit(0);
} catch (error) {
  console.error(error.message);
  process.exit(1);
}
