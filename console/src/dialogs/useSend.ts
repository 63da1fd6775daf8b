import { useMutation } from '@tanstack/react-query';
import { useCallback, useEffect, useRef } from 'react';
import { sentenceOf } from '../api/http';
import { useToast } from '../toasts/Toasts';

export interface Sending<Variables, Answer> {
  send: (variables: Variables) => Promise<Answer>;
  /** Of an answer that is no error, whether or not the dialogue is still there. */
  onAnswer: (answer: Answer, variables: Variables) => void;
  /** Closes the dialogue; called only while it is there. */
  onClose: () => void;
  /** Title of the toast that tells of an error when the dialogue was closed meanwhile. */
  failed: string;
}

/**
 * A dialogue's request. Never under way twice, however often a button is pressed before it is drawn as disabled. A
 * dialogue that is closed meanwhile takes nothing back: toasts say what became of it.
 */
export function useSend<Variables, Answer>({ send, onAnswer, onClose, failed }: Sending<Variables, Answer>) {
  const toast = useToast();
  const isShown = useRef(true);
  const isSending = useRef(false);
  useEffect(() => {
    isShown.current = true;
    return () => {
      isShown.current = false;
    };
  }, []);
  const { mutate, isPending, error, variables, reset } = useMutation({
    mutationFn: send,
    onSuccess: (answer, given) => {
      onAnswer(answer, given);
      if (isShown.current) onClose();
    },
    onError: (problem) => {
      if (!isShown.current) toast({ variant: 'danger', title: failed, body: sentenceOf(problem) });
    },
    onSettled: () => {
      isSending.current = false;
    },
  });
  const ask = useCallback(
    (given: Variables) => {
      if (isSending.current) return;
      isSending.current = true;
      mutate(given);
    },
    [mutate],
  );
  return { ask, isPending, error, variables, reset };
}
