import { useRef } from 'react';
import type { CloneAnswer } from '../../../src/api/answers';
import { request, Unreachable } from '../api/http';
import { useSend } from '../dialogs/useSend';

export const FAILED = 'The clone was not started.';
/** Before what had no answer is sent once more, in milliseconds. */
const AGAIN_MS = 1_000;

/**
 * Asks for the clone. Whatever becomes of the answer, the same body from the same dialogue is one clone: it carries one
 * Idempotency-Key, so a request without an answer is sent once more, and the answer is to both.
 */
export function useCloneRequest(onAnswer: (clone: CloneAnswer) => void, onClose: () => void) {
  const keys = useRef(new Map<string, string>());
  return useSend({
    send: async (body: object) => {
      const text = JSON.stringify(body);
      const key = keys.current.get(text) ?? newKey();
      keys.current.set(text, key);
      const ask = () =>
        request<CloneAnswer>('/clones', { method: 'POST', body, headers: { 'idempotency-key': key } });
      try {
        return await ask();
      } catch (error) {
        if (!(error instanceof Unreachable)) throw error;
        await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
        return ask();
      }
    },
    onAnswer,
    onClose,
    failed: FAILED,
  });
}

/** `crypto.randomUUID` is there on secure origins alone. */
function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
