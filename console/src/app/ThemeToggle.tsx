import { Button } from '@patternfly/react-core';
import MoonIcon from '@patternfly/react-icons/dist/esm/icons/moon-icon';
import SunIcon from '@patternfly/react-icons/dist/esm/icons/sun-icon';
import { useState } from 'react';

const DARK = 'pf-v6-theme-dark';

/** Dark or light: the system's, until somebody chooses (public/theme.js sets it before the first paint). */
export function ThemeToggle() {
  const { classList } = document.documentElement;
  const [dark, setDark] = useState(classList.contains(DARK));
  const toggle = () => {
    classList.toggle(DARK, !dark);
    try {
      localStorage.setItem('vm-clone.theme', dark ? 'light' : 'dark');
    } catch {
      // It holds for this page.
    }
    setDark(!dark);
  };
  return (
    <Button
      variant="plain"
      aria-label={dark ? 'Light theme' : 'Dark theme'}
      icon={dark ? <SunIcon /> : <MoonIcon />}
      onClick={toggle}
    />
  );
}
