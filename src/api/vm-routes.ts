import type { Request, RequestHandler } from 'express';
import type { VmRef } from '../contract';
import { dryRun } from './clone-plan';
import type { ApiDeps } from './deps';
import { parseQuery } from './parse';
import { Problem } from './problem';
import { RunningClones } from './running-clones';
import { clonePlanQuerySchema, labelSchema, listVmsQuerySchema, subdomainSchema } from './schemas';
import { vmPage } from './vm-page';
import { VmRows } from './vm-rows';

/** Handlers of `/vms`. */
export function vmRoutes(deps: ApiDeps) {
  const running = new RunningClones(deps.temporal, deps.now);
  const rows = new VmRows(deps.caches, running);

  const list: RequestHandler = async (request, response) => {
    const query = parseQuery(listVmsQuerySchema, request);
    response.json(vmPage(await rows.all(), query));
  };

  const get: RequestHandler = async (request, response) => {
    const { namespace, name } = vmOf(request);
    const row = await rows.one(namespace, name);
    if (!row) throw noSuchVm({ namespace, name });
    response.json(row);
  };

  const plan: RequestHandler = async (request, response) => {
    const query = parseQuery(clonePlanQuerySchema, request);
    response.json(await dryRun({ ...deps, running }, vmOf(request), query));
  };

  return { list, get, plan };
}

/** What can't be a VM's name is none: nothing is asked of the cluster by it. */
function vmOf(request: Request): VmRef {
  const { namespace, name } = request.params as { namespace: string; name: string };
  const known = labelSchema.safeParse(namespace).success && subdomainSchema.safeParse(name).success;
  if (!known) throw noSuchVm({ namespace, name });
  return { namespace, name };
}

function noSuchVm({ namespace, name }: VmRef): Problem {
  return new Problem('vm-not-found', `There is no VM ${namespace}/${name}.`);
}
