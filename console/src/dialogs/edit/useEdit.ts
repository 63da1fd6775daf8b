import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { VmDetail } from '../../../../src/api/answers';
import { ApiProblem, refPath, request } from '../../api/http';
import { KEYS } from '../../api/queries';
import { useToast } from '../../toasts/Toasts';
import { useSend } from '../useSend';
import { changedFields, type EditInput, editOf, faultsOf, inputOf, rebase } from './vm-edit';

export const FAILED = 'The changes were not saved.';

interface Draft {
  /** The VM that the input is compared with, and whose version is handed in. */
  base: VmDetail;
  input: EditInput;
  /** The VM as it was before somebody else has changed it; set until one of the two was chosen. */
  before?: VmDetail;
}

/**
 * The form's state. It starts from the VM as it was read first and follows no later reading: what is typed stays. A
 * change of somebody else's shows when it is saved, as the API then refuses.
 */
export function useEdit(read: VmDetail, onClose: () => void) {
  const [draft, setDraft] = useState<Draft>({ base: read, input: inputOf(read) });
  const { base, input, before } = draft;
  const toast = useToast();
  const queries = useQueryClient();
  const { ask, isPending, error, reset } = useSend({
    send: async (asked: Draft) => {
      try {
        return await request<VmDetail>(`/vms/${refPath(asked.base)}`, {
          method: 'PATCH',
          body: { version: asked.base.version, ...editOf(asked.base, asked.input) },
        });
      } catch (problem) {
        const current = problem instanceof ApiProblem ? problem.document.current : undefined;
        if (current) {
          setDraft((now) => ({
            base: current,
            input: rebase(now.base, current, now.input),
            before: now.base,
          }));
        }
        throw problem;
      }
    },
    onAnswer: (answer) => {
      queries.setQueryData(KEYS.vm(answer), answer);
      void queries.invalidateQueries({ queryKey: KEYS.vms });
      toast({ variant: 'success', title: `The changes of ${answer.name} are saved.` });
    },
    onClose,
    failed: FAILED,
  });
  const isChanged = changedFields(base, input).length > 0;
  const faults = faultsOf(base, input);
  const isReady = isChanged && Object.keys(faults).length === 0 && !isPending;
  return {
    base,
    input,
    before,
    faults,
    isReady,
    isPending,
    /** A conflict is told of in its own words. */
    error: before ? undefined : error,
    change: (part: Partial<EditInput>) => setDraft((now) => ({ ...now, input: { ...now.input, ...part } })),
    save: () => {
      if (isReady) ask(draft);
    },
    dropOwn: () => {
      reset();
      setDraft({ base, input: inputOf(base) });
    },
  };
}
