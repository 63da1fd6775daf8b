import { ApiError } from './errors';
import { withoutValues } from './status-message';

/** Reads the `Status` object of an error answer; a proxy's answer may be anything. */
export function apiError(code: number, text: string, retryAfter?: string): ApiError {
  const { reason, message, details } = statusOf(text);
  const causes = Array.isArray(details?.causes) ? details.causes : [];
  return new ApiError(
    code,
    withoutValues(textOf(reason)),
    withoutValues(textOf(message)) || `HTTP ${code}`,
    retryAfter ? Number(retryAfter) || undefined : undefined,
    causes.map((cause) => ({
      reason: withoutValues(textOf(cause?.reason)),
      field: withoutValues(textOf(cause?.field)),
    })),
  );
}

interface StatusParts {
  reason?: unknown;
  message?: unknown;
  details?: { causes?: ({ reason?: unknown; field?: unknown } | null)[] } | null;
}

function statusOf(text: string): StatusParts {
  try {
    const status: unknown = JSON.parse(text);
    return typeof status === 'object' && status !== null ? status : {};
  } catch {
    return { message: text };
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
