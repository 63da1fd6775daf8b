import { RunningClones } from '../../src/api/running-clones';
import { CloneReader } from '../../src/temporal';
import { startTemporal, type TestTemporal } from '../support/temporal';
import { begin, cloneInput } from '../temporal/stand-in';

let temporal: TestTemporal;
beforeAll(async () => {
  temporal = await startTemporal();
});
afterAll(() => temporal?.stop());

test('a list that still shows a run as open of which the end was seen does not bring it back', async () => {
  const target = await begin(temporal, cloneInput('web-clone'));
  const id = `${target.namespace}/${target.name}`;
  const running = new RunningClones(temporal.client, Date.now, 0);
  const giveUp = Date.now() + 20_000;
  while (!(await running.refresh()).open.has(id)) {
    if (Date.now() > giveUp) throw new Error('never listed');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  // The list stays as it is: that is how one lags.
  const found = await new CloneReader(temporal.client).read(target);
  if (!found) throw new Error('it was begun');
  running.note({ ...found.view, outcome: 'Completed' });
  expect((await running.refresh()).open.has(id)).toBe(false);
  expect((await running.get()).has(id)).toBe(false);
});
