import { useMutation } from '@tanstack/react-query';
import { useToast } from '@/components/ui/toast-context';
import { useApi } from '@/lib/api/client';
import { formatCount } from '@/lib/format';
import type { Format } from './export';
import type { Filters } from './filters';

export function useExport(filters: Filters) {
  const api = useApi();
  const toast = useToast();
  return useMutation({
    mutationFn: async (format: Format) => {
      const { download, MOST_EXPORTED, readAll, written } = await import('./export');
      const all = await readAll(api, filters);
      download(written(all, format), format, `anomalies-${new Date().toISOString().slice(0, 10)}`);
      return { count: all.length, complete: all.length < MOST_EXPORTED };
    },
    onSuccess: ({ count, complete }) =>
      toast.show({
        message: complete ? `Exported ${formatCount(count)}.` : `Exported the newest ${formatCount(count)}.`,
      }),
    onError: (error) => toast.show({ tone: 'error', message: `The export failed. ${error.message}` }),
  });
}
