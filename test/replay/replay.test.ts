import { Worker } from '@temporalio/worker';
import { DeterminismViolationError } from '@temporalio/workflow';
import { workflowBundleFile } from '../support/workflow-bundle';
import { type RecordedHistory, readHistory, recordedNames } from './histories';

async function replay({ history, workflowId }: RecordedHistory): Promise<void> {
  await Worker.runReplayHistory(
    { workflowBundle: { codePath: await workflowBundleFile() } },
    history,
    workflowId,
  );
}

test.each(recordedNames())('today’s workflows still run the recorded “%s” to its end', async (name) => {
  await replay(readHistory(name));
});

test('a workflow that takes another step than the recorded one is caught', async () => {
  const recorded = readHistory('completed');
  const other = JSON.stringify(recorded).replaceAll('"lockSource"', '"lockTarget"');
  await expect(replay(JSON.parse(other))).rejects.toThrow(DeterminismViolationError);
});
