import type { DialogProps } from './dialogs';
import { PowerDialog, type PowerWords } from './PowerDialog';

const WORDS: PowerWords = {
  verb: 'stop',
  action: 'Shut down',
  force: 'Force shut down',
  gently: 'will attempt to gracefully power off the virtual machine through the guest operating system.',
  forced: 'will immediately power off the virtual machine.',
  warning: 'Forcing the virtual machine to shut down could result in data loss.',
  asked: 'Shutting down',
  failed: 'The virtual machine was not shut down.',
};

export function ShutDownDialog(props: DialogProps) {
  return <PowerDialog {...props} words={WORDS} />;
}
