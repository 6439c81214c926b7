import { useQueryClient } from '@tanstack/react-query';
import { Confirm } from '@/components/ui/confirm';
import { useToast } from '@/components/ui/toast-context';
import { useApi } from '@/lib/api/client';
import { streamPath, type Stream } from '@/lib/api/streams';
import { formatCount } from '@/lib/format';
import { useOrganization } from '@/lib/organization';

interface DeleteStreamProps {
  stream: Stream;
  onClose: () => void;
  onDeleted?: () => void;
}

/** Asks for the stream's name before it is gone with its anomalies and what it has learnt. */
export function DeleteStream({ stream, onClose, onDeleted }: DeleteStreamProps) {
  const api = useApi();
  const org = useOrganization().id;
  const client = useQueryClient();
  const toast = useToast();
  const anomalies = stream.anomalies_seen ?? 0;
  return (
    <Confirm
      title="Delete this stream?"
      action="Delete the stream"
      typed={stream.stream}
      onClose={onClose}
      onConfirm={async () => {
        await api.send(streamPath(stream.stream), { method: 'DELETE' });
        client.setQueryData<Stream[]>(['streams', org], (all) =>
          all?.filter((each) => each.stream !== stream.stream),
        );
        void client.invalidateQueries({ queryKey: ['streams', org] });
        void client.invalidateQueries({ queryKey: ['anomalies', org] });
        toast.show({ message: `“${stream.stream}” is deleted.` });
        onDeleted?.();
      }}
    >
      <p>
        What it has learnt from {formatCount(stream.events_seen)} events goes
        {anomalies > 0 && `, and its ${formatCount(anomalies)} anomalies with it`}. Usage stays counted. This
        cannot be undone.
      </p>
      <p>Events that name it later begin it anew.</p>
    </Confirm>
  );
}
