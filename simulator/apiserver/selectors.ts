import { badRequest } from './errors';
import { isObject, type KubernetesObject } from './object';

export type Predicate = (object: KubernetesObject) => boolean;

type Labels = Record<string, string>;
type LabelRequirement = (labels: Labels) => boolean;

const TOKEN = /\s*(notin\b|in\b|==|!=|[=!,()<>]|[A-Za-z0-9_./-]+)/y;

/**
 * The label selector grammar: `a=b`, `a==b`, `a!=b`, `a in (x,y)`, `a notin (x,y)`, `a`, `!a`, `a>1`, `a<1`,
 * joined by commas. `!=` and `notin` also match objects without the label.
 * Throws 400 for anything else. Rule: apimachinery, pkg/labels/selector.go.
 */
export function parseLabelSelector(text: string): Predicate {
  const requirements = new LabelSelectorParser(text).parse();
  if (requirements.length === 0) return () => true;
  return (object) => {
    const labels = object.metadata.labels ?? {};
    return requirements.every((requirement) => requirement(labels));
  };
}

class LabelSelectorParser {
  private readonly tokens: string[] = [];
  private next = 0;

  constructor(private readonly text: string) {
    let at = 0;
    const end = text.trimEnd().length;
    while (at < end) {
      TOKEN.lastIndex = at;
      const match = TOKEN.exec(text);
      if (!match) throw this.unparsable(`found '${text.slice(at).trim()}'`);
      this.tokens.push(match[1] as string);
      at = TOKEN.lastIndex;
    }
  }

  parse(): LabelRequirement[] {
    const requirements: LabelRequirement[] = [];
    while (this.next < this.tokens.length) {
      requirements.push(this.requirement());
      if (this.next === this.tokens.length) break;
      this.expect(',');
      if (this.next === this.tokens.length) throw this.unparsable("found '', expected: identifier after ','");
    }
    return requirements;
  }

  private requirement(): LabelRequirement {
    if (this.peek() === '!') {
      this.next += 1;
      const absent = this.word();
      return (labels) => !Object.hasOwn(labels, absent);
    }
    const key = this.word();
    const operator = this.peek();
    if (operator === undefined || operator === ',') return (labels) => Object.hasOwn(labels, key);
    this.next += 1;
    switch (operator) {
      case '=':
      case '==': {
        const value = this.optionalWord();
        return (labels) => Object.hasOwn(labels, key) && labels[key] === value;
      }
      case '!=': {
        const value = this.optionalWord();
        return (labels) => !Object.hasOwn(labels, key) || labels[key] !== value;
      }
      case 'in': {
        const values = this.set();
        return (labels) => Object.hasOwn(labels, key) && values.has(labels[key] as string);
      }
      case 'notin': {
        const values = this.set();
        return (labels) => !Object.hasOwn(labels, key) || !values.has(labels[key] as string);
      }
      case '>':
      case '<': {
        const bound = this.integer(this.word());
        const sign = operator === '>' ? 1 : -1;
        return (labels) => /^-?\d+$/.test(labels[key] ?? '') && sign * (Number(labels[key]) - bound) > 0;
      }
      default:
        throw this.unparsable(`found '${operator}', expected: in, notin, =, ==, !=, >, <`);
    }
  }

  private set(): Set<string> {
    this.expect('(');
    const values = new Set<string>([this.optionalWord()]);
    while (this.peek() === ',') {
      this.next += 1;
      values.add(this.optionalWord());
    }
    this.expect(')');
    return values;
  }

  private integer(word: string): number {
    if (!/^-?\d+$/.test(word))
      throw this.unparsable(`for 'Gt', 'Lt' operators, the value must be an integer`);
    return Number(word);
  }

  private word(): string {
    const word = this.optionalWord();
    if (word === '') throw this.unparsable(`found '${this.peek() ?? ''}', expected: identifier`);
    return word;
  }

  /** Values may be empty: `a=` and `a in (x,)` are good selectors. */
  private optionalWord(): string {
    const token = this.peek();
    if (token === undefined || /^[=!,()<>]/.test(token)) return '';
    this.next += 1;
    return token;
  }

  private expect(token: string): void {
    if (this.peek() !== token) throw this.unparsable(`found '${this.peek() ?? ''}', expected: '${token}'`);
    this.next += 1;
  }

  private peek(): string | undefined {
    return this.tokens[this.next];
  }

  private unparsable(why: string) {
    return badRequest(`unable to parse requirement "${this.text}": ${why}`);
  }
}

/** What a field selector asks for by equality of name: lets a watch be filed under one object. */
export interface FieldSelector {
  matches: Predicate;
  name?: string;
}

/**
 * A field selector: `metadata.name` and `metadata.namespace`, and what the kind lists in `fieldSelectors`;
 * operators `=`, `==`, `!=`. Throws 400 for any other field, as the server does for custom resources.
 */
export function parseFieldSelector(text: string, extraFields: readonly string[] = []): FieldSelector {
  const tests: Predicate[] = [];
  let name: string | undefined;
  for (const term of text.split(',').filter((part) => part.trim() !== '')) {
    const match = /^\s*([^=!\s]+)\s*(==|!=|=)\s*(.*?)\s*$/.exec(term);
    if (!match) throw badRequest(`invalid field selector: '${term}'; can't understand`);
    const [, field, operator, value] = match as unknown as [string, string, string, string];
    if (field !== 'metadata.name' && field !== 'metadata.namespace' && !extraFields.includes(field)) {
      throw badRequest(`field label not supported: ${field}`);
    }
    if (field === 'metadata.name' && operator !== '!=') name = value;
    const path = field.split('.');
    tests.push((object) => (fieldText(object, path) === value) === (operator !== '!='));
  }
  return { matches: (object) => tests.every((test) => test(object)), name };
}

function fieldText(object: KubernetesObject, path: string[]): string {
  let value: unknown = object;
  for (const segment of path) value = isObject(value) ? value[segment] : undefined;
  return value === undefined || value === null ? '' : String(value);
}
