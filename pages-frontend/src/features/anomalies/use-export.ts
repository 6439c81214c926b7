import { useMutation } from '@tanstack/react-query';
import { useToast } from '@/components/ui/toast-context';
import { useApi } from '@/lib/api/client';
import { formatCount } from '@/lib/format';
import { download, MOST_EXPORTED, readAll, written, type Format } from './export';
import type { Filters } from './filters';

export function useExport(filters: Filters) {
  const api = useApi();
  const toast = useToast();
  return useMutation({
    mutationFn: async (format: Format) => {
      const all = await readAll(api, filters);
      download(written(all, format), format, `anomalies-${new Date().toISOString().slice(0, 10)}`);
      return all.length;
    },
    onSuccess: (count) =>
      toast.show({
        message:
          count < MOST_EXPORTED
            ? `Exported ${formatCount(count)}.`
            : `Exported the newest ${formatCount(count)}.`,
      }),
    onError: (error) => toast.show({ tone: 'error', message: `The export failed. ${error.message}` }),
  });
}
