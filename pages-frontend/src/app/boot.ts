// The first code of every page, and all that the landing page runs by itself: that page is complete without the application,
// which comes with the first sign that someone wants more than to read. Other pages begin it at once.
import './styles.css';
import { beginEarly } from '@/lib/early';
import { pause, whenIdle } from '@/lib/idle';

const SIGNS = ['pointerover', 'pointerdown', 'keydown', 'focusin', 'scroll'] as const;

/** Resolves with the first sign of a person. */
function someone(): Promise<void> {
  return new Promise((resolve) => {
    const onSign = () => {
      for (const sign of SIGNS) removeEventListener(sign, onSign, true);
      resolve();
    };
    for (const sign of SIGNS) addEventListener(sign, onSign, { capture: true, passive: true });
  });
}

/** True while a finger or button is down: what is pressed must still be there when it is let go. */
let pressed = false;
const press = (now: boolean) => () => void (pressed = now);
addEventListener('pointerdown', press(true), true);
for (const end of ['pointerup', 'pointercancel']) addEventListener(end, press(false), true);

async function letGo(): Promise<void> {
  // the click follows the release
  while (pressed) await new Promise((resolve) => setTimeout(resolve, 100));
}

/** Fetches what a prepared page names as its application (scripts/prerender.mjs), after what it is painted with. */
function fetchAhead(page: 'prerendered' | 'frame', rel: 'prefetch' | 'modulepreload'): void {
  for (const href of document.getElementById(page)?.dataset.ahead?.split(' ') ?? [])
    document.head.append(Object.assign(document.createElement('link'), { rel, href, fetchPriority: 'low' }));
}

async function boot(): Promise<void> {
  if (document.documentElement.dataset.elsewhere === undefined) {
    // The build, which wrote the page down, does not know where it is served from.
    for (const place of document.querySelectorAll('[data-origin]')) place.textContent = location.origin;
    addEventListener('load', () => whenIdle(() => fetchAhead('prerendered', 'prefetch')));
    await someone();
  } else {
    if (document.documentElement.dataset.elsewhere === 'app') fetchAhead('frame', 'modulepreload');
    beginEarly(location);
  }
  // One after the other, though they are fetched together: each in a task of its own, between which the browser paints and
  // answers the person.
  await import('react-dom/client');
  await pause();
  const { start } = await import('./main');
  await pause();
  await start(letGo);
}

void boot();
