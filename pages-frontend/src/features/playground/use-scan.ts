// One file under the detector at a time; the next one ends it.
import { useEffect, useRef, useState } from 'react';
import type { DetectorThread } from '@/lib/detector/client';
import type { ScanProgress, ScanRequest, ScanResult } from '@/lib/detector/protocol';

export type Scan =
  | { is: 'idle' }
  | { is: 'running'; progress: ScanProgress }
  | { is: 'done'; result: ScanResult; name: string }
  | { is: 'failed'; why: string };

const NOTHING: ScanProgress = { events: 0, share: 0, anomalies: 0 };

export function useScan() {
  const [scan, setScan] = useState<Scan>({ is: 'idle' });
  const thread = useRef<DetectorThread>(undefined);
  const run = useRef(0);
  useEffect(() => () => thread.current?.close(), []);

  const stop = () => {
    run.current += 1;
    thread.current?.close();
    thread.current = undefined;
    setScan({ is: 'idle' });
  };
  const start = async (request: ScanRequest) => {
    const mine = ++run.current;
    const set = (next: Scan) => mine === run.current && setScan(next);
    thread.current?.close();
    set({ is: 'running', progress: NOTHING });
    try {
      const { DetectorThread } = await import('@/lib/detector/client');
      if (mine !== run.current) return;
      const own = new DetectorThread();
      thread.current = own;
      const result = await own.scan(request, (progress) => set({ is: 'running', progress }));
      set({ is: 'done', result, name: request.name ?? 'what you pasted' });
    } catch (error) {
      set({ is: 'failed', why: error instanceof Error ? error.message : String(error) });
    }
  };
  return { scan, start, stop };
}
