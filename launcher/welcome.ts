import { apiUrl } from './services';
import type { Settings } from './settings';

/** A running VM of the simulator's seed. */
const EXAMPLE = { namespace: 'demo', name: 'web-1' };

/** What a person needs once everything runs: links, the cluster, and a first clone to copy and paste. */
export function welcome(settings: Settings): string {
  const api = apiUrl(settings);
  const simulated = settings.cluster === 'simulator';
  const source = simulated ? EXAMPLE : { namespace: '<namespace>', name: '<vm>' };
  const body = JSON.stringify({ source, target: { name: `${source.name}-clone` } });
  return `
VM Clone is running.

  Console       ${api}/
  API docs      ${api}/api/v1/docs
  Temporal UI   ${settings.temporalUiUrl}
  Logs          ${settings.stateDir}/logs
${simulated ? clusterLines(settings) : ''}
Clone a running VM${simulated ? '' : ' (put in one of yours)'} and watch it:

  curl -sS ${api}/api/v1/clones -H 'content-type: application/json' -d '${body}'
  curl -sS ${api}/api/v1/clones/${source.namespace}/${source.name}-clone

Ctrl-C stops everything.
`;
}

function clusterLines({ kubeconfig }: Settings): string {
  return `
The simulated cluster, for kubectl:

  kubectl --kubeconfig ${kubeconfig} get vms -A
`;
}
