import { ApiError } from '../../../../src/kubernetes';
import {
  badRequest,
  conflict,
  forbidden,
  internalError,
  notFound,
  type StatusError,
} from '../../../apiserver';

/** virt-api names the resources of its errors in the singular. */
const VM = { group: 'kubevirt.io', plural: 'virtualmachine' };
const VMI = { group: 'kubevirt.io', plural: 'virtualmachineinstance' };

export const vmNotFound = (name: string) => notFound(VM, name);
export const vmiNotFound = (name: string) => notFound(VMI, name);
export const vmConflict = (name: string, why: string) => conflict(VM, name, why);
export const vmiConflict = (name: string, why: string) => conflict(VMI, name, why);
export const vmiForbidden = (name: string, why: string) => forbidden(VMI, name, why);
export const internal = (why: string): StatusError => internalError(why);

/** A refusal of virt-api's own write reaches its caller as 500, whatever it was. */
export async function asInternalError<R>(write: Promise<R>): Promise<R> {
  try {
    return await write;
  } catch (error) {
    if (error instanceof ApiError) throw internal(error.message);
    throw error;
  }
}

/** The options that were sent; none at all is fine. */
export function bodyOf(body: unknown): Record<string, unknown> {
  if (body === undefined || body === null) return {};
  if (typeof body === 'object' && !Array.isArray(body)) return body as Record<string, unknown>;
  throw badRequest(`Can not unmarshal Request body to struct, error: unexpected ${typeof body}`);
}
