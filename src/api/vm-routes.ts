import type { RequestHandler } from 'express';
import { dryRun } from './clone-plan';
import type { ApiDeps } from './deps';
import { noSuchVm } from './fresh-vm';
import { parsePath, parseQuery } from './parse';
import type { RunningClones } from './running-clones';
import { clonePlanQuerySchema, listVmsQuerySchema, vmPathSchema } from './schemas';
import { vmActionRoutes } from './vm-actions';
import { detailOf } from './vm-detail';
import { vmEditRoute } from './vm-edit';
import { vmPage } from './vm-page';
import type { VmRows } from './vm-rows';
import { nothingSchema } from './vm-schemas';

/** Handlers of `/vms`. */
export function vmRoutes(deps: ApiDeps & { running: RunningClones; rows: VmRows }) {
  const { running, rows } = deps;

  const list: RequestHandler = async (request, response) => {
    const query = parseQuery(listVmsQuerySchema, request);
    response.json(vmPage(await rows.all(), query));
  };

  const get: RequestHandler = async (request, response) => {
    const { namespace, name } = parsePath(vmPathSchema, request);
    parseQuery(nothingSchema, request);
    const row = await rows.one(namespace, name);
    const vm = deps.caches.virtualMachines.get(namespace, name);
    if (!row || !vm) throw noSuchVm({ namespace, name });
    const vmi = deps.caches.instances.get(namespace, name);
    response.json(await detailOf(deps.cluster, { vm, vmi, row }));
  };

  const plan: RequestHandler = async (request, response) => {
    const vm = parsePath(vmPathSchema, request);
    const query = parseQuery(clonePlanQuerySchema, request);
    response.json(await dryRun({ ...deps, running }, vm, query));
  };

  return { list, get, plan, edit: vmEditRoute(deps), ...vmActionRoutes(deps) };
}
