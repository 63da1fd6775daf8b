// Before the first paint: the theme that was chosen, else the system's; and no motion for those who want none.
(() => {
  let chosen = null;
  try {
    chosen = localStorage.getItem('vm-clone.theme');
  } catch {
    // Storage may be forbidden.
  }
  const dark = chosen ? chosen === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
  const { classList } = document.documentElement;
  classList.toggle('pf-v6-theme-dark', dark);

  const still = matchMedia('(prefers-reduced-motion: reduce)');
  const obey = () => classList.toggle('pf-v6-m-no-motion', still.matches);
  still.addEventListener('change', obey);
  obey();
})();
