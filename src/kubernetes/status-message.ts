const WITHHELD = '(withheld)';
const LONGEST = 500;
/** More than that is not even looked at. */
const LONGEST_READ = 20_000;

/** What stands before a value in a field error (apimachinery: validation/field/errors.go). */
const BEFORE_VALUE = /(?<!\brequired) value:\s*|: Not found:\s*/gi;
/** What may follow one: the reason, the next field's error, the end of the list or of the message. */
const AFTER_VALUE = /:\s|:$|\](?=$|[\s,.:;])|,\s+\[?[\w.[\]"/()-]+:\s|\)?[\s.]*$/y;
const SCALAR = /(?:-?\d[\w.+-]*|true|false|null|nil|<nil>)/y;
/** JSON, or Go syntax with every text in quotes: its end can be told. */
const STRUCTURE =
  /(?:\{\s*["}]|\[\s*["{\]\d-]|(?:\[\]|map\[[\w.*/]+\]|[&*])*(?:interface \{\}|[\w.*/]*)[{(][^\n]?)/y;
/** Whole objects that a message shows for another reason: JSON, Go's ways to print, pieces of what was decoded. */
const DUMP =
  /(?:\{\s*\\*"|\{\w+:|\bmap\[[\w./-]+:|map\[[\w.*/]+\](?:interface \{\}|[\w.*/]+)\{|error found in #\d+ byte of )[\s\S]*$/;
const PARSED =
  /\b(pars(?:e|ing)(?: time)?|decod(?:e|ing)|unmarshal(?:ing)?) (["'`])(?:\\[\s\S]|(?!\2)[^\\])*(?:\2|$)/g;
const UNMARSHALLED = /\b(cannot unmarshal \w+) (?!into\b)[\s\S]+?(?= into\b|$)/g;

/**
 * What a Status says, fit for a log, a history and a stranger: without the values that it quotes (they may be a
 * VM's passwords), at most 500 characters long. Names of fields and objects stay. Where the end of a value can't
 * be told, nothing after it stays.
 */
export function withoutValues(message: string): string {
  const text = fieldErrors(message.slice(0, LONGEST_READ))
    .replace(DUMP, WITHHELD)
    .replace(PARSED, `$1 ${WITHHELD}`)
    .replace(UNMARSHALLED, `$1 ${WITHHELD}`);
  return text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text;
}

function fieldErrors(text: string): string {
  let out = '';
  let from = 0;
  for (const { index, 0: label } of text.matchAll(BEFORE_VALUE)) {
    const start = index + label.length;
    if (index < from || start === text.length) continue;
    out += `${text.slice(from, index)}${label.trimEnd()} ${WITHHELD}`;
    from = endOfValue(text, start);
  }
  return out + text.slice(from);
}

function endOfValue(text: string, start: number): number {
  if (/["'`]/.test(text.charAt(start))) return endOfQuoted(text, start);
  const scalar = match(SCALAR, text, start);
  if (scalar && match(AFTER_VALUE, text, start + scalar.length) !== undefined) return start + scalar.length;
  return match(STRUCTURE, text, start) ? endOfStructure(text, start) : text.length;
}

/** A quote that nothing follows which may follow a value was not escaped: the value goes on. */
function endOfQuoted(text: string, start: number): number {
  const quote = text[start];
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === '\\' && quote !== '`') at++;
    else if (text[at] === quote && match(AFTER_VALUE, text, at + 1) !== undefined) return at + 1;
  }
  return text.length;
}

function endOfStructure(text: string, start: number): number {
  let depth = 0;
  let quoted = false;
  for (let at = start; at < text.length; at++) {
    const char = text.charAt(at);
    if (quoted && char === '\\') at++;
    else if (char === '"') quoted = !quoted;
    else if (quoted) continue;
    else if (depth === 0 && at > start && match(AFTER_VALUE, text, at) !== undefined) return at;
    else if ('{[('.includes(char)) depth++;
    else if ('}])'.includes(char)) depth--;
  }
  return text.length;
}

function match(sticky: RegExp, text: string, at: number): string | undefined {
  sticky.lastIndex = at;
  return sticky.exec(text)?.[0];
}
