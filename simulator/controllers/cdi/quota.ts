import { ApiError } from '../../../src/kubernetes';

/** True for the answer of the API server to what a ResourceQuota forbids (CDI pkg/controller/common/util.go). */
export function isQuotaExceeded(error: unknown): error is ApiError {
  return error instanceof ApiError && error.message.includes('exceeded quota:');
}
