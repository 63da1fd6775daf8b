import { defineQuery, defineSignal } from '@temporalio/workflow';
import { CANCEL_SIGNAL, type CancelRequest, type CloneState, STATE_QUERY } from '../contract';

/** Asks a clone to stop and undo what it did. Without effect once every disk is copied and that is noted. */
export const cancelClone = defineSignal<[CancelRequest]>(CANCEL_SIGNAL);
export const getCloneState = defineQuery<CloneState>(STATE_QUERY);
