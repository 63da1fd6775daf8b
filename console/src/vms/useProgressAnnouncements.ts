import { useEffect, useRef } from 'react';
import type { VmRow } from '../../../src/clone/status';
import { useAnnounce } from '../ui/Announcer';

/** In steps of so many percent: each single one would drown all else. */
const STEP = 25;

/** Tells those who can't see the list how far its clones have come. */
export function useProgressAnnouncements(rows: readonly VmRow[] | undefined): void {
  const announce = useAnnounce();
  const told = useRef(new Map<string, number>());
  useEffect(() => {
    for (const { cloneId, name, percent } of rows ?? []) {
      if (cloneId === undefined || percent === null) continue;
      const step = Math.floor(percent / STEP) * STEP;
      const before = told.current.get(cloneId);
      told.current.set(cloneId, step);
      if (before !== undefined && step > before) announce(`${name}: ${step}% cloned`);
    }
  }, [rows, announce]);
}
