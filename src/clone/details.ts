import type { CloneState, Phase } from '../contract';

/** What goes on in a phase, and what to look at when it does not end. */
const ADVICE: Readonly<Record<Phase, string>> = {
  Queued: 'Waits for its turn. The source is untouched.',
  Validating: 'Plans the clone. Nothing has been touched.',
  ShuttingDown:
    'The source is locked and shutting down. If it takes long: `kubectl get vmi` and the guest’s own console; it fails by itself at its deadline and gives the source back.',
  Copying:
    'The disks are being copied; percent, disks and stalls are in the heartbeat of `copyDisks`. If nothing moves: `kubectl describe datavolume` in the target’s namespace. Cancelling gives the source back.',
  RestartingSource:
    'Every disk is copied. The source gets its power state back; a cancel changes nothing any more.',
  Finishing: 'The source is back. The clone gets its last mark off and is started if that was asked for.',
  RollingBack:
    'The clone is being undone: target deleted, source given back, clean-up proved. **Do not terminate**: that would skip it. A pending activity shows what it waits for.',
  Completed: 'The clone is whole and the source is back.',
  Cancelled: 'Nothing of the clone is left and the source is as it was.',
  Failed: 'See the failure.',
};

/** Markdown for Temporal’s UI: where a clone stands, and what an operator can do. */
export function currentDetails({
  phase,
  source,
  target,
  requestedBy,
  cancelRequested,
  failure,
  warnings,
}: CloneState): string {
  return [
    `**${phase}** · \`${source.namespace}/${source.name}\` → \`${target.namespace}/${target.name}\`, asked for by ${requestedBy}`,
    ADVICE[phase],
    cancelRequested &&
      `Cancel asked for by ${cancelRequested.requestedBy}${cancelRequested.reason ? `: ${cancelRequested.reason}` : ''}`,
    failure && `Failure **${failure.type}**: ${failure.message}`,
    ...warnings.map(({ type, message }) => `Warning **${type}**: ${message}`),
  ]
    .filter(Boolean)
    .join('\n\n');
}
