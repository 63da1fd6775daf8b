import { copySeconds, copyState, steeringOf } from '../../../simulator/node/copy-steering';

const annotated = (annotations: Record<string, string>) => ({
  metadata: {
    name: 'disk',
    annotations: Object.fromEntries(
      Object.entries(annotations).map(([name, value]) => [`simulator.vm-clone.io/${name}`, value]),
    ),
  },
});

test.each<[Record<string, string>, object]>([
  [{}, { crashes: 0, neverProvisioned: false }],
  [{ copy: 'fail' }, { crashes: Number.POSITIVE_INFINITY }],
  [{ copy: 'crash:3' }, { crashes: 3 }],
  [{ copy: 'crash' }, { crashes: 1 }],
  [{ copy: 'stall:40' }, { stallPercent: 40, crashes: 0 }],
  [{ 'copy-seconds': '7' }, { seconds: 7 }],
  [{ 'copy-seconds': 'soon' }, { seconds: undefined }],
  [{ 'copy-bytes-per-second': '100' }, { bytesPerSecond: 100 }],
  [{ provision: 'never' }, { neverProvisioned: true }],
])('%j asks for %j', (annotations, expected) => {
  expect(steeringOf(annotated(annotations))).toMatchObject(expected);
});

test('the first object that says something decides', () => {
  expect(
    steeringOf(undefined, annotated({ 'copy-seconds': '1' }), annotated({ 'copy-seconds': '2' })).seconds,
  ).toBe(1);
});

test.each([
  [{}, 1000, 100, 10],
  [{ 'copy-bytes-per-second': '500' }, 1000, 100, 2],
  [{ 'copy-seconds': '3', 'copy-bytes-per-second': '500' }, 1000, 100, 3],
])('with %j, %d bytes at %d a second take %d seconds', (annotations, bytes, rate, seconds) => {
  expect(copySeconds(steeringOf(annotated(annotations)), bytes, rate)).toBe(seconds);
});

const NEVER = Number.POSITIVE_INFINITY;

test.each([
  ['', 0, 0, { percent: 0, state: 'copying', remainingSeconds: 10 }],
  ['', 4, 0, { percent: 40, state: 'copying', remainingSeconds: 6 }],
  ['', 10, 0, { percent: 100, state: 'sent', remainingSeconds: 0.5 }],
  ['', 10.5, 0, { percent: 100, state: 'done', remainingSeconds: 0 }],
  ['crash:1', 1, 0, { percent: 10, state: 'copying', remainingSeconds: 1 }],
  ['crash:1', 2, 0, { percent: 20, state: 'crashed', remainingSeconds: 0 }],
  ['crash:1', 3, 1, { percent: 30, state: 'copying', remainingSeconds: 7 }],
  ['fail', 2, 99, { percent: 20, state: 'crashed', remainingSeconds: 0 }],
  ['stall:30', 2, 0, { percent: 20, state: 'copying', remainingSeconds: 8 }],
  ['stall:30', 5, 0, { percent: 30, state: 'copying', remainingSeconds: NEVER }],
  ['stall:30', 99, 0, { percent: 30, state: 'copying', remainingSeconds: NEVER }],
])('copy "%s" of 10 s, after %d s and %d restarts', (copy, elapsed, restarts, expected) => {
  expect(copyState(steeringOf(annotated({ copy })), 10, elapsed, restarts)).toEqual(expected);
});
