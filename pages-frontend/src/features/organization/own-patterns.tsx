// Regular expressions of the organisation's own, for personal data with a form that only it knows: its patient or order numbers.
import { Plus, X } from 'lucide-react';
import { useId } from 'react';
import { Button } from '@/components/ui/button';
import { Input } from '@/components/ui/input';
import type { Redaction } from './settings-api';

export const MOST_PATTERNS = 20;
const LONGEST = 200;

type Pattern = Redaction['patterns'][number];

interface OwnPatternsProps {
  patterns: readonly Pattern[];
  onChange: (patterns: Pattern[]) => void;
}

export function OwnPatterns({ patterns, onChange }: OwnPatternsProps) {
  const id = useId();
  const set = (index: number, part: Partial<Pattern>) =>
    onChange(patterns.map((each, at) => (at === index ? { ...each, ...part } : each)));
  return (
    <fieldset className="grid gap-2 text-sm">
      <legend className="mb-1 font-medium text-ink-2">Patterns of your own</legend>
      <p id={id} className="max-w-prose text-ink-3">
        Regular expressions, such as <code className="font-mono">PAT-\d{'{6}'}</code> named “patient”. What
        matches is masked like the rest.
      </p>
      {patterns.map((pattern, index) => (
        <div
          key={index}
          className="grid grid-cols-[minmax(0,1fr)_auto] gap-2 sm:grid-cols-[10rem_minmax(0,1fr)_auto]"
        >
          <Input
            aria-label={`Name of pattern ${index + 1}`}
            placeholder="name"
            value={pattern.name}
            maxLength={32}
            onChange={(event) => set(index, { name: event.target.value })}
          />
          <Input
            aria-label={`Regular expression of pattern ${index + 1}`}
            aria-describedby={id}
            placeholder="regular expression"
            className="col-span-2 row-start-2 font-mono sm:col-span-1 sm:row-start-auto"
            value={pattern.pattern}
            maxLength={LONGEST}
            spellCheck={false}
            autoCapitalize="off"
            onChange={(event) => set(index, { pattern: event.target.value })}
          />
          <Button
            variant="ghost"
            size="icon"
            aria-label={`Remove pattern ${pattern.name || index + 1}`}
            onClick={() => onChange(patterns.filter((_, at) => at !== index))}
          >
            <X aria-hidden />
          </Button>
        </div>
      ))}
      <div>
        <Button
          size="sm"
          disabled={patterns.length >= MOST_PATTERNS}
          onClick={() => onChange([...patterns, { name: '', pattern: '' }])}
        >
          <Plus aria-hidden /> Add a pattern
        </Button>
      </div>
    </fieldset>
  );
}
