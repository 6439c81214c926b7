// The detector's own thread.
import init, { course, Detector, replay } from 'cbad';
import { answer } from './engine';
import type { Ask, Reply } from './protocol';

interface Thread {
  onmessage: ((message: MessageEvent<Ask>) => void) | null;
  postMessage: (reply: Reply, transfer?: Transferable[]) => void;
}

const thread = globalThis as unknown as Thread;
const ready = init();

thread.onmessage = ({ data }) => {
  const post = (reply: Reply, transfer: Transferable[] = []) => thread.postMessage(reply, transfer);
  ready.then(
    () => answer(data, { Detector, replay, course }, post),
    () => post({ id: data.id, failed: 'the detector could not be loaded' }),
  );
};
