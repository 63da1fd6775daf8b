import { useEffect } from 'react';

/** Has a popover placed anew when what it shows has come: by itself it minds the window's size, not its content's. */
export function useReposition(content: unknown): void {
  const hasCome = content !== undefined;
  useEffect(() => {
    if (hasCome) window.dispatchEvent(new Event('resize'));
  }, [hasCome]);
}
