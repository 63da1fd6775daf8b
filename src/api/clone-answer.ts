import { cancelAction } from '../clone/cancel';
import type { CloneView } from '../contract';
import { workflowLink } from '../temporal';
import type { CloneAnswer } from './answers';
import type { ApiDeps } from './deps';

/** Where a clone is found in the API. */
export function cloneUrl(id: string): string {
  return `/api/v1/clones/${id}`;
}

/** The view with what can be done with it and its links: to the API, and to the workflow in Temporal's UI. */
export function answerOf(
  view: CloneView,
  { config, temporal }: Pick<ApiDeps, 'config' | 'temporal'>,
): CloneAnswer {
  const { namespace } = temporal.options;
  const temporalUi = workflowLink({ base: config.temporalUiUrl, namespace, ...view });
  return {
    ...view,
    actions: { cancelCloning: cancelAction(view) },
    links: { self: cloneUrl(view.id), temporalUi },
  };
}
