// On the page that confirms a sign-up: takes session and first key into this tab's own storage and goes on in the
// dashboard, which reads them once (src/lib/welcome.ts). They are never part of an address.
const left = document.getElementById('welcome');
if (left) {
  sessionStorage.setItem('driftlock.welcome', left.textContent);
  location.replace('/welcome');
}
