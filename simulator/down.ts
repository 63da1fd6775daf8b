import {
  type AdmissionFunctions,
  type ApiServer,
  failure,
  internalError,
  type Subresources,
} from './apiserver';

/** What the API server finds in place of an extension that doesn't answer. */
interface Extension {
  /** Whose webhooks those are: objects of the group can be deleted, but neither made nor changed. */
  group: string;
  service: string;
  subresources: readonly Subresources[];
}

/** Answers as the API server does while an extension is down; returns what ends that. */
export function extensionDown(apiServer: ApiServer, { group, service, subresources }: Extension): () => void {
  const admission: AdmissionFunctions = {
    mutating: [
      ({ kind, operation, subresource }) => {
        if (kind.group !== group || subresource !== '') return;
        if (operation !== 'CREATE' && operation !== 'UPDATE') return;
        const call = `failed to call webhook: Post "https://${service}.svc:443": connect: connection refused`;
        throw internalError(`failed calling webhook "${kind.plural}.${group}": ${call}`);
      },
    ],
  };
  const ends = [
    apiServer.addAdmission(admission),
    ...subresources.map((entry) => apiServer.addSubresources(unavailable(entry))),
  ];
  return () => {
    for (const end of ends) end();
  };
}

function unavailable(subresources: Subresources): Subresources {
  const handler = () => {
    throw failure(503, 'ServiceUnavailable', 'service unavailable');
  };
  const verbs = Object.keys(subresources.handlers);
  return { ...subresources, handlers: Object.fromEntries(verbs.map((verb) => [verb, handler])) };
}
