import { useMutation } from '@tanstack/react-query';
import { useRef } from 'react';
import type { CloneAnswer } from '../../../src/api/answers';
import { request } from '../api/http';

/**
 * Asks for the clone. Whatever becomes of the answer, the same body from the same dialogue is one clone: it carries
 * one Idempotency-Key; and while it is under way nothing is sent again.
 */
export function useCloneRequest(onAsked: (clone: CloneAnswer) => void) {
  const keys = useRef(new Map<string, string>());
  const isUnderWay = useRef(false);
  const mutation = useMutation({
    mutationFn: (body: object) => {
      const text = JSON.stringify(body);
      const key = keys.current.get(text) ?? newKey();
      keys.current.set(text, key);
      return request<CloneAnswer>('/clones', { method: 'POST', body, headers: { 'idempotency-key': key } });
    },
    onSuccess: onAsked,
    onSettled: () => {
      isUnderWay.current = false;
    },
  });
  return {
    ...mutation,
    ask: (body: object) => {
      if (isUnderWay.current) return;
      isUnderWay.current = true;
      mutation.mutate(body);
    },
  };
}

/** `crypto.randomUUID` is there on secure origins alone. */
function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('');
}
