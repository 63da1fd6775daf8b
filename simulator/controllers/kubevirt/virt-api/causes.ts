import { failure, type StatusCause, type StatusError } from '../../../apiserver';

/** Causes beyond the tenth are only counted. */
const LISTED = 10;

/** The answer of a webhook that refuses: 422 with every cause (util/webhooks ToAdmissionResponse). */
export function denied(webhook: string, causes: StatusCause[]): StatusError {
  const listed = causes.slice(0, LISTED);
  const rest = causes.length - listed.length;
  const messages = listed.map(({ message }) => message).join(', ');
  const why = rest > 0 ? `${messages}, and ${rest} more validation errors` : messages;
  return failure(422, 'Invalid', `admission webhook "${webhook}" denied the request: ${why}`, {
    causes: listed,
  });
}

/** The answer of a webhook that fails over a request: 400 (util/webhooks ToAdmissionResponseError). */
export function deniedAsBad(webhook: string, why: string): StatusError {
  return failure(400, '', `admission webhook "${webhook}" denied the request: ${why}`);
}

export function invalidField(field: string, message: string): StatusCause {
  return { reason: 'FieldValueInvalid', message, field };
}

export function required(field: string, message: string): StatusCause {
  return { reason: 'FieldValueRequired', message, field };
}

/** The entry at `index` has the name of an earlier one. */
export function twice(path: string, entries: { name: string }[], index: number): StatusCause[] {
  const first = entries.findIndex(({ name }) => name === entries[index]?.name);
  if (first === index) return [];
  const message = `${path}[${index}] and ${path}[${first}] must not have the same Name.`;
  return [invalidField(`${path}[${index}].name`, message)];
}

const LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const SUBDOMAIN = `${LABEL}(\\.${LABEL})*`;

/** Why a text is no DNS label, in apimachinery's words (validation.IsDNS1123Label). */
export function labelFaults(text: string): string[] {
  return [
    ...longerThan(63, text),
    ...unlike(
      LABEL,
      text,
      `a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '${LABEL}')`,
    ),
  ];
}

/** Why a text is no DNS subdomain (validation.IsDNS1123Subdomain). */
export function subdomainFaults(text: string): string[] {
  return [
    ...longerThan(253, text),
    ...unlike(
      SUBDOMAIN,
      text,
      `a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '${SUBDOMAIN}')`,
    ),
  ];
}

function longerThan(length: number, text: string): string[] {
  return text.length > length ? [`must be no more than ${length} characters`] : [];
}

function unlike(pattern: string, text: string, message: string): string[] {
  return new RegExp(`^${pattern}$`).test(text) ? [] : [message];
}
