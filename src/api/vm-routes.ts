import type { RequestHandler } from 'express';
import type { VmRef } from '../contract';
import { dryRun } from './clone-plan';
import type { ApiDeps } from './deps';
import { parsePath, parseQuery } from './parse';
import { Problem } from './problem';
import { RunningClones } from './running-clones';
import { clonePlanQuerySchema, listVmsQuerySchema, vmPathSchema } from './schemas';
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
    const { namespace, name } = parsePath(vmPathSchema, request);
    const row = await rows.one(namespace, name);
    if (!row) throw noSuchVm({ namespace, name });
    response.json(row);
  };

  const plan: RequestHandler = async (request, response) => {
    const vm = parsePath(vmPathSchema, request);
    const query = parseQuery(clonePlanQuerySchema, request);
    response.json(await dryRun({ ...deps, running }, vm, query));
  };

  return { list, get, plan };
}

function noSuchVm({ namespace, name }: VmRef): Problem {
  return new Problem('vm-not-found', `There is no VM ${namespace}/${name}.`);
}
