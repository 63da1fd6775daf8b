import { failure, type StatusError } from './errors';
import type { Kind } from './kinds';
import type { KubernetesObject } from './object';
import type { Answer } from './request';
import { Version } from './version';

/** What a client accepts: the objects as they are, or their metadata alone. */
export type Form = 'whole' | 'PartialObjectMetadata' | 'PartialObjectMetadataList';

const API_VERSION = 'meta.k8s.io/v1';

/**
 * The form that an Accept header asks for: that of its first media type that is known. Others are passed over, Table
 * too; when none is known the objects come whole. Weights (`q`) are not looked at. Rule: apiserver,
 * pkg/endpoints/handlers/negotiation.
 */
export function formOf(accept = ''): Form {
  for (const clause of accept.split(',')) {
    const [type = '', ...rest] = clause.split(';').map((part) => part.trim());
    if (!['application/json', 'application/*', '*/*'].includes(type)) continue;
    const { as, g, v } = Object.fromEntries(rest.map((parameter) => parameter.split('='))) as Target;
    if (as === undefined) return 'whole';
    if (`${g}/${v}` !== API_VERSION) continue;
    if (as === 'PartialObjectMetadata' || as === 'PartialObjectMetadataList') return as;
  }
  return 'whole';
}

interface Target {
  as?: string;
  g?: string;
  v?: string;
}

/** The answer in that form; a Status stays as it is. Throws 406 when a list is asked for as an object, or the reverse. */
export function inForm(form: Form, { kind }: Kind, answer: Answer): Answer {
  if (form === 'whole') return answer;
  const whole = answer.json === undefined ? answer.body : JSON.parse(answer.json);
  const { code } = answer;
  switch (whole?.kind) {
    case kind:
      return { code, body: metadataOf(whole, form) };
    case `${kind}List`: {
      if (form === 'PartialObjectMetadata') throw notAcceptable(form, `a list (${whole.kind})`);
      const items = whole.items.map((item: KubernetesObject) => metadataOf(item));
      return { code, body: { kind: form, apiVersion: API_VERSION, metadata: whole.metadata, items } };
    }
    default:
      return answer;
  }
}

/** The form of a watch's events. Throws 406 when it would be that of a list. */
export function formOfEvents(accept: string | undefined): Form {
  const form = formOf(accept);
  if (form === 'PartialObjectMetadataList') throw notAcceptable(form, 'not a list (WatchEvent)');
  return form;
}

/** What an event shows of a version in that form. */
export function versionIn(form: Form, version: Version): Version {
  return form === 'whole' ? version : new Version(metadataOf(version.object), version.resourceVersion);
}

function metadataOf({ kind, metadata }: KubernetesObject, form: Form = 'PartialObjectMetadata') {
  if (form === 'PartialObjectMetadataList') throw notAcceptable(form, `not a list (${kind})`);
  return { kind: 'PartialObjectMetadata', apiVersion: API_VERSION, metadata };
}

function notAcceptable(form: Form, what: string): StatusError {
  return failure(406, 'NotAcceptable', `you requested ${form}, but the requested object is ${what}`);
}
