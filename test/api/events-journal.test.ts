import { EventJournal } from '../../src/api/events-journal';

const gone = (name: string) => ({ namespace: 'demo', name });
const ALL = 1_000_000;

function journalOf(count: number, limits = {}): EventJournal {
  const journal = new EventJournal(limits);
  for (let n = 1; n <= count; n += 1) journal.publish('vm-gone', gone(`vm-${n}`));
  return journal;
}

const numbersIn = (text = '') => [...text.matchAll(/"name":"vm-(\d+)"/g)].map(([, n]) => Number(n));

test('an event goes over the wire with its id, its name and its data on one line', () => {
  const journal = journalOf(1);
  expect(journal.read(0, ALL)?.text).toBe(
    `id: ${journal.epoch}-1\nevent: vm-gone\ndata: {"namespace":"demo","name":"vm-1"}\n\n`,
  );
});

test('whoever has a place is told what came after it, once, in portions of whole events', () => {
  const journal = journalOf(10);
  expect(numbersIn(journal.read(7, ALL)?.text)).toEqual([8, 9, 10]);
  expect(journal.read(10, ALL)).toEqual({ text: '', place: 10 });
  const portion = journal.read(0, 100);
  expect(numbersIn(portion?.text)).toEqual([1, 2]);
  expect(portion?.place).toBe(2);
});

test.each([
  ['the latest', (e: string) => `${e}-10`, 10],
  ['the one before all that is kept', (e: string) => `${e}-6`, 6],
  ['older than what is kept', (e: string) => `${e}-5`, undefined],
  ['not yet told', (e: string) => `${e}-11`, undefined],
  ['of another epoch', () => '0123456789ab-8', undefined],
  ['without a number', (e: string) => e, undefined],
  ['with a number that is none', (e: string) => `${e}-8x`, undefined],
  ['with a number beyond all numbers', (e: string) => `${e}-99999999999999999999`, undefined],
  ['empty', () => '', undefined],
])('the place of an id that is %s', (_, idOf, place) => {
  const journal = journalOf(10, { mostEvents: 4 });
  expect(journal.placeOf(idOf(journal.epoch))).toBe(place);
});

test('keeps the last ones by count and by bytes, but always the latest', () => {
  const keptOf = (journal: EventJournal) =>
    Array.from({ length: 11 }, (_, place) => place).find((place) => journal.keeps(place));
  expect(keptOf(journalOf(10, { mostEvents: 3 }))).toBe(7);
  expect(keptOf(journalOf(9, { mostBytes: 250 }))).toBe(6);
  expect(keptOf(journalOf(9, { mostBytes: 1 }))).toBe(8);
  expect(numbersIn(journalOf(9, { mostBytes: 250 }).read(6, ALL).text)).toEqual([7, 8, 9]);
});
