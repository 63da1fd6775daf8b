import type { IncomingHttpHeaders } from 'node:http';
import type { User } from './admission';
import { unauthorized } from './errors';

/** Who sends requests without a token. */
export const SYSTEM_ADMIN: User = {
  name: 'system:admin',
  groups: ['system:masters', 'system:authenticated'],
};

/**
 * The user of a request: by bearer token when tokens are given (an unknown one: 401), `system:admin` without one.
 * `Impersonate-User` and `Impersonate-Group` are honoured from anyone, as there is no RBAC.
 */
export function userOf(
  headers: IncomingHttpHeaders,
  tokens: Readonly<Record<string, User>> | undefined,
): User {
  const impersonated = headers['impersonate-user'];
  if (typeof impersonated === 'string') {
    const groups = [headers['impersonate-group'] ?? []].flat().flatMap((names) => names.split(/,\s*/));
    return { name: impersonated, groups: [...groups, 'system:authenticated'] };
  }
  const token = /^Bearer\s+(.+)$/i.exec(headers.authorization ?? '')?.[1];
  if (token === undefined || !tokens) return SYSTEM_ADMIN;
  if (!Object.hasOwn(tokens, token)) throw unauthorized();
  return tokens[token] as User;
}
