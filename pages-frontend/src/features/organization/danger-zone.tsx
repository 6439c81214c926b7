import { useState } from 'react';
import { Button } from '@/components/ui/button';
import { Confirm } from '@/components/ui/confirm';
import { useToast } from '@/components/ui/toast-context';
import { useApi } from '@/lib/api/client';
import { explain } from '@/lib/api/explain';
import { cn } from '@/lib/cn';
import { useOrganization } from '@/lib/organization';
import { CARD } from './section';
import { downloadExport, useSettingsActions } from './settings-api';

/** Taking everything out, and ending it all. */
export function DangerZone({ name, onDeleted }: { name: string; onDeleted: (name: string) => void }) {
  const api = useApi();
  const owner = useOrganization().role === 'owner';
  const { remove } = useSettingsActions();
  const toast = useToast();
  const [exporting, setExporting] = useState(false);
  const [asking, setAsking] = useState(false);

  const save = async () => {
    setExporting(true);
    try {
      await downloadExport(api, name);
    } catch (error) {
      toast.show({ tone: 'error', message: explain(error) });
    }
    setExporting(false);
  };

  return (
    <section className="mt-8" aria-labelledby="data-title">
      <h2 id="data-title" className="text-lg">
        All data
      </h2>
      <div className={cn(CARD, 'mt-3 divide-y divide-line')}>
        <div className="flex flex-wrap items-center justify-between gap-3 p-4">
          <p className="max-w-prose min-w-0 flex-1 basis-72 text-ink-2">
            <span className="font-medium text-ink">Export.</span> Everything the organisation owns in one JSON
            file: anomalies with their evidence, streams, usage, people, keys without secrets, audit log.
          </p>
          <Button disabled={exporting} onClick={() => void save()}>
            {exporting ? 'Exporting' : 'Export'}
          </Button>
        </div>
        {owner && (
          <div className="flex flex-wrap items-center justify-between gap-3 p-4">
            <p className="max-w-prose min-w-0 flex-1 basis-72 text-ink-2">
              <span className="font-medium text-ink">Delete.</span> Nobody sees it any more, and its keys
              stop. It can be restored for 30 days; then it is gone.
            </p>
            <Button onClick={() => setAsking(true)}>Delete the organisation</Button>
          </div>
        )}
      </div>
      {asking && (
        <Confirm
          title={`Delete ${name}?`}
          action="Delete it"
          typed={name}
          onClose={() => setAsking(false)}
          onConfirm={async () => {
            await remove.mutateAsync(name);
            onDeleted(name);
          }}
        >
          <p>
            Its people see nothing of it any more and its keys stop within 60 seconds. You can restore it for
            30 days. Export it first if you may need the data.
          </p>
        </Confirm>
      )}
    </section>
  );
}
