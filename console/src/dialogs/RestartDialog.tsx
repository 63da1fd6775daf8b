import type { DialogProps } from './dialogs';
import { PowerDialog, type PowerWords } from './PowerDialog';

const WORDS: PowerWords = {
  verb: 'restart',
  action: 'Restart',
  force: 'Force restart',
  gently:
    'will attempt to gracefully power off the virtual machine through the guest operating system, and then start it again.',
  forced: 'will immediately power off the virtual machine, and then start it again.',
  warning: 'Forcing the virtual machine to restart could result in data loss.',
  asked: 'Restarting',
  failed: 'The virtual machine was not restarted.',
};

export function RestartDialog(props: DialogProps) {
  return <PowerDialog {...props} words={WORDS} />;
}
