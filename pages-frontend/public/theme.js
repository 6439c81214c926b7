// Before the first paint: applies the chosen theme, and says which of the two prepared pages of index.html is meant, if any: the
// landing page, or the frame of the signed-in pages. A file of its own because inline scripts are forbidden.
try {
  if (location.pathname !== '/') {
    var inside = /^\/app(\/|$)/.test(location.pathname) && localStorage.getItem('driftlock.session') !== null;
    document.documentElement.dataset.elsewhere = inside ? 'app' : '';
  }
  var theme = localStorage.getItem('driftlock.theme');
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
} catch {
  // No storage: nobody is signed in, and the system's preference stands.
  if (location.pathname !== '/') document.documentElement.dataset.elsewhere = '';
}
