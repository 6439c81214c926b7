import { useQuery } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import { ErrorMessage } from '@/components/states';
import { Button } from '@/components/ui/button';
import { Field, Input, Select } from '@/components/ui/input';
import { useToast } from '@/components/ui/toast-context';
import { PLANS } from '@/config/plans';
import { useApi } from '@/lib/api/client';
import { explain } from '@/lib/api/explain';
import { cn } from '@/lib/cn';
import { canAdminister, useOrganization } from '@/lib/organization';
import { useTimes } from '@/lib/times';
import { DangerZone } from './danger-zone';
import { RedactionSettings } from './redaction';
import { CARD, PageHead, RowsSkeleton } from './section';
import { settingsQuery, useSettingsActions, type Settings, type SettingsPatch } from './settings-api';

interface SettingsPageProps {
  /** The organisation was deleted. */
  onDeleted: (name: string) => void;
}

export function SettingsPage({ onDeleted }: SettingsPageProps) {
  const api = useApi();
  const organization = useOrganization();
  const query = useQuery(settingsQuery(api, organization.id));
  const admin = canAdminister(organization);
  return (
    <>
      <PageHead
        title="Organisation"
        lead={admin ? 'What holds for everybody and every stream.' : 'Owners and admins can change this.'}
      />
      {query.isPending ? (
        <RowsSkeleton what="settings" />
      ) : !query.data ? (
        <ErrorMessage error={query.error} onRetry={() => void query.refetch()} />
      ) : admin ? (
        <SettingsForm settings={query.data} />
      ) : (
        <SettingsList settings={query.data} />
      )}
      {query.data && <RedactionSettings editable={admin} />}
      {query.data && admin && <DangerZone name={query.data.name} onDeleted={onDeleted} />}
    </>
  );
}

const planOf = (id: string) => PLANS.find((plan) => plan.id === id);

const SENSITIVITIES = [
  { value: 0.25, label: 'Strict' },
  { value: 0.5, label: 'Balanced' },
  { value: 0.75, label: 'Sensitive' },
] as const;

function nameOfSensitivity(value: number): string {
  const named = SENSITIVITIES.find((each) => each.value === value);
  return named ? `${value.toFixed(2)}, ${named.label.toLowerCase()}` : value.toFixed(2);
}

function SettingsForm({ settings }: { settings: Settings }) {
  const { change } = useSettingsActions();
  const toast = useToast();
  const [sensitivity, setSensitivity] = useState(settings.default_sensitivity);
  const [failure, setFailure] = useState<string | null>(null);
  const most = planOf(settings.plan)?.retention_days;

  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const days = String(form.get('retention')).trim();
    const patch = changed(settings, {
      name: String(form.get('name')).trim(),
      time_zone: String(form.get('zone')),
      default_sensitivity: sensitivity,
      retention_days: days === '' ? null : Number(days),
    });
    setFailure(null);
    if (Object.keys(patch).length === 0) return toast.show({ message: 'Nothing to save.' });
    try {
      await change.mutateAsync(patch);
      toast.show({ message: 'Saved.' });
    } catch (error) {
      setFailure(explain(error));
    }
  };

  return (
    <form className={cn(CARD, 'grid gap-5 p-4')} onSubmit={(event) => void submit(event)}>
      <div className="grid items-start gap-5 sm:grid-cols-2">
        <Field label="Name" htmlFor="org-name">
          <Input id="org-name" name="name" required maxLength={120} defaultValue={settings.name} />
        </Field>
        <Field label="Time zone" htmlFor="org-zone">
          <Select id="org-zone" name="zone" defaultValue={settings.time_zone}>
            {timeZones(settings.time_zone).map((zone) => (
              <option key={zone} value={zone}>
                {zone.replaceAll('_', ' ')}
              </option>
            ))}
          </Select>
          <p className="text-sm text-ink-3">Times are shown in it, to everybody.</p>
        </Field>
      </div>
      <Field label="Sensitivity of streams without their own" htmlFor="org-sensitivity">
        <div className="flex items-center gap-4">
          <input
            id="org-sensitivity"
            type="range"
            min="0"
            max="1"
            step="0.05"
            value={sensitivity}
            aria-valuetext={nameOfSensitivity(sensitivity)}
            onChange={(event) => setSensitivity(Number(event.target.value))}
            className="h-8 min-w-0 flex-1 accent-accent"
          />
          <output htmlFor="org-sensitivity" className="w-28 text-sm tabular-nums">
            {nameOfSensitivity(sensitivity)}
          </output>
        </div>
        <p className="text-sm text-ink-3">
          0 reports only the extreme, 1 anything unusual. Each stream can have its own.
        </p>
      </Field>
      <Field label="Days that anomalies are kept" htmlFor="org-retention">
        <Input
          id="org-retention"
          name="retention"
          type="number"
          inputMode="numeric"
          min={1}
          {...(most ? { max: most } : {})}
          defaultValue={settings.retention_days ?? ''}
          placeholder={most ? `${most}, as the plan allows` : ''}
          className="sm:w-56"
        />
        <p className="text-sm text-ink-3">
          {most
            ? `Up to ${most} on the ${planOf(settings.plan)?.name} plan. Empty: as long as the plan allows.`
            : 'Empty: as long as the plan allows.'}
        </p>
      </Field>
      <div className="flex flex-wrap items-center justify-end gap-3">
        <p role="alert" className="text-sm text-bad empty:hidden">
          {failure}
        </p>
        <Button type="submit" variant="primary" disabled={change.isPending}>
          {change.isPending ? 'Saving' : 'Save'}
        </Button>
      </div>
    </form>
  );
}

function SettingsList({ settings }: { settings: Settings }) {
  const times = useTimes();
  const plan = planOf(settings.plan);
  const days = settings.retention_days ?? plan?.retention_days;
  const rows = [
    ['Name', settings.name],
    ['Plan', plan?.name ?? settings.plan],
    ['Time zone', settings.time_zone],
    ['Sensitivity', nameOfSensitivity(settings.default_sensitivity)],
    ['Anomalies are kept', days ? `${days} days` : 'as long as the plan allows'],
    ['Since', times.date(settings.created_at)],
  ];
  return (
    <dl className={cn(CARD, 'grid grid-cols-[auto_minmax(0,1fr)] gap-x-6 gap-y-2 p-4')}>
      {rows.map(([name, value]) => (
        <div key={name} className="contents">
          <dt className="text-ink-3">{name}</dt>
          <dd className="wrap-anywhere">{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** Only what differs: a patch names what it changes. */
export function changed(settings: Settings, wished: Required<SettingsPatch>): SettingsPatch {
  const fields = Object.entries(wished).filter(
    ([field, value]) => (settings[field as keyof SettingsPatch] ?? null) !== value,
  );
  return Object.fromEntries(fields);
}

function timeZones(current: string): string[] {
  const known = Intl.supportedValuesOf('timeZone');
  return [...new Set(['UTC', current, ...known])].toSorted();
}
