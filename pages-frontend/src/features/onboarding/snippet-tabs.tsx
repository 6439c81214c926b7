import { Tabs } from 'radix-ui';
import { Copyable } from '@/components/copyable';
import { SNIPPETS, type SnippetValues } from './snippets';

/** One way to send events at a time. */
export function SnippetTabs({ url, apiKey, stream }: Omit<SnippetValues, 'key'> & { apiKey: string }) {
  const values = { url, key: apiKey, stream };
  return (
    <Tabs.Root defaultValue="curl">
      <Tabs.List aria-label="Ways to send events" className="flex flex-wrap gap-1">
        {SNIPPETS.map((snippet) => (
          <Tabs.Trigger
            key={snippet.id}
            value={snippet.id}
            className="h-8 rounded-md px-2.5 text-sm text-ink-2 hover:bg-sunken hover:text-ink data-[state=active]:bg-sunken data-[state=active]:font-medium data-[state=active]:text-ink"
          >
            {snippet.name}
          </Tabs.Trigger>
        ))}
      </Tabs.List>
      {SNIPPETS.map((snippet) => (
        <Tabs.Content key={snippet.id} value={snippet.id} className="mt-2" tabIndex={-1}>
          <Copyable text={snippet.text(values)} what={`${snippet.name} example`}>
            {snippet.where}
          </Copyable>
        </Tabs.Content>
      ))}
    </Tabs.Root>
  );
}
