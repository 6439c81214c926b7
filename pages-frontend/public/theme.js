// Before the first paint: applies the chosen theme, and says whether the landing page, which index.html carries, is meant at
// all. A file of its own because inline scripts are forbidden.
if (location.pathname !== '/') document.documentElement.dataset.elsewhere = '';
try {
  var theme = localStorage.getItem('driftlock.theme');
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
} catch {
  // No storage: the system's preference stands.
}
